/* The time machine: the history of refs, a ref set back, and deleted repositories. */
#include "base/date.h"
#include "base/hex.h"
#include "core/history.h"
#include "core/repo.h"
#include "main/admin.h"

enum { LIMIT = 30, SHORT = 10 };

/* "5c0ffee123", or "-" for nothing. */
static const char *short_id(struct ctx *c, const struct oid *id)
{
	char hex[OID_HEX_MAX];
	if (oid_is_zero(id))
		return "-";
	return arena_fmt(c->arena, "%.*s", SHORT, oid_hex(id, hex));
}

static const char *kind_of(const struct ref_log *entry)
{
	if (oid_is_zero(&entry->change.old))
		return "created";
	if (oid_is_zero(&entry->change.new))
		return "deleted";
	return entry->forced ? "forced" : "moved";
}

/* "2026-11-23T15:34:32Z": as it may be given back. */
static const char *exact_time(struct ctx *c, int64_t seconds)
{
	char text[24];
	date_rfc3339(seconds, text);
	return arena_strdup(c->arena, text);
}

static void print_change(struct ctx *c, const struct ref_log *entry)
{
	print("%-8lld  %-20s  %-8s  %-10s  %-10s  %-16.*s  %.*s  %.*s\n", (long long)entry->version,
		exact_time(c, entry->time), kind_of(entry), short_id(c, &entry->change.old),
		short_id(c, &entry->change.new), STR_FMT(entry->username),
		STR_FMT(entry->change.name), STR_FMT(entry->request));
}

static enum err count_of(struct ctx *c, const struct admin *admin, const char *name,
	uint64_t fallback, uint64_t *out)
{
	struct str text = admin_argument(admin, name);
	*out = fallback;
	if (text.len && (!str_to_u64(text, out) || *out == 0 || *out > INT64_MAX))
		return fail(c, ERR_INVALID, "%s %.*s is not a number", name, STR_FMT(text));
	return OK;
}

enum err admin_history(struct ctx *c, struct admin *admin)
{
	struct history_query query = {.ref = admin_argument(admin, "REF")};
	struct history list = {.more = true};
	uint64_t left;
	TRY(count_of(c, admin, "--limit", LIMIT, &left));
	query.limit = left < HISTORY_PAGE_MAX ? (size_t)left : HISTORY_PAGE_MAX;
	TRY(history_list(
		c, &admin->core, &admin->owner, admin_argument(admin, "REPO"), &query, &list));
	print("%-8s  %-20s  %-8s  %-10s  %-10s  %-16s  %s\n", "CHANGE", "TIME", "WHAT", "OLD",
		"NEW", "WHO", "REF, REQUEST");
	for (;;) {
		for (size_t i = 0; i < list.count && left; i++, left--)
			print_change(c, &list.at[i]);
		if (!list.more || !left)
			return OK;
		const struct ref_log *last = &list.at[list.count - 1];
		query.after = (struct history_place){last->version, last->change.name};
		TRY(history_list(c, &admin->core, &admin->owner, admin_argument(admin, "REPO"),
			&query, &list));
	}
}

static enum err read_target(struct ctx *c, const struct admin *admin, struct ref_restore *what)
{
	struct str to = admin_argument(admin, "--to"), undo = admin_argument(admin, "--undo");
	uint64_t version;
	if ((to.len > 0) == (undo.len > 0))
		return fail(c, ERR_INVALID, "give either --to or --undo");
	if (undo.len) {
		TRY(count_of(c, admin, "--undo", 0, &version));
		what->to = RESTORE_UNDO;
		what->version = (int64_t)version;
	} else if (date_parse(to, &what->time)) {
		what->to = RESTORE_TIME;
	} else {
		what->to = RESTORE_ID;
		what->id = to;
	}
	return OK;
}

enum err admin_restore_ref(struct ctx *c, struct admin *admin)
{
	struct ref_restore what = {
		.repo = admin_argument(admin, "REPO"),
		.ref = admin_argument(admin, "REF"),
	};
	struct ref_restored done;
	TRY(read_target(c, admin, &what));
	TRY(ref_restore(c, &admin->core, &admin->owner, &what, &done));
	const char *new = short_id(c, &done.change.new);
	if (!done.changed)
		print("%.*s is %s already.\n", STR_FMT(done.change.name), new);
	else if (oid_is_zero(&done.change.old))
		print("%.*s is there again: %s.\n", STR_FMT(done.change.name), new);
	else
		print("%.*s was %s and is %s now.\n", STR_FMT(done.change.name),
			short_id(c, &done.change.old), new);
	return OK;
}

enum err admin_repo_deleted(struct ctx *c, struct admin *admin)
{
	struct repo_deleted_query query = {0};
	struct repo_list list = {.more = true};
	print("%-6s  %-40s  %-16s  %s\n", "ID", "REPO", "DELETED", "KEPT UNTIL");
	while (list.more) {
		TRY(repo_deleted_list(c, &admin->core, &admin->owner, &query, &list));
		for (size_t i = 0; i < list.count; i++) {
			const struct repo *repo = &list.at[i];
			print("%-6lld  %-40.*s  %-16s  %s\n", (long long)repo->id,
				STR_FMT(repo->name), admin_time(c, repo->deleted),
				admin_time(c, repo_deleted_until(&admin->core, repo)));
			query.before = repo->deleted;
			query.id = repo->id;
		}
	}
	return OK;
}

static enum err read_id(struct ctx *c, const struct admin *admin, int64_t *out)
{
	uint64_t id;
	TRY(count_of(c, admin, "ID", 0, &id));
	*out = (int64_t)id;
	return OK;
}

enum err admin_repo_restore(struct ctx *c, struct admin *admin)
{
	struct str as = admin_argument(admin, "--as");
	struct repo repo;
	int64_t id = 0;
	TRY(read_id(c, admin, &id));
	TRY(repo_restore(c, &admin->core, &admin->owner, id, as.len ? &as : NULL, &repo));
	print("%.*s is there again.\n", STR_FMT(repo.name));
	return OK;
}

enum err admin_repo_purge(struct ctx *c, struct admin *admin)
{
	int64_t id = 0;
	TRY(read_id(c, admin, &id));
	if (!admin_flag(admin, "--yes"))
		return fail(c, ERR_INVALID,
			"repository %lld would be gone for good: give --yes if that is meant",
			(long long)id);
	TRY(repo_purge(c, &admin->core, &admin->owner, id));
	print("Repository %lld is gone for good.\n", (long long)id);
	return OK;
}
