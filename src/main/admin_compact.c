#include "core/compact.h"
#include "core/repo.h"
#include "main/admin.h"
#include "meta/repo.h"

#include <stdio.h>
#include <unistd.h>

enum { PAGE = 100, BAR = 30, SHOW_MICROSECONDS = 100000 };

struct show {
	bool terminal;
	int64_t next; /* when to show something again */
};

static void clear_line(const struct show *s)
{
	if (s->terminal)
		fprintf(stderr, "\r\033[K");
}

/* "hello: Compressing objects [=====>        ] 38%" */
static enum err show_progress(
	struct ctx *c, void *arg, struct str repo, const char *stage, uint64_t done, uint64_t all)
{
	struct show *s = arg;
	char bar[BAR + 1];
	int64_t now = c->world->monotonic();
	if (!s->terminal || now < s->next)
		return OK;
	s->next = now + SHOW_MICROSECONDS;
	fprintf(stderr, "\r\033[K%.*s: %s", STR_FMT(repo), stage);
	if (!all)
		return OK;
	size_t full = (size_t)(done < all ? done * BAR / all : BAR);
	for (size_t i = 0; i < BAR; i++)
		bar[i] = i < full ? '=' : i == full ? '>' : ' ';
	bar[BAR] = 0;
	fprintf(stderr, " [%s] %llu%%", bar, (unsigned long long)(full * 100 / BAR));
	return OK;
}

static const char *packs(struct ctx *c, size_t count, uint64_t bytes)
{
	return arena_fmt(c->arena, "%s of %llu bytes", admin_count(c, count, "pack", "packs"),
		(unsigned long long)bytes);
}

static void tell(struct ctx *c, const struct compact_run *run, struct str repo)
{
	const char *before = packs(c, run->packs_before, run->bytes_before);
	if (run->kind == COMPACT_NOTHING)
		print("%.*s: nothing to do for %s.\n", STR_FMT(repo), before);
	else
		print("%.*s: %s became %s.\n", STR_FMT(repo), before,
			packs(c, run->packs_after, run->bytes_after));
	if (run->dropped)
		print("%.*s: %s that nothing used any more left out.\n", STR_FMT(repo),
			admin_count(c, run->dropped, "object", "objects"));
	fflush(stdout);
}

static enum err compact_one(struct ctx *c, struct compact_run *run, const struct repo *repo)
{
	struct arena_mark mark = arena_mark(c->arena);
	enum err err = compact_repo(c, run, repo);
	clear_line(run->arg);
	if (err)
		return fail_while(c, err, "compacting %.*s", STR_FMT(repo->name));
	tell(c, run, repo->name);
	arena_rewind(c->arena, mark);
	return OK;
}

static enum err compact_all(struct ctx *c, struct admin *admin, struct compact_run *run)
{
	struct compact_swept n;
	struct meta_repo_page page = {.limit = PAGE};
	for (size_t count = PAGE; count == PAGE;) {
		struct repo *repos;
		DB_TX *tx = NULL;
		TRY(db_begin(c, admin->core.db, DB_READ, &tx));
		TRY(meta_repo_list(c, tx, &page, &repos, &count));
		db_rollback(&tx);
		for (size_t i = 0; i < count; i++)
			TRY(compact_one(c, run, &repos[i]));
		if (count)
			page.after = repos[count - 1].name;
	}
	TRY(compact_sweep(c, &admin->core, &n));
	if (n.repos)
		print("%s past their time gone for good.\n",
			admin_count(c, n.repos, "deleted repository", "deleted repositories"));
	if (n.packs || n.blobs)
		print("%s and %s past their time deleted.\n",
			admin_count(c, n.packs, "retired pack", "retired packs"),
			admin_count(c, n.blobs, "forgotten file", "forgotten files"));
	return OK;
}

enum err admin_compact(struct ctx *c, struct admin *admin)
{
	struct str name = admin_argument(admin, "REPO");
	struct show show = {.terminal = isatty(STDERR_FILENO)};
	struct compact_run run = {
		.core = &admin->core,
		.full = admin_flag(admin, "--full"),
		.progress = show_progress,
		.arg = &show,
	};
	struct repo repo;
	if (!name.len)
		return compact_all(c, admin, &run);
	TRY(repo_get(c, &admin->core, &admin->owner, name, &repo, NULL));
	return compact_one(c, &run, &repo);
}
