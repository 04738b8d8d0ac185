#include "core/browse.h"

#include "base/sort.h"
#include "core/browse_parts.h"
#include "core/permit.h"

enum {
	PAGE_OBJECT_MAX = 8 << 20, /* commits and trees that a page reads */
	LISTING_MAX = 1000,
};

enum err browse_open(struct ctx *c, struct core *core, const struct actor *who, struct str name,
	struct browse *out)
{
	memset(out, 0, sizeof *out);
	out->core = core;
	c->afar.bytes_max = EXTENT_PAGE_MAX;
	DB_TX *tx = NULL;
	struct permitted got;
	const struct permit_need need = {name, OPERATION_REPOSITORY_READ, .mode = DB_READ};
	TRY(permit_begin(c, core, who, &need, &tx, &got));
	out->repo = got.repo;
	out->level = got.level;
	TRY(snapshot_get(c, core, tx, &out->repo, &out->snapshot));
	odb_reader_init(c, &out->reader, &out->snapshot->odb);
	out->reader.object_max = PAGE_OBJECT_MAX;
	if (core->limits.page_blob_max > PAGE_OBJECT_MAX)
		out->reader.object_max = core->limits.page_blob_max;
	push_spools_init(&out->scratch, core->blob, 0);
	out->reader.scratch = &out->scratch.maker;
	out->reader.scratch_max = core->limits.object_max;
	return OK;
}

bool browse_is_partial(const struct ctx *c, const struct browse *b)
{
	return b->partial || extent_spent(c);
}

void browse_close(struct browse *b)
{
	if (b->snapshot)
		snapshot_release(&b->snapshot);
}

/* Sets rev->commit to the commit that a ref means. */
static enum err to_commit(struct ctx *c, struct browse *b, struct revision *rev, struct oid id)
{
	enum object_type type;
	TRY(odb_peel(c, &b->reader, &id, OBJECT_COMMIT, &rev->commit, &type));
	if (type != OBJECT_COMMIT)
		return fail(c, ERR_NOT_FOUND, "%.*s is not a commit", STR_FMT(rev->text));
	return OK;
}

static bool ref_under(
	struct ctx *c, struct browse *b, const char *prefix, struct str name, struct ref *out)
{
	if (name.len == 0 || name.len > REF_NAME_MAX)
		return false;
	struct buf full = {.arena = c->arena};
	buf_cstr(&full, prefix);
	buf_str(&full, name);
	return snapshot_ref(b->snapshot, buf_view(&full), out);
}

/* Is `name` a branch, a tag or a full name? */
static bool ref_named(
	struct ctx *c, struct browse *b, struct str name, enum revision_kind *kind, struct ref *out)
{
	*kind = REVISION_BRANCH;
	if (ref_under(c, b, "refs/heads/", name, out))
		return true;
	*kind = REVISION_TAG;
	if (ref_under(c, b, "refs/tags/", name, out))
		return true;
	*kind = REVISION_COMMIT;
	return str_starts(name, STR("refs/")) && ref_under(c, b, "", name, out);
}

static bool is_hex(struct str s)
{
	for (size_t i = 0; i < s.len; i++) {
		char byte = s.at[i];
		if (!((byte >= '0' && byte <= '9') || (byte >= 'a' && byte <= 'f') ||
			    (byte >= 'A' && byte <= 'F')))
			return false;
	}
	return s.len >= 4 && s.len <= 2 * HASH_MAX;
}

static enum err resolve_id(struct ctx *c, struct browse *b, struct str text, struct revision *rev)
{
	struct oid id;
	rev->kind = REVISION_COMMIT;
	rev->text = text;
	TRY(odb_find_prefix(c, &b->reader, text, &id));
	TRY(to_commit(c, b, rev, id));
	char hex[OID_HEX_MAX];
	rev->text = str_copy(c->arena, str_of(oid_hex(&rev->commit, hex)));
	return OK;
}

static struct str without_slashes_at_end(struct str path)
{
	while (path.len && path.at[path.len - 1] == '/')
		path.len--;
	return path;
}

enum err browse_resolve(
	struct ctx *c, struct browse *b, struct str text, struct revision *rev, struct str *path)
{
	bool done;
	text = without_slashes_at_end(text);
	TRY(browse_resolve_at(c, b, text, rev, path, &done));
	if (done)
		return OK;
	struct str first = str_until(text, str_find(text, '/'));
	for (struct str name = text;; name = str_until(name, str_find_last(name, '/'))) {
		struct ref ref;
		if (ref_named(c, b, name, &rev->kind, &ref)) {
			rev->text = name;
			*path = str_from_index(text, name.len + 1);
			return to_commit(c, b, rev, ref.id);
		}
		if (name.len <= first.len)
			break;
	}
	*path = str_from_index(text, first.len + 1);
	if (str_is(first, "HEAD"))
		return browse_head(c, b, rev);
	if (is_hex(first))
		return resolve_id(c, b, first, rev);
	if (str_find_str(first, STR("@{")) < first.len)
		return fail(c, ERR_NOT_FOUND,
			"there is no branch or tag \"%.*s\"; a time is written as in "
			"main@{2026-11-20T10:00:00Z} or main@{1795448072}",
			STR_FMT(first));
	return fail(c, ERR_NOT_FOUND, "there is no branch, tag or commit \"%.*s\"", STR_FMT(first));
}

