#include "os/signal.h"

#include <errno.h>
#include <signal.h>
#include <sys/resource.h>
#include <time.h>

static sigset_t held_signals(void)
{
	sigset_t set;
	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGHUP);
	return set;
}

void signal_init(void)
{
	sigset_t set = held_signals();
	pthread_sigmask(SIG_BLOCK, &set, NULL);
	signal(SIGPIPE, SIG_IGN);
}

int signal_wait(void)
{
	sigset_t set = held_signals();
	for (;;) {
		int number = sigwaitinfo(&set, NULL);
		if (number > 0)
			return number;
	}
}

int signal_wait_for(int milliseconds)
{
	sigset_t set = held_signals();
	struct timespec time = {milliseconds / 1000, milliseconds % 1000 * 1000000L};
	int number = sigtimedwait(&set, NULL, &time);
	return number > 0 ? number : 0;
}

void signal_reset(void)
{
	sigset_t set = held_signals();
	pthread_sigmask(SIG_UNBLOCK, &set, NULL);
	signal(SIGPIPE, SIG_DFL);
}

long limit_raise_files(void)
{
	struct rlimit limit;
	if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
		return -1;
	if (limit.rlim_cur < limit.rlim_max) {
		rlim_t had = limit.rlim_cur;
		limit.rlim_cur = limit.rlim_max;
		if (setrlimit(RLIMIT_NOFILE, &limit) != 0)
			limit.rlim_cur = had;
	}
	return limit.rlim_cur == RLIM_INFINITY ? 1L << 30 : (long)limit.rlim_cur;
}
