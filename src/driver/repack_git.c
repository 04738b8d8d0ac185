/*
 * Packs by `git pack-objects`, in a child process on a bare repository made for it: packs copied
 * side by side, an empty configuration, nothing of the user's or the system's. What the child
 * writes to its standard output goes to the caller's sink.
 */
#include "driver/driver.h"
#include "driver/scratch.h"

#include "base/buf.h"
#include "base/host.h"
#include "base/vec.h"
#include "os/file.h"
#include "os/process.h"
#include "os/thread.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>

enum { STEP = 1 << 20, TICK_MS = 250, WINDOW_MEMORY_MB = 64 };

struct repack_git {
	struct repack repack;
	char *program, *folder;
	bool idle;
};

struct git_work {
	struct repack_work work;
	struct scratch scratch;
	VEC_OF(const char *) aside; /* --keep-pack=… */
	struct arena arena;
};

/* What the child says while it works: "Counting objects:  50% (1/2)\r". */
struct chatter {
	char line[256], last[256];
	size_t len;
	const char *stage;
	uint64_t done, all;
	char title[64];
};

static enum err step(struct ctx *c, struct repack_progress *progress, const struct chatter *said)
{
	TRY(ctx_check(c));
	return progress ? progress->step(c, progress, said->stage, said->done, said->all) : OK;
}

static enum err copy_file(struct ctx *c, const char *path, struct extent *from,
	struct repack_progress *progress, const struct chatter *said)
{
	FD fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0)
		return fail_errno(c, "create", path);
	for (uint64_t at = 0; at < from->size;) {
		size_t len = from->size - at < STEP ? (size_t)(from->size - at) : STEP;
		const uint8_t *bytes = NULL;
		TRY(step(c, progress, said));
		TRY(extent_window(c, from, at, len, &bytes));
		TRY_WHILE(c, fd_write_all(c, fd, bytes, len), "writing %s", path);
		at += len;
	}
	return OK;
}

static enum err write_file(struct ctx *c, const char *path, struct str text)
{
	struct extent_bytes bytes;
	extent_bytes_init(&bytes, text.at, text.len);
	return copy_file(c, path, &bytes.extent, NULL, NULL);
}

static enum err make_store(struct ctx *c, struct git_work *w)
{
	static const char *const folders[] = {"objects/pack", "objects/info", "refs"};
	const char *root = w->scratch.path;
	for (size_t i = 0; i < sizeof folders / sizeof *folders; i++)
		TRY(folder_make(c, arena_fmt(c->arena, "%s/%s", root, folders[i])));
	bool sha256 = w->work.algo == HASH_SHA256;
	const char *config =
		arena_fmt(c->arena, "[core]\n\trepositoryformatversion = %d\n\tbare = true\n%s",
			sha256, sha256 ? "[extensions]\n\tobjectformat = sha256\n" : "");
	TRY(write_file(c, arena_fmt(c->arena, "%s/config", root), str_of(config)));
	return write_file(c, arena_fmt(c->arena, "%s/HEAD", root), STR("ref: refs/heads/main\n"));
}

static void git_end(struct repack_work *self)
{
	struct git_work *w = (struct git_work *)self;
	scratch_close(&w->scratch);
	arena_done(&w->arena);
	host_free(w, sizeof *w);
}

static enum err git_begin(
	struct ctx *c, struct repack *self, enum hash_algo algo, struct repack_work **out)
{
	struct repack_git *r = (struct repack_git *)self;
	struct git_work *w = host_alloc(sizeof *w);
	*w = (struct git_work){.work = {self, algo}};
	arena_init(&w->arena);
	w->aside.arena = &w->arena;
	enum err err = scratch_open(c, r->folder, &w->scratch);
	if (!err)
		err = make_store(c, w);
	if (err)
		git_end(&w->work);
	else
		*out = &w->work;
	return err;
}

