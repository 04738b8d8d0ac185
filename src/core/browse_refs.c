/* Branches and tags as lists, and how branches lie to the default one. */
#include "base/buf.h"
#include "base/sort.h"
#include "base/vec.h"
#include "core/browse_parts.h"
#include "core/last_cache.h"
#include "git/merge_base.h"

enum {
	REFS_PER_PAGE = 50,      /* of branches, and of tags */
	REFS_BY_DATE_MAX = 1000, /* more than that are not all read to be sorted */
	AHEAD_MICROS = 200 * 1000,
};

static enum err ref_line(struct ctx *c, struct browse *b, const struct ref *ref, struct str name,
	struct ref_line *out)
{
	*out = (struct ref_line){.name = name, .id = ref->peeled.algo ? ref->peeled : ref->id};
	out->is_default = str_eq(ref->name, b->snapshot->head);
	enum object_type type;
	uint64_t size;
	TRY(odb_stat(c, &b->reader, &out->id, &type, &size));
	return type == OBJECT_COMMIT ? browse_line(c, b, &out->id, &out->commit) : OK;
}

static int by_date(const void *a, const void *b, const void *arg)
{
	(void)arg;
	const struct ref_line *x = a, *y = b;
	if (x->is_default != y->is_default)
		return x->is_default ? -1 : 1;
	return (x->commit.when < y->commit.when) - (x->commit.when > y->commit.when);
}

/* Their places in the table. */
struct places {
	struct arena *arena;
	uint32_t *at;
	size_t len, cap;
};

static void find_refs(
	const struct snapshot *s, struct str prefix, struct str like, struct places *out)
{
	size_t end = ref_table_prefix_end(&s->refs, prefix);
	for (size_t i = ref_table_lower_bound(&s->refs, prefix); i < end; i++) {
		const struct ref ref = ref_table_at(&s->refs, i);
		if (browse_holds(str_from_index(ref.name, prefix.len), like))
			*vec_push(out) = (uint32_t)i;
	}
}

enum err browse_refs_like(struct ctx *c, struct browse *b, struct str prefix, struct str like,
	size_t skip, struct ref_list *out)
{
	struct places found = {.arena = c->arena};
	find_refs(b->snapshot, prefix, like, &found);
	size_t total = found.len;
	skip = skip < total ? skip : total;
	size_t shown = total - skip < REFS_PER_PAGE ? total - skip : REFS_PER_PAGE;
	bool all = total <= REFS_BY_DATE_MAX;
	size_t count = all ? total : shown;
	struct ref_line *lines = NEW_ARRAY(c->arena, struct ref_line, count + 1);
	for (size_t i = 0; i < count; i++) {
		/* Too many to sort: the last by name come first, which are the newest versions. */
		size_t at = found.at[all ? i : total - 1 - skip - i];
		const struct ref ref = ref_table_at(&b->snapshot->refs, at);
		TRY(ref_line(c, b, &ref, str_from_index(ref.name, prefix.len), &lines[i]));
	}
	if (all)
		sort_array(c->arena, lines, count, sizeof *lines, by_date, NULL);
	*out = (struct ref_list){all ? lines + skip : lines, shown, skip, total};
	return OK;
}

enum err browse_refs(
	struct ctx *c, struct browse *b, struct str prefix, size_t skip, struct ref_list *out)
{
	return browse_refs_like(c, b, prefix, STR(""), skip, out);
}

void browse_branches(struct ctx *c, struct browse *b, size_t limit, struct ref_list *out)
{
	const struct snapshot *s = b->snapshot;
	const struct str prefix = STR("refs/heads/");
	struct ref_line *lines = NEW_ARRAY(c->arena, struct ref_line, limit + 1);
	size_t count = 0;
	struct ref ref;
	if (str_starts(s->head, prefix) && snapshot_ref(s, s->head, &ref))
		lines[count++] = (struct ref_line){
			.name = str_from_index(s->head, prefix.len), .is_default = true};
	size_t end = ref_table_prefix_end(&s->refs, prefix);
	for (size_t i = ref_table_lower_bound(&s->refs, prefix); i < end && count < limit; i++) {
		ref = ref_table_at(&s->refs, i);
		if (!str_eq(ref.name, s->head))
			lines[count++].name = str_from_index(ref.name, prefix.len);
	}
	*out = (struct ref_list){.at = lines, .count = count, .total = count};
}

/* What was found before of two commits: it stays true. */
static struct str pair_key(struct ctx *c, const struct browse *b, const struct oid *base)
{
	char hex[OID_HEX_MAX];
	return str_of(
		arena_fmt(c->arena, "ahead %lld %s", (long long)b->repo.id, oid_hex(base, hex)));
}

static struct str head_key(struct ctx *c, struct str pair, const struct oid *head)
{
	char hex[OID_HEX_MAX];
	return str_of(arena_fmt(c->arena, "%.*s %s", STR_FMT(pair), oid_hex(head, hex)));
}

static bool recall(struct ctx *c, const struct browse *b, struct str key, struct ref_line *line)
{
	struct last_answer known[LAST_CACHE_WAYS];
	uint64_t ahead, behind;
	if (!last_cache_get(c, b->core->last_cache, key, known))
		return false;
	struct str rest = known[0].value, first = str_cut(&rest, ' ');
	if (!str_to_u64(first, &ahead) || !str_to_u64(rest, &behind))
		return false;
	line->related = true;
	line->ahead = (size_t)ahead;
	line->behind = (size_t)behind;
	return true;
}

static void keep(struct ctx *c, const struct browse *b, struct str key, const struct ref_line *line)
{
	struct last_answer answer = {line->commit.id, {0}};
	answer.value = str_of(arena_fmt(c->arena, "%zu %zu", line->ahead, line->behind));
	last_cache_put(b->core->last_cache, key, &answer);
}

static enum err relate(struct ctx *c, struct browse *b, struct graph *g, const struct oid *base,
	struct ref_line *line)
{
	struct ahead_behind found;
	struct str key = head_key(c, pair_key(c, b, base), &line->commit.id);
	if (recall(c, b, key, line))
		return OK;
	TRY(ahead_behind(c, g, graph_add(g, &line->commit.id), graph_add(g, base), &found));
	line->related = true;
	line->ahead = found.ahead;
	line->behind = found.behind;
	if (b->core->last_cache)
		keep(c, b, key, line);
	return OK;
}

enum err browse_ahead(struct ctx *c, struct browse *b, struct ref_list *list)
{
	__attribute__((cleanup(graph_done))) struct graph g;
	struct revision head;
	struct ref_line *lines = NEW_ARRAY(c->arena, struct ref_line, list->count + 1);
	int64_t deadline = c->deadline, until = c->world->monotonic() + AHEAD_MICROS;
	enum err err = browse_head(c, b, &head);
	for (size_t i = 0; i < list->count; i++)
		lines[i] = list->at[i];
	list->at = lines;
	graph_init(&g, &b->reader);
	if (err == ERR_NOT_FOUND) {
		ctx_clear(c);
		return OK;
	}
	if (!deadline || until < deadline)
		c->deadline = until;
	for (size_t i = 0; !err && i < list->count && !extent_spent(c); i++)
		if (lines[i].commit.id.algo && !lines[i].is_default)
			err = relate(c, b, &g, &head.commit, &lines[i]);
	bool mine = c->deadline == until;
	c->deadline = deadline;
	b->partial = b->partial || extent_spent(c);
	if (err != ERR_TIMEOUT || !mine)
		return err;
	ctx_clear(c);
	b->partial = true;
	return OK;
}
