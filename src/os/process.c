#include "os/process.h"

#include "base/buf.h"
#include "os/file.h"
#include "os/signal.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>

enum { EXEC_FAILED = 127, IOPRIO_IDLE = 3 << 13, IOPRIO_WHO_PROCESS = 1, NICE_LEAST = 19 };

struct pipes {
	int in, out[2], err[2];
	pid_t parent;
};

/* What may fail of this makes the child ruder, not wrong. */
static void be_idle(void)
{
	struct sched_param none = {0};
	setpriority(PRIO_PROCESS, 0, NICE_LEAST);
	sched_setscheduler(0, SCHED_IDLE, &none);
	syscall(SYS_ioprio_set, IOPRIO_WHO_PROCESS, 0, IOPRIO_IDLE);
}

/* Between fork and exec of a process with threads: nothing but system calls. */
_Noreturn static void child(const struct process_start *start, const struct pipes *pipes)
{
	struct rlimit no_core = {0, 0};
	signal_reset();
	setpgid(0, 0);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != pipes->parent)
		_exit(EXEC_FAILED);
	setrlimit(RLIMIT_CORE, &no_core);
	if (start->idle)
		be_idle();
	if (dup2(pipes->in, 0) == 0 && dup2(pipes->out[1], 1) == 1 && dup2(pipes->err[1], 2) == 2 &&
		close_range(3, ~0U, 0) == 0 && chdir(start->folder) == 0)
		execve(start->program, (char *const *)(uintptr_t)start->argv,
			(char *const *)(uintptr_t)start->environment);
	_exit(EXEC_FAILED);
}

static void close_pair(int pair[2])
{
	for (int i = 0; i < 2; i++) {
		if (pair[i] >= 0)
			close(pair[i]);
	}
}

static enum err open_pipes(struct ctx *c, struct pipes *pipes)
{
	if (pipe2(pipes->out, O_CLOEXEC) != 0 || pipe2(pipes->err, O_CLOEXEC) != 0)
		return fail(c, ERR_UNAVAILABLE, "no pipe for a child: %s", strerrordesc_np(errno));
	fcntl(pipes->out[0], F_SETFL, O_NONBLOCK);
	fcntl(pipes->err[0], F_SETFL, O_NONBLOCK);
	return OK;
}

static enum err start_with(
	struct ctx *c, const struct process_start *start, struct pipes *pipes, struct process *out)
{
	TRY(open_pipes(c, pipes));
	pid_t pid = fork();
	if (pid == 0)
		child(start, pipes);
	if (pid < 0)
		return fail(c, ERR_UNAVAILABLE, "cannot start %s: %s", start->program,
			strerrordesc_np(errno));
	setpgid(pid, pid);
	*out = (struct process){.pid = pid, .out = pipes->out[0], .err = pipes->err[0]};
	pipes->out[0] = pipes->err[0] = -1;
	return OK;
}

enum err process_start(struct ctx *c, const struct process_start *start, struct process *out)
{
	FD nothing = start->in < 0 ? open("/dev/null", O_RDONLY | O_CLOEXEC) : -1;
	struct pipes pipes = {.in = start->in < 0 ? nothing : start->in,
		.out = {-1, -1},
		.err = {-1, -1},
		.parent = getpid()};
	enum err err = start_with(c, start, &pipes, out);
	close_pair(pipes.out);
	close_pair(pipes.err);
	return err;
}

enum err process_wait(struct ctx *c, struct process *p, int *status)
{
	int how = 0;
	pid_t got;
	while ((got = waitpid(p->pid, &how, 0)) < 0 && errno == EINTR)
		;
	p->pid = 0;
	if (got < 0)
		return fail(c, ERR_IO, "lost sight of a child: %s", strerrordesc_np(errno));
	*status = WIFSIGNALED(how) ? 128 + WTERMSIG(how) : WEXITSTATUS(how);
	return OK;
}

void process_end(struct process *p)
{
	if (p->pid > 0) {
		kill(-p->pid, SIGKILL);
		kill(p->pid, SIGKILL);
		while (waitpid(p->pid, NULL, 0) < 0 && errno == EINTR)
			;
	}
	if (p->out >= 0)
		close(p->out);
	if (p->err >= 0)
		close(p->err);
	*p = (struct process)PROCESS_NONE;
}

const char *process_find(struct ctx *c, const char *program)
{
	static const char *const folders[] = {"/usr/local/bin", "/usr/bin", "/bin"};
	for (size_t i = 0; i < sizeof folders / sizeof *folders; i++) {
		const char *path = arena_fmt(c->arena, "%s/%s", folders[i], program);
		if (access(path, X_OK) == 0)
			return path;
	}
	return NULL;
}