enum err browse_head(struct ctx *c, struct browse *b, struct revision *rev)
{
	struct ref ref;
	rev->text = b->snapshot->head;
	rev->kind = str_skip(&rev->text, STR("refs/heads/")) ? REVISION_BRANCH : REVISION_COMMIT;
	if (!snapshot_ref(b->snapshot, b->snapshot->head, &ref))
		return fail(
			c, ERR_NOT_FOUND, "nothing is pushed to \"%.*s\" yet", STR_FMT(rev->text));
	return to_commit(c, b, rev, ref.id);
}

enum err browse_entry(struct ctx *c, struct browse *b, const struct revision *rev, struct str path,
	struct tree_entry *out)
{
	struct str bytes;
	struct commit commit;
	TRY(odb_read_as(c, &b->reader, &rev->commit, OBJECT_COMMIT, &bytes));
	TRY(commit_parse(c, rev->commit.algo, bytes, &commit));
	memset(out, 0, sizeof *out);
	out->mode = MODE_TREE;
	out->id = commit.tree;
	if (path.len == 0)
		return OK;
	enum err err = odb_tree_path(c, &b->reader, &commit.tree, path, out);
	if (err == ERR_NOT_FOUND)
		return fail(
			c, err, "there is no \"%.*s\" in %.*s", STR_FMT(path), STR_FMT(rev->text));
	return err;
}

static enum entry_kind kind_of(const struct tree_entry *e)
{
	if (tree_entry_is_tree(e))
		return ENTRY_TREE;
	if (tree_entry_is_gitlink(e))
		return ENTRY_SUBMODULE;
	if ((e->mode & 0170000) == MODE_SYMLINK)
		return ENTRY_SYMLINK;
	return e->mode & 0100 ? ENTRY_EXECUTABLE : ENTRY_FILE;
}

enum err browse_kind(struct ctx *c, struct browse *b, const struct revision *rev, struct str path,
	enum entry_kind *out)
{
	struct tree_entry entry;
	TRY(browse_entry(c, b, rev, path, &entry));
	*out = kind_of(&entry);
	return OK;
}

static int by_folder_first(const void *a, const void *b, const void *arg)
{
	(void)arg;
	const struct listing_entry *x = a, *y = b;
	return (x->kind != ENTRY_TREE) - (y->kind != ENTRY_TREE);
}

enum err browse_listing(struct ctx *c, struct browse *b, const struct revision *rev,
	struct str path, struct listing *out)
{
	memset(out, 0, sizeof *out);
	struct tree_entry entry;
	TRY(browse_entry(c, b, rev, path, &entry));
	if (!tree_entry_is_tree(&entry))
		return fail(c, ERR_NOT_FOUND, "\"%.*s\" is not a folder", STR_FMT(path));
	struct str rest;
	TRY(odb_read_as(c, &b->reader, &entry.id, OBJECT_TREE, &rest));
	VEC_OF(struct listing_entry) list = {.arena = c->arena};
	for (bool more;;) {
		TRY(tree_next(c, b->snapshot->algo, &rest, &entry, &more));
		if (!more)
			break;
		*vec_push(&list) = (struct listing_entry){
			.kind = kind_of(&entry), .name = entry.name, .id = entry.id};
	}
	sort_array(c->arena, list.at, list.len, sizeof *list.at, by_folder_first, NULL);
	out->path = path;
	out->at = list.at;
	out->total = list.len;
	out->count = list.len < LISTING_MAX ? list.len : LISTING_MAX;
	return OK;
}

enum err browse_commit(
	struct ctx *c, struct browse *b, const struct oid *id, struct commit_full *out)
{
	struct str bytes;
	struct commit commit;
	TRY(odb_read_as(c, &b->reader, id, OBJECT_COMMIT, &bytes));
	TRY(commit_parse(c, id->algo, bytes, &commit));
	const struct signature *a = &commit.author, *k = &commit.committer;
	*out = (struct commit_full){
		.id = *id,
		.tree = commit.tree,
		.parents = commit.parents,
		.parent_count = commit.parent_count,
		.author = {a->name, a->email, a->seconds, a->offset_minutes},
		.committer = {k->name, k->email, k->seconds, k->offset_minutes},
		.subject = message_subject(commit.message),
		.body = str_trim(message_body(commit.message)),
	};
	return OK;
}
