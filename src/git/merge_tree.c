#include "git/merge_tree.h"

#include "git/merge_base.h"
#include "git/merge_file.h"
#include "git/merge_parts.h"
#include "git/rename.h"

enum { MARKER_SIZE = 7, NESTED_MAX = 8 };

const char *merge_conflict_text(enum merge_conflict_kind kind)
{
	static const char *const texts[] = {
#define MERGE_TEXT(name, text) text,
		MERGE_CONFLICTS(MERGE_TEXT)
#undef MERGE_TEXT
	};
	return texts[kind];
}

enum err merge_read(struct ctx *c, struct merging *m, const struct oid *id, enum object_type type,
	struct str *out)
{
	void *number = map_get(&m->known, str_from(id->hash, HASH_MAX));
	if (!number)
		return odb_read_as(c, m->reader, id, type, out);
	const struct object *o = &m->objects.at[(uintptr_t)number - 1].object;
	ASSERT(o->type == type);
	*out = o->bytes;
	return OK;
}

void merge_keep(struct merging *m, enum object_type type, struct str bytes, struct oid *out)
{
	struct object o = {type, bytes};
	object_hash(m->reader->odb->algo, &o, out);
	char *key = arena_strndup(m->known.arena, (const char *)out->hash, HASH_MAX);
	void **place = map_put(&m->known, str_from(key, HASH_MAX));
	if (*place)
		return;
	*vec_push(&m->objects) = (struct merge_object){*out, o};
	*place = (void *)(uintptr_t)m->objects.len;
}

void merge_conflict(struct merging *m, enum merge_conflict_kind kind, struct str path)
{
	if (m->depth == 0)
		*vec_push(&m->conflicts) = (struct merge_conflict){kind, path};
}

static enum err read_blob(struct ctx *c, void *arg, const struct oid *id, struct str *out)
{
	return merge_read(c, arg, id, OBJECT_BLOB, out);
}

/* to[i]: 1 + the path that path i went to on this side; 0: none. */
static enum err find_renames(struct ctx *c, struct merging *m, int side, size_t *to)
{
	VEC_OF(struct tree_change) list = {.arena = c->arena};
	VEC_OF(size_t) number = {.arena = c->arena};
	for (size_t i = 0; i < m->paths.len; i++) {
		const struct merge_path *p = &m->paths.at[i];
		if (merge_same(&p->at[BASE], &p->at[side]))
			continue;
		*vec_push(&list) = (struct tree_change){.path = p->path,
			.old_mode = p->at[BASE].mode,
			.new_mode = p->at[side].mode,
			.old_id = p->at[BASE].id,
			.new_id = p->at[side].id};
		*vec_push(&number) = i;
	}
	struct tree_changes changes = {.at = list.at, .count = list.len, .total = list.len};
	struct rename_limits limits = RENAME_LIMITS_PAGE;
	struct rename_pairs pairs;
	limits.no_empty = true;
	limits.read = read_blob;
	limits.read_arg = m;
	TRY(renames_find(c, m->reader, &changes, &limits, &pairs));
	for (size_t i = 0; i < pairs.count; i++)
		to[number.at[pairs.at[i].from]] = number.at[pairs.at[i].to] + 1;
	return OK;
}

/* `from` became `to` on one side: what the other did to it is to be done there. */
static void follow(struct merging *m, struct merge_path *from, struct merge_path *to, int side)
{
	int other = OURS + THEIRS - side;
	if (!from->at[other].mode) {
		merge_conflict(m, MERGE_RENAME_DELETE, to->path);
		return;
	}
	if (to->at[other].mode || to->at[BASE].mode) {
		merge_conflict(m, MERGE_RENAME_ADD, to->path);
		return;
	}
	to->at[BASE] = from->at[BASE];
	to->at[other] = from->at[other];
	from->gone = true;
}

enum err merge_renames(struct ctx *c, struct merging *m)
{
	size_t *to[SIDES] = {0};
	for (int side = OURS; side < SIDES; side++) {
		to[side] = NEW_ARRAY(c->arena, size_t, m->paths.len + 1);
		TRY(find_renames(c, m, side, to[side]));
	}
	for (size_t i = 0; i < m->paths.len; i++) {
		struct merge_path *from = &m->paths.at[i];
		size_t ours = to[OURS][i], theirs = to[THEIRS][i];
		if (ours && ours == theirs) {
			m->paths.at[ours - 1].at[BASE] = from->at[BASE];
			from->gone = true;
		} else if (ours && theirs) {
			merge_conflict(m, MERGE_RENAME_RENAME, from->path);
		} else if (ours) {
			follow(m, from, &m->paths.at[ours - 1], OURS);
		} else if (theirs) {
			follow(m, from, &m->paths.at[theirs - 1], THEIRS);
		}
	}
	return OK;
}

static bool is_regular(const struct merge_version *v)
{
	return (v->mode & 0170000) == 0100000;
}

static bool is_binary(struct str bytes)
{
	struct str head = str_until(bytes, 8000);
	return head.len && memchr(head.at, 0, head.len);
}