static enum err git_add(struct ctx *c, struct repack_work *self, const struct repack_pack *pack,
	bool aside, struct repack_progress *progress)
{
	struct git_work *w = (struct git_work *)self;
	const struct chatter said = {.stage = "Copying packs"};
	const char *base =
		arena_fmt(c->arena, "%s/objects/pack/pack-%s", w->scratch.path, pack->name);
	const char *idx = arena_fmt(c->arena, "%s.idx", base);
	if (access(idx, F_OK) != 0) {
		TRY(copy_file(
			c, arena_fmt(c->arena, "%s.pack", base), pack->bytes, progress, &said));
		TRY(copy_file(c, idx, pack->idx, progress, &said));
	}
	if (aside)
		*vec_push(&w->aside) = arena_fmt(&w->arena, "--keep-pack=pack-%s.pack", pack->name);
	return OK;
}

static void say_line(struct chatter *said)
{
	struct str rest = str_trim(str_from(said->line, said->len)), numbers;
	said->len = 0;
	if (!rest.len)
		return;
	fmt_into(said->last, sizeof said->last, "%.*s", STR_FMT(rest));
	struct str title = str_cut(&rest, ':');
	(void)str_cut(&rest, '(');
	numbers = str_cut(&rest, ')');
	struct str done = str_cut(&numbers, '/');
	if (str_to_u64(done, &said->done) && str_to_u64(numbers, &said->all)) {
		fmt_into(said->title, sizeof said->title, "%.*s", STR_FMT(title));
		said->stage = said->title;
	}
}

static void say(struct chatter *said, const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (text[i] == '\r' || text[i] == '\n')
			say_line(said);
		else if (said->len < sizeof said->line)
			said->line[said->len++] = text[i];
	}
}

/* Takes what there is; at the end the descriptor is closed and becomes -1. */
static enum err take(struct ctx *c, int *fd, struct sink *to, struct chatter *said)
{
	char bytes[64 << 10];
	ssize_t got = read(*fd, bytes, sizeof bytes);
	if (got < 0 && (errno == EAGAIN || errno == EINTR))
		return OK;
	if (got < 0)
		return fail(c, ERR_IO, "reading from git: %s", strerrordesc_np(errno));
	if (got == 0) {
		close(*fd);
		*fd = -1;
	} else if (to) {
		return sink_write(c, to, bytes, (size_t)got);
	} else {
		say(said, bytes, (size_t)got);
	}
	return OK;
}

static enum err follow(
	struct ctx *c, struct process *child, const struct repack_wish *wish, struct chatter *said)
{
	while (child->out >= 0 || child->err >= 0) {
		struct pollfd fds[] = {
			{.fd = child->out, .events = POLLIN}, {.fd = child->err, .events = POLLIN}};
		if (poll(fds, 2, TICK_MS) < 0 && errno != EINTR)
			return fail(c, ERR_IO, "waiting for git: %s", strerrordesc_np(errno));
		TRY(step(c, wish->progress, said));
		if (fds[0].revents)
			TRY(take(c, &child->out, wish->to, said));
		if (fds[1].revents)
			TRY(take(c, &child->err, NULL, said));
	}
	return OK;
}

