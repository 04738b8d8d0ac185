/*
 * The languages of a repository, counted in bytes of files.
 *
 * A folder's sums depend on its tree alone, so they are kept by its id: a look that had to stop leaves to the next one
 * what it has counted, and a push costs the folders that it changed. Where a .gitattributes at the top speaks of
 * languages, they depend on the path and on that file too.
 */
#include "base/sort.h"
#include "base/vec.h"
#include "core/browse_parts.h"
#include "core/made_cache.h"
#include "model/language_rules.h"

enum { MICROS = 40 * 1000, DEPTH_MAX = 64, KEEP_FROM = 32, SHOWN = 6, ATTRIBUTES_MAX = 64 << 10 };

struct sums {
	uint64_t of[LANGUAGES];
};

/* A folder that is being counted. */
struct level {
	struct str rest, path;
	struct oid id;
	struct sums sums;
	size_t files; /* that were looked at for it */
};

struct counting {
	struct browse *b;
	struct language_rules rules;
	struct str rules_id; /* part of every key; empty: there are none */
	struct level *levels;
	size_t depth;
	int64_t until;
	bool stopped;
};

static enum err find_rules(struct ctx *c, struct counting *n, const struct oid *tree)
{
	struct tree_entry entry;
	enum object_type type;
	uint64_t size;
	struct str text;
	char hex[OID_HEX_MAX];
	enum err err = odb_tree_path(c, &n->b->reader, tree, STR(".gitattributes"), &entry);
	if (err == ERR_NOT_FOUND) {
		ctx_clear(c);
		return OK;
	}
	TRY(err);
	TRY(odb_stat(c, &n->b->reader, &entry.id, &type, &size));
	if (type != OBJECT_BLOB || size > ATTRIBUTES_MAX)
		return OK;
	TRY(odb_read_as(c, &n->b->reader, &entry.id, OBJECT_BLOB, &text));
	language_rules_read(c->arena, text, &n->rules);
	if (n->rules.list.len)
		n->rules_id = str_of(arena_strdup(c->arena, oid_hex(&entry.id, hex)));
	return OK;
}

static struct str key_of(struct ctx *c, const struct counting *n, const struct level *l)
{
	char hex[OID_HEX_MAX];
	if (!n->rules_id.len)
		return str_of(arena_fmt(c->arena, "languages %s", oid_hex(&l->id, hex)));
	return str_of(arena_fmt(c->arena, "languages %s %.*s %.*s", oid_hex(&l->id, hex),
		STR_FMT(n->rules_id), STR_FMT(l->path)));
}

static void add(struct sums *to, const struct sums *from)
{
	for (size_t i = 0; i < LANGUAGES; i++)
		to->of[i] += from->of[i];
}

/* Begins a folder, or takes what is known of it. */
static enum err enter(struct ctx *c, struct counting *n, const struct oid *tree, struct str path)
{
	struct str kept;
	struct sums known;
	struct level *l = &n->levels[n->depth];
	*l = (struct level){.id = *tree, .path = path};
	if (made_cache_get(c, n->b->core->made, key_of(c, n, l), &kept) &&
		kept.len == sizeof known) {
		memcpy(&known, kept.at, sizeof known);
		add(n->depth ? &n->levels[n->depth - 1].sums : &l->sums, &known);
		n->depth += n->depth == 0;
		return OK;
	}
	n->depth++;
	return odb_read_as(c, &n->b->reader, tree, OBJECT_TREE, &l->rest);
}

static void leave(struct ctx *c, struct counting *n)
{
	struct level *l = &n->levels[n->depth - 1];
	if (l->files >= KEEP_FROM || n->depth == 1)
		made_cache_put(
			n->b->core->made, key_of(c, n, l), str_from(&l->sums, sizeof l->sums));
	if (n->depth > 1) {
		add(&l[-1].sums, &l->sums);
		l[-1].files += l->files;
	}
	n->depth--;
}

static enum err count_entry(struct ctx *c, struct counting *n, const struct tree_entry *e)
{
	struct level *l = &n->levels[n->depth - 1];
	enum object_type type;
	uint64_t size;
	l->files++;
	if (tree_entry_is_tree(e)) {
		if (n->depth == DEPTH_MAX || language_skips_folder(e->name))
			return OK;
		struct buf path = {.arena = c->arena};
		if (n->rules.list.len)
			buf_fmt(&path, "%.*s%s%.*s", STR_FMT(l->path), l->path.len ? "/" : "",
				STR_FMT(e->name));
		return enter(c, n, &e->id, buf_view(&path));
	}
	if ((e->mode & 0170000) != (MODE_FILE & 0170000))
		return OK;
	enum language_id id = language_rules_judge(c->arena, &n->rules, l->path, e->name);
	if (id == LANGUAGES)
		return OK;
	TRY(odb_stat(c, &n->b->reader, &e->id, &type, &size));
	l->sums.of[id] += size;
	return OK;
}

static enum err walk(struct ctx *c, struct counting *n, const struct oid *tree)
{
	struct tree_entry entry;
	bool more;
	TRY(enter(c, n, tree, STR("")));
	while (n->levels[0].rest.at && n->depth) {
		struct level *l = &n->levels[n->depth - 1];
		n->stopped = extent_spent(c) || c->world->monotonic() > n->until;
		if (n->stopped)
			return OK;
		TRY(tree_next(c, n->b->snapshot->algo, &l->rest, &entry, &more));
		if (more)
			TRY(count_entry(c, n, &entry));
		else
			leave(c, n);
	}
	return OK;
}

static int by_bytes(const void *a, const void *b, const void *arg)
{
	(void)arg;
	const struct language_share *x = a, *y = b;
	return (x->bytes < y->bytes) - (x->bytes > y->bytes);
}

static void fill(struct ctx *c, const struct sums *sums, struct language_shares *out)
{
	VEC_OF(struct language_share) list = {.arena = c->arena};
	uint64_t all = 0;
	for (int id = 0; id < LANGUAGES; id++)
		all += sums->of[id];
	for (int id = 0; id < LANGUAGES; id++)
		if (sums->of[id] * 1000 / (all ? all : 1) > 0)
			*vec_push(&list) = (struct language_share){
				id, sums->of[id], (unsigned)(sums->of[id] * 1000 / all)};
	sort_array(c->arena, list.at, list.len, sizeof *list.at, by_bytes, NULL);
	*out = (struct language_shares){list.at, list.len < SHOWN ? list.len : SHOWN};
}

enum err browse_languages(
	struct ctx *c, struct browse *b, const struct revision *rev, struct language_shares *out)
{
	struct tree_entry top;
	struct counting n = {.b = b, .until = c->world->monotonic() + MICROS};
	*out = (struct language_shares){0};
	TRY(browse_entry(c, b, rev, STR(""), &top));
	n.levels = NEW_ARRAY(c->arena, struct level, DEPTH_MAX);
	TRY(find_rules(c, &n, &top.id));
	TRY(walk(c, &n, &top.id));
	b->partial = b->partial || n.stopped;
	if (!n.stopped)
		fill(c, &n.levels[0].sums, out);
	return OK;
}