static enum err merge_content(struct ctx *c, struct merging *m, struct merge_path *p)
{
	struct merge_texts in = {.marker_size = MARKER_SIZE + 2 * m->depth,
		.our_name = m->depth ? "Temporary merge branch 1" : m->names->ours,
		.their_name = m->depth ? "Temporary merge branch 2" : m->names->theirs};
	struct merged_text merged;
	bool based = is_regular(&p->at[BASE]);
	if (based)
		TRY(merge_read(c, m, &p->at[BASE].id, OBJECT_BLOB, &in.base));
	TRY(merge_read(c, m, &p->at[OURS].id, OBJECT_BLOB, &in.ours));
	TRY(merge_read(c, m, &p->at[THEIRS].id, OBJECT_BLOB, &in.theirs));
	if (is_binary(in.base) || is_binary(in.ours) || is_binary(in.theirs)) {
		p->result.id = m->depth && based ? p->at[BASE].id : p->at[OURS].id;
		merge_conflict(m, MERGE_BINARY, p->path);
		return OK;
	}
	TRY(merge_texts(c, &in, &merged));
	if (merged.conflicts)
		merge_conflict(m, based ? MERGE_CONTENT : MERGE_ADD_ADD, p->path);
	merge_keep(m, OBJECT_BLOB, merged.text, &p->result.id);
	return OK;
}

static enum err merge_files(struct ctx *c, struct merging *m, struct merge_path *p)
{
	const struct merge_version *base = &p->at[BASE], *ours = &p->at[OURS],
				   *theirs = &p->at[THEIRS];
	p->result = *ours;
	if (ours->mode != theirs->mode && ours->mode == base->mode)
		p->result.mode = theirs->mode;
	else if (ours->mode != theirs->mode && theirs->mode != base->mode)
		merge_conflict(m, MERGE_MODE, p->path);
	if (oid_eq(&ours->id, &theirs->id) || (base->mode && oid_eq(&theirs->id, &base->id)))
		return OK;
	if (base->mode && oid_eq(&ours->id, &base->id)) {
		p->result.id = theirs->id;
		return OK;
	}
	return merge_content(c, m, p);
}

enum err merge_path(struct ctx *c, struct merging *m, struct merge_path *p)
{
	const struct merge_version *base = &p->at[BASE], *ours = &p->at[OURS],
				   *theirs = &p->at[THEIRS];
	if (p->gone)
		return OK;
	if (merge_same(ours, theirs) || merge_same(base, theirs)) {
		p->result = *ours;
		return OK;
	}
	if (merge_same(base, ours)) {
		p->result = *theirs;
		return OK;
	}
	if (is_regular(ours) && is_regular(theirs))
		return merge_files(c, m, p);
	p->result = ours->mode ? *ours : *theirs;
	if (m->depth && base->mode)
		p->result = *base;
	merge_conflict(m, ours->mode && theirs->mode ? MERGE_KIND : MERGE_MODIFY_DELETE, p->path);
	return OK;
}

static enum err merge_three(
	struct ctx *c, struct merging *m, const struct oid *const trees[SIDES], struct oid *out)
{
	m->paths.len = 0;
	TRY(merge_walk(c, m, trees));
	TRY(merge_renames(c, m));
	for (size_t i = 0; i < m->paths.len; i++) {
		TRY(merge_path(c, m, &m->paths.at[i]));
		TRY(ctx_check(c));
	}
	return merge_write(c, m, trees[OURS], out);
}

static enum err tree_of(struct ctx *c, struct graph *g, uint32_t commit, struct oid *out)
{
	struct commit_info *info;
	TRY(graph_commit(c, g, commit, &info));
	*out = oidmap_oid(&g->ids, info->tree);
	return OK;
}

/*
 * The tree that two commits are merged upon. Where they have several bases these are merged first,
 * which may ask for bases of bases: so it calls itself, NESTED_MAX deep.
 */
static enum err base_tree(
	struct ctx *c, struct merging *m, struct graph *g, const uint32_t sides[2], struct oid *out)
{
	struct numbers bases;
	TRY(merge_bases(c, g, sides[0], sides[1], &bases));
	if (bases.len == 0) {
		merge_keep(m, OBJECT_TREE, STR(""), out);
		return OK;
	}
	uint32_t first = bases.at[bases.len - 1];
	TRY(tree_of(c, g, first, out));
	if (m->depth == NESTED_MAX)
		return OK;
	size_t used = bases.len < MERGE_BASES_MAX ? bases.len : MERGE_BASES_MAX;
	for (size_t i = 1; i < used; i++) {
		uint32_t pair[2] = {bases.at[bases.len - i], bases.at[bases.len - 1 - i]};
		struct oid under, before = *out, next;
		m->depth++;
		TRY(base_tree(c, m, g, pair, &under));
		TRY(tree_of(c, g, pair[1], &next));
		const struct oid *trees[SIDES] = {&under, &before, &next};
		TRY(merge_three(c, m, trees, out));
		m->depth--;
	}
	return OK;
}

enum err merge_commits(struct ctx *c, struct graph *g, uint32_t ours, uint32_t theirs,
	const struct merge_names *names, struct merge_result *out)
{
	struct merging m = {.reader = g->reader, .names = names};
	struct oid base, mine, other;
	const uint32_t sides[2] = {ours, theirs};
	m.paths.arena = m.conflicts.arena = m.objects.arena = m.known.arena = c->arena;
	c->world->random(&m.known.seed, sizeof m.known.seed);
	*out = (struct merge_result){0};
	TRY(base_tree(c, &m, g, sides, &base));
	TRY(tree_of(c, g, ours, &mine));
	TRY(tree_of(c, g, theirs, &other));
	const struct oid *trees[SIDES] = {&base, &mine, &other};
	TRY(merge_three(c, &m, trees, &out->tree));
	out->conflicts = m.conflicts.at;
	out->conflict_count = m.conflicts.len;
	out->objects = m.objects.at;
	out->object_count = m.objects.len;
	return OK;
}
