#include "core/fsck.h"
#include "core/repo.h"
#include "main/admin.h"

#include <stdio.h>
#include <unistd.h>

struct show {
	bool terminal;
};

static void clear_line(const struct show *s)
{
	if (s->terminal)
		fprintf(stderr, "\r\033[K");
}

static void show_problem(void *arg, struct str repo, const char *what)
{
	clear_line(arg);
	print("%.*s: %s\n", STR_FMT(repo), what);
}

static void show_progress(void *arg, struct str repo, uint64_t done, uint64_t all)
{
	const struct show *s = arg;
	if (s->terminal)
		fprintf(stderr, "\r\033[K%.*s: object %llu of %llu", STR_FMT(repo),
			(unsigned long long)done, (unsigned long long)all);
}

static void tell(struct ctx *c, const struct fsck_run *run)
{
	print("%s, %s, %s, %s, %llu bytes checked.\n",
		admin_count(c, run->repos, "repository", "repositories"),
		admin_count(c, run->refs, "ref", "refs"),
		admin_count(c, run->packs, "pack", "packs"),
		admin_count(c, run->objects, "object", "objects"), (unsigned long long)run->bytes);
	if (run->orphans)
		print("%s of %llu bytes belong to nothing, as a push that was cut off leaves them; "
		      "%zu removed.\n",
			admin_count(c, run->orphans, "file", "files"),
			(unsigned long long)run->orphan_bytes, run->pruned);
}

enum err admin_fsck(struct ctx *c, struct admin *admin)
{
	struct str name = admin_argument(admin, "REPO");
	struct show show = {!admin_flag(admin, "--quiet") && isatty(STDERR_FILENO)};
	struct fsck_run run = {.core = &admin->core,
		.problem = show_problem,
		.progress = show_progress,
		.arg = &show,
		.prune = admin_argument(admin, "--prune").len > 0};
	TRY(admin_seconds(c, admin, "--prune", 0, &run.prune_age));
	if (name.len) {
		struct repo repo;
		TRY(repo_get(c, &admin->core, &admin->owner, name, &repo, NULL));
		TRY(fsck_repo(c, &run, &repo));
	} else {
		TRY(fsck_instance(c, &run));
	}
	clear_line(&show);
	if (!admin_flag(admin, "--quiet"))
		tell(c, &run);
	if (run.problems)
		return fail(c, ERR_DAMAGED, "%zu things are damaged", run.problems);
	return OK;
}