static enum err run_git(struct ctx *c, struct git_work *w, const struct repack_wish *wish, int in)
{
	const struct repack_git *r = (const struct repack_git *)w->work.repack;
	VEC_OF(const char *) argv = {.arena = c->arena};
	const char *fixed[] = {"git", "-c", "core.multiPackIndex=false", "-c",
		"core.commitGraph=false", "-c", "core.bigFileThreshold=64m", "-c",
		"pack.deltaCacheSize=64m", "pack-objects", "--revs", "--stdout",
		"--delta-base-offset", "--no-reuse-delta", "--all-progress",
		arena_fmt(c->arena, "--threads=%d", r->idle ? 1 : thread_cores()),
		arena_fmt(c->arena, "--window-memory=%dm", WINDOW_MEMORY_MB)};
	for (size_t i = 0; i < sizeof fixed / sizeof *fixed; i++)
		*vec_push(&argv) = fixed[i];
	for (size_t i = 0; i < w->aside.len; i++)
		*vec_push(&argv) = w->aside.at[i];
	*vec_push(&argv) = NULL;
	static const char *const environment[] = {"GIT_DIR=.", "HOME=.", "GIT_CONFIG_NOSYSTEM=1",
		"GIT_CONFIG_SYSTEM=/dev/null", "GIT_CONFIG_GLOBAL=/dev/null",
		"GIT_NO_REPLACE_OBJECTS=1", "LC_ALL=C", "PATH=/usr/bin:/bin", NULL};
	const struct process_start start = {
		.program = r->program,
		.argv = argv.at,
		.environment = environment,
		.folder = w->scratch.path,
		.in = in,
		.idle = r->idle,
	};
	struct chatter said = {.stage = "Starting git"};
	PROCESS child = PROCESS_NONE;
	int status = 0;
	TRY(process_start(c, &start, &child));
	TRY(follow(c, &child, wish, &said));
	TRY(process_wait(c, &child, &status));
	if (status)
		return fail(c, status < 128 ? ERR_UNAVAILABLE : ERR_CORRUPT,
			"git pack-objects ended with %d: %s", status, said.last);
	return OK;
}

/*
 * The tips for git to read, and as tags: from the first tagged commit on, git puts commits first, then
 * trees, then the rest, so that what a filter leaves out lies together.
 */
static enum err write_tips(struct ctx *c, struct git_work *w, const struct repack_wish *wish)
{
	const char *path = arena_fmt(c->arena, "%s/tips", w->scratch.path);
	const char *tags = arena_fmt(c->arena, "%s/packed-refs", w->scratch.path);
	struct arena_mark mark = arena_mark(c->arena);
	struct buf lines = {.arena = c->arena}, refs = {.arena = c->arena};
	for (size_t i = 0; i < wish->tip_count; i++) {
		char hex[OID_HEX_MAX];
		buf_fmt(&lines, "%s\n", oid_hex(&wish->tips[i], hex));
		buf_fmt(&refs, "%s refs/tags/%zu\n", hex, i);
	}
	unlink(path);
	unlink(tags);
	TRY(write_file(c, path, buf_view(&lines)));
	TRY(write_file(c, tags, buf_view(&refs)));
	arena_rewind(c->arena, mark);
	return OK;
}

static enum err git_write(struct ctx *c, struct repack_work *self, const struct repack_wish *wish)
{
	struct git_work *w = (struct git_work *)self;
	const char *path = arena_fmt(c->arena, "%s/tips", w->scratch.path);
	TRY(write_tips(c, w, wish));
	FD in = open(path, O_RDONLY | O_CLOEXEC);
	if (in < 0)
		return fail_errno(c, "open", path);
	return run_git(c, w, wish, in);
}

static void git_close(struct repack *self)
{
	struct repack_git *r = (struct repack_git *)self;
	host_free(r->program, strlen(r->program) + 1);
	host_free(r->folder, strlen(r->folder) + 1);
	host_free(r, sizeof *r);
}

static const struct repack_ops git_ops = {
	.begin = git_begin,
	.add = git_add,
	.write = git_write,
	.end = git_end,
	.close = git_close,
};

static char *keep_text(const char *text)
{
	size_t size = strlen(text) + 1;
	return memcpy(host_alloc(size), text, size);
}

enum err repack_git_open(struct ctx *c, const char *folder, bool idle, struct repack **out)
{
	*out = NULL;
	const char *program = process_find(c, "git");
	if (!program)
		return OK;
	TRY(scratch_tidy(c, folder));
	struct repack_git *r = host_alloc(sizeof *r);
	*r = (struct repack_git){{&git_ops}, keep_text(program), keep_text(folder), idle};
	*out = &r->repack;
	return OK;
}
