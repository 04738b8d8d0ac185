/* A repository as it was: "main@{2026-11-20T10:00:00Z}", by the log of refs. */
#include "base/date.h"
#include "core/browse_parts.h"
#include "core/compact.h"
#include "meta/ref.h"

/* "REF@{TIME}/PATH", taken apart. */
struct then {
	struct str text; /* "REF@{TIME}" */
	struct str ref, path;
	int64_t time;
};

/* What the log has of one. */
struct then_found {
	bool ever;  /* it was a ref at some time */
	bool there; /* and at that one: */
	struct oid id;
};

static bool take_apart(struct str text, struct then *out)
{
	size_t at = str_find_str(text, STR("@{"));
	if (at == text.len)
		return false;
	struct str rest = str_from_index(text, at + 2);
	size_t end = str_find(rest, '}');
	*out = (struct then){str_until(text, at + 2 + end + 1), str_until(text, at), {0}, 0};
	out->path = str_from_index(rest, end + 1);
	if (end == rest.len || (out->path.len && !str_skip(&out->path, STR("/"))))
		return false;
	return out->ref.len <= REF_NAME_MAX && date_parse(str_until(rest, end), &out->time);
}

/* The full names that a short one may mean, the first that fits first. */
static const struct reading {
	const char *prefix;
	enum revision_kind kind;
} readings[] = {
	{"refs/heads/", REVISION_BRANCH},
	{"refs/tags/", REVISION_TAG},
	{"", REVISION_COMMIT},
};

enum { READINGS = sizeof readings / sizeof *readings };

static struct str name_by(
	struct ctx *c, const struct browse *b, const struct reading *by, struct str name)
{
	if (str_is(name, "HEAD"))
		return b->snapshot->head;
	return str_of(arena_fmt(c->arena, "%s%.*s", by->prefix, STR_FMT(name)));
}

static enum err look_up(struct ctx *c, const struct browse *b, const struct then *then,
	const struct reading *by, struct then_found *out)
{
	struct ref_log entry;
	struct str name = name_by(c, b, by, then->ref);
	DB_TX *tx = NULL;
	if (!ref_name_ok(name) || ref_is_hidden(name))
		return OK;
	TRY(db_begin(c, b->core->db, DB_READ, &tx));
	enum err err = meta_ref_log_at(c, tx, &b->repo, name, then->time, &entry);
	if (!err) {
		out->ever = true;
		out->there = !oid_is_zero(&entry.change.new);
		out->id = entry.change.new;
		return OK;
	}
	if (err != ERR_NOT_FOUND)
		return err;
	err = meta_ref_log_at(c, tx, &b->repo, name, INT64_MAX, &entry);
	out->ever = out->ever || !err;
	if (err == ERR_NOT_FOUND || !err)
		ctx_clear(c);
	return err == ERR_NOT_FOUND ? OK : err;
}

static enum err to_commit(
	struct ctx *c, struct browse *b, const struct oid *id, struct revision *rev)
{
	enum object_type type;
	char hex[OID_HEX_MAX];
	bool here;
	TRY(odb_has(c, &b->reader, id, &here));
	if (!here)
		return fail(c, ERR_NOT_FOUND,
			"%.*s was %s, but that is gone: what no ref leads to any more is kept for "
			"%s (NIMBUS_RETENTION)",
			STR_FMT(rev->text), oid_hex(id, hex), compact_retention_text(c, b->core));
	TRY(odb_peel(c, &b->reader, id, OBJECT_NONE, &rev->commit, &type));
	if (type != OBJECT_COMMIT)
		return fail(c, ERR_NOT_FOUND, "%.*s is not a commit", STR_FMT(rev->text));
	return OK;
}

enum err browse_resolve_at(struct ctx *c, struct browse *b, struct str text, struct revision *rev,
	struct str *path, bool *done)
{
	struct then then;
	struct then_found found = {0};
	*done = false;
	if (!take_apart(text, &then))
		return OK;
	for (size_t i = 0; i < READINGS && !found.there; i++) {
		TRY(look_up(c, b, &then, &readings[i], &found));
		rev->kind = readings[i].kind;
	}
	if (!found.ever)
		return OK;
	rev->text = then.text;
	*path = then.path;
	if (!found.there)
		return fail(
			c, ERR_NOT_FOUND, "there was no branch or tag %.*s", STR_FMT(then.text));
	*done = true;
	return to_commit(c, b, &found.id, rev);
}
