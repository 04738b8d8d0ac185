/* The audit log for who runs the machine. */
#include "base/date.h"
#include "base/hex.h"
#include "core/audit_read.h"
#include "main/admin.h"

#include <stdio.h>
#include <unistd.h>

enum { LIMIT = 30, SECOND_US = 1000000 };

static void print_entry(const struct audit *entry)
{
	char time[24];
	date_rfc3339(entry->time / SECOND_US, time);
	print("%-20s  %-16.*s  %-16.*s  %-15.*s  %-22.*s  %-8s  %.*s\n", time,
		STR_FMT(entry->username), STR_FMT(entry->via), STR_FMT(entry->peer),
		STR_FMT(entry->action), audit_outcome_name(entry->outcome),
		STR_FMT(entry->subject));
}

enum err admin_audit_list(struct ctx *c, struct admin *admin)
{
	struct str limit = admin_argument(admin, "--limit");
	struct audit_query query = {
		.who = admin_argument(admin, "--who"),
		.action = admin_argument(admin, "--action"),
		.repo = admin_argument(admin, "--repo"),
		.outcome = admin_argument(admin, "--outcome"),
	};
	struct audit_list list = {.more = true};
	uint64_t left = LIMIT;
	if (limit.len && (!str_to_u64(limit, &left) || !left))
		return fail(c, ERR_INVALID, "--limit %.*s is not a number", STR_FMT(limit));
	print("%-20s  %-16s  %-16s  %-15s  %-22s  %-8s  %s\n", "TIME", "WHO", "VIA", "FROM",
		"ACTION", "OUTCOME", "ON");
	while (list.more && left) {
		query.limit = left < AUDIT_PAGE_MAX ? (size_t)left : AUDIT_PAGE_MAX;
		TRY(audit_list(c, &admin->core, &admin->owner, &query, &list));
		for (size_t i = 0; i < list.count; i++)
			print_entry(&list.at[i]);
		left -= list.count;
		if (list.count)
			query.after = audit_cursor(c, &list.at[list.count - 1]);
	}
	return OK;
}

static enum err print_json(struct ctx *c, void *arg, const struct audit *entry)
{
	struct arena_mark mark = arena_mark(c->arena);
	struct buf line = {.arena = c->arena};
	struct json_writer w = {.out = &line};
	(void)arg;
	TRY(ctx_check(c));
	audit_write(c, &w, entry);
	buf_byte(&line, '\n');
	if (fwrite(line.at, 1, line.len, stdout) != line.len)
		return fail(c, ERR_IO, "writing to standard output failed");
	arena_rewind(c->arena, mark);
	return OK;
}

enum err admin_audit_export(struct ctx *c, struct admin *admin)
{
	const struct audit_export what = {
		.after = admin_argument(admin, "--after"),
		.chain = admin_argument(admin, "--chain"),
		.visit = print_json,
	};
	return audit_export(c, &admin->core, &admin->owner, &what);
}

struct show {
	bool terminal;
};

static void clear_line(const struct show *s)
{
	if (s->terminal)
		fprintf(stderr, "\r\033[K");
}

static void show_problem(void *arg, const char *text)
{
	clear_line(arg);
	print("%s\n", text);
}

static void show_progress(void *arg, int64_t entries)
{
	const struct show *s = arg;
	if (s->terminal)
		fprintf(stderr, "\r\033[K%lld entries", (long long)entries);
}

static void tell(struct ctx *c, const struct audit_verify *v)
{
	char hex[2 * HASH_MAX + 1] = "";
	print("%s in %s, %s compared with the log of refs, %s.\n",
		admin_count(c, (uint64_t)v->entries, "entry", "entries"),
		admin_count(c, (uint64_t)v->chains, "chain", "chains"),
		admin_count(c, (uint64_t)v->pushes, "push", "pushes"),
		admin_count(c, (uint64_t)v->anchors, "anchor", "anchors"));
	if (v->unchained)
		print("%s from before there were chains, which nothing proves.\n",
			admin_count(c, (uint64_t)v->unchained, "entry is", "entries are"));
	if (v->head.hash.len == HASH_MAX) {
		hex_encode(v->head.hash.at, v->head.hash.len, hex);
		print("The instance's chain ends with entry %lld, %s.\n",
			(long long)v->head.sequence, hex);
	}
}

enum err admin_audit_verify(struct ctx *c, struct admin *admin)
{
	bool quiet = admin_flag(admin, "--quiet");
	struct str since = admin_argument(admin, "--since");
	struct show show = {!quiet && isatty(STDERR_FILENO)};
	struct audit_verify v = {.problem = show_problem, .progress = show_progress, .arg = &show};
	if (since.len && !date_parse(since, &v.since))
		return fail(c, ERR_INVALID,
			"--since %.*s is not a time such as 2026-11-20T10:00:00Z", STR_FMT(since));
	TRY(audit_verify(c, &admin->core, &admin->owner, &v));
	clear_line(&show);
	if (!quiet)
		tell(c, &v);
	if (v.problems)
		return fail(c, ERR_DAMAGED, "the audit log is not as it was written: %s",
			admin_count(c, (uint64_t)v.problems, "problem", "problems"));
	return OK;
}
