/*
 * Runs git http-backend and writes what it cost, with all its children, as one line
 * "microseconds of CPU, KiB that the largest of them had resident" to the end of $METER_LOG.
 * The bench puts it between fcgiwrap and git where the kernel gives no other account.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

static long microseconds(struct timeval t)
{
	return t.tv_sec * 1000000L + t.tv_usec;
}

int main(int argc, char **argv)
{
	const char *program = argc > 1 ? argv[1] : getenv("METER_PROGRAM");
	const char *log = getenv("METER_LOG");
	struct rusage use;
	char line[64];
	int status = 0;
	if (!program || !log)
		return 127;
	/* fcgiwrap ignores SIGCHLD, and who ignores it is never told what a child used. */
	signal(SIGCHLD, SIG_DFL);
	pid_t child = fork();
	if (child == 0) {
		execl(program, program, (char *)NULL);
		_exit(127);
	}
	if (child < 0 || waitpid(child, &status, 0) < 0 || getrusage(RUSAGE_CHILDREN, &use) < 0)
		return 126;
	int size = snprintf(line, sizeof line, "%ld %ld\n",
		microseconds(use.ru_utime) + microseconds(use.ru_stime), use.ru_maxrss);
	int fd = open(log, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
	if (fd < 0 || write(fd, line, (size_t)size) != size)
		return 126;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}
