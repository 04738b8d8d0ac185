#include "git/links.h"

#include "base/host.h"
#include "base/map.h"

enum { LINKS_FIRST_CAP = 1024 };

static struct link *slots_make(size_t cap)
{
	struct link *slots = host_alloc(cap * sizeof *slots);
	memset(slots, 0, cap * sizeof *slots);
	return slots;
}

void links_init(struct links *l, enum hash_algo algo, uint64_t seed)
{
	*l = (struct links){.algo = algo, .seed = seed, .cap = LINKS_FIRST_CAP};
	l->slots = slots_make(l->cap);
}

void links_done(struct links *l)
{
	if (l->slots)
		host_free(l->slots, l->cap * sizeof *l->slots);
	l->slots = NULL;
}

static struct link *slot_of(const struct links *l, const uint8_t *hash)
{
	size_t size = hash_size(l->algo);
	size_t at = (size_t)bytes_hash(l->seed, hash, size) & (l->cap - 1);
	while (l->slots[at].type && memcmp(l->slots[at].hash, hash, size) != 0)
		at = (at + 1) & (l->cap - 1);
	return &l->slots[at];
}

static void links_grow(struct links *l)
{
	struct links bigger = *l;
	bigger.cap = l->cap * 2;
	bigger.slots = slots_make(bigger.cap);
	for (size_t i = 0; i < l->cap; i++) {
		if (l->slots[i].type)
			*slot_of(&bigger, l->slots[i].hash) = l->slots[i];
	}
	links_done(l);
	*l = bigger;
}

enum err links_add(struct ctx *c, struct links *l, const struct oid *id, enum object_type type)
{
	char hex[OID_HEX_MAX];
	if (l->count * 4 >= l->cap * 3)
		links_grow(l);
	struct link *slot = slot_of(l, id->hash);
	if (!slot->type && l->count == LINKS_MAX)
		return fail(c, ERR_TOO_BIG, "the objects name more than %d others", LINKS_MAX);
	if (!slot->type) {
		memcpy(slot->hash, id->hash, HASH_MAX);
		slot->type = (uint8_t)type;
		l->count++;
	} else if (slot->type != type) {
		/* In the same words, whichever came first. */
		enum object_type one = slot->type < type ? slot->type : type;
		enum object_type other = slot->type < type ? type : slot->type;
		return fail(c, ERR_CORRUPT, "object %s is named as a %s and as a %s",
			oid_hex(id, hex), object_type_name(one), object_type_name(other));
	}
	return OK;
}

static enum object_type entry_type(const struct tree_entry *entry)
{
	return tree_entry_is_tree(entry) ? OBJECT_TREE : OBJECT_BLOB;
}

static bool entry_before(const struct tree_entry *a, const struct tree_entry *b)
{
	return tree_name_cmp(a->name, tree_entry_is_tree(a), b->name, tree_entry_is_tree(b)) < 0;
}

static bool same_link(const struct tree_entry *a, const struct tree_entry *b)
{
	return !tree_entry_is_gitlink(a) && entry_type(a) == entry_type(b) &&
	       oid_eq(&a->id, &b->id);
}

static enum err links_add_tree(struct ctx *c, struct links *l, struct str bytes, struct str like)
{
	struct tree_entry entry, other;
	bool more, other_more;
	TRY(tree_next(c, l->algo, &like, &other, &other_more));
	for (;;) {
		TRY(tree_next(c, l->algo, &bytes, &entry, &more));
		if (!more)
			return OK;
		while (other_more && entry_before(&other, &entry))
			TRY(tree_next(c, l->algo, &like, &other, &other_more));
		if (tree_entry_is_gitlink(&entry) || (other_more && same_link(&other, &entry)))
			continue;
		TRY(links_add(c, l, &entry.id, entry_type(&entry)));
	}
}

static enum err links_add_commit(struct ctx *c, struct links *l, struct str bytes)
{
	struct commit commit;
	struct arena_mark mark = arena_mark(c->arena);
	TRY(commit_parse(c, l->algo, bytes, &commit));
	TRY(links_add(c, l, &commit.tree, OBJECT_TREE));
	for (size_t i = 0; i < commit.parent_count; i++)
		TRY(links_add(c, l, &commit.parents[i], OBJECT_COMMIT));
	arena_rewind(c->arena, mark);
	return OK;
}

enum err links_add_object(struct ctx *c, struct links *l, const struct object *o, struct str like)
{
	struct tag tag;
	switch (o->type) {
	case OBJECT_COMMIT: return links_add_commit(c, l, o->bytes);
	case OBJECT_TREE: return links_add_tree(c, l, o->bytes, like);
	case OBJECT_TAG:
		TRY(tag_parse(c, l->algo, o->bytes, &tag));
		return links_add(c, l, &tag.target, tag.target_type);
	default: return OK;
	}
}
