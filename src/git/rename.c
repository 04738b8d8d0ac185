#include "git/rename.h"

#include "base/map.h"
#include "base/sort.h"
#include "base/vec.h"

/*
 * Scores are out of SCORE_MAX, and spans are hashed as git hashes them, so that the same pairs come
 * out at the edge of the limit too.
 */
enum {
	SCORE_MAX = 60000,
	SCORE_MIN = 30000,
	SCORE_MIN_SAME_NAME = 45000,
	SPAN_MAX = 64,
	SPAN_HASHES = 107927,
	BEST_OF_EACH = 4,
	IDENTICAL_TRIED = 100,
};

struct span {
	uint32_t hash, bytes;
};

/* What of a file is compared: its spans, sorted, each hash once. */
struct spans {
	struct span *at;
	size_t count;
	bool read;
};

struct file {
	size_t change; /* its number in the list */
	struct str path, base;
	uint32_t mode;
	struct oid id;
	uint64_t size;
	bool sized, joined;
	struct spans spans;
};

struct files {
	struct arena *arena;
	struct file *at;
	size_t len, cap;
};

struct score {
	int value, same_name;
	size_t from, to;
	bool used;
};

struct finder {
	struct odb_reader *reader;
	const struct rename_limits *limits;
	struct files from, to;
	VEC_OF(struct rename_pair) pairs;
	uint64_t bytes_left;
	bool cut;
};

static bool is_regular(uint32_t mode)
{
	return (mode & 0170000) == 0100000;
}

static int by_hash(const void *a, const void *b, const void *arg)
{
	(void)arg;
	const struct span *x = a, *y = b;
	return (x->hash > y->hash) - (x->hash < y->hash);
}

static bool is_binary(struct str bytes)
{
	struct str head = str_until(bytes, 8000);
	return head.len && memchr(head.at, 0, head.len);
}

static void cut_into_spans(struct ctx *c, struct str bytes, struct spans *out)
{
	VEC_OF(struct span) all = {.arena = c->arena};
	uint32_t a = 0, b = 0, length = 0;
	bool text = !is_binary(bytes);
	for (size_t i = 0; i < bytes.len; i++) {
		unsigned char byte = (unsigned char)bytes.at[i];
		if (text && byte == '\r' && i + 1 < bytes.len && bytes.at[i + 1] == '\n')
			continue;
		uint32_t before = a;
		a = (a << 7) ^ (b >> 25);
		b = (b << 7) ^ (before >> 25);
		a += byte;
		length++;
		if (length < SPAN_MAX && byte != '\n' && i + 1 < bytes.len)
			continue;
		*vec_push(&all) = (struct span){(a + b * 0x61) % SPAN_HASHES, length};
		a = b = length = 0;
	}
	sort_array(c->arena, all.at, all.len, sizeof *all.at, by_hash, NULL);
	size_t kept = 0;
	for (size_t i = 0; i < all.len; i++) {
		if (kept && all.at[kept - 1].hash == all.at[i].hash)
			all.at[kept - 1].bytes += all.at[i].bytes;
		else
			all.at[kept++] = all.at[i];
	}
	*out = (struct spans){all.at, kept, true};
}

static uint64_t shared(const struct spans *old, const struct spans *new)
{
	uint64_t sum = 0;
	for (size_t i = 0, k = 0; i < old->count; i++) {
		while (k < new->count &&new->at[k].hash < old->at[i].hash)
			k++;
		if (k == new->count || new->at[k].hash != old->at[i].hash)
			continue;
		uint32_t a = old->at[i].bytes, b = new->at[k].bytes;
		sum += a < b ? a : b;
	}
	return sum;
}

uint64_t shared_bytes(struct ctx *c, struct str old, struct str new)
{
	struct spans a, b;
	cut_into_spans(c, old, &a);
	cut_into_spans(c, new, &b);
	return shared(&a, &b);
}

static enum err size_of(struct ctx *c, struct finder *f, struct file *file)
{
	enum object_type type;
	struct str bytes;
	if (file->sized)
		return OK;
	file->sized = true;
	if (!f->limits->read)
		return odb_stat(c, f->reader, &file->id, &type, &file->size);
	TRY(f->limits->read(c, f->limits->read_arg, &file->id, &bytes));
	file->size = bytes.len;
	return OK;
}

static enum err read_file(struct ctx *c, struct finder *f, const struct file *file, struct str *out)
{
	if (f->limits->read)
		return f->limits->read(c, f->limits->read_arg, &file->id, out);
	return odb_read_as(c, f->reader, &file->id, OBJECT_BLOB, out);
}

static enum err spans_of(struct ctx *c, struct finder *f, struct file *file)
{
	struct str bytes;
	if (file->spans.read)
		return OK;
	if (file->size > f->bytes_left || !extent_leaves(c, file->size)) {
		f->cut = true;
		return OK;
	}
	f->bytes_left -= file->size;
	TRY(ctx_check(c));
	TRY(read_file(c, f, file, &bytes));
	cut_into_spans(c, bytes, &file->spans);
	return OK;
}

static enum err estimate(
	struct ctx *c, struct finder *f, struct file *from, struct file *to, int *out)
{
	*out = 0;
	f->cut = f->cut || extent_spent(c);
	if (f->cut || !is_regular(from->mode) || !is_regular(to->mode))
		return OK;
	TRY(size_of(c, f, from));
	TRY(size_of(c, f, to));
	uint64_t longer = from->size > to->size ? from->size : to->size;
	uint64_t shorter = from->size + to->size - longer;
	if (longer > f->limits->file_bytes ||
		longer * (SCORE_MAX - SCORE_MIN) < (longer - shorter) * SCORE_MAX)
		return OK;
	TRY(spans_of(c, f, from));
	TRY(spans_of(c, f, to));
	if (!f->cut && to->size)
		*out = (int)(shared(&from->spans, &to->spans) * SCORE_MAX / longer);
	return OK;
}

static void join(struct finder *f, struct file *from, struct file *to, int score)
{
	struct rename_pair *pair = vec_push(&f->pairs);
	*pair = (struct rename_pair){from->change, to->change, score * 100 / SCORE_MAX};
	from->joined = to->joined = true;
}

/* Of all with this content: the first of the same name, else the first. */
static void join_exact(struct finder *f, struct file *to, const size_t *next, size_t first)
{
	struct file *best = NULL;
	int tried = 0;
	for (size_t i = first; i && tried < IDENTICAL_TRIED; i = next[i - 1]) {
		struct file *from = &f->from.at[i - 1];
		bool fits =
			from->mode == to->mode || (is_regular(from->mode) && is_regular(to->mode));
		if (!fits || from->joined)
			continue;
		tried++;
		bool same = str_eq(from->base, to->base);
		if (!best || same)
			best = from;
		if (same)
			break;
	}
	if (best)
		join(f, best, to, SCORE_MAX);
}

static void find_exact(struct ctx *c, struct finder *f)
{
	struct map by_id = {.arena = c->arena};
	size_t *next = NEW_ARRAY(c->arena, size_t, f->from.len + 1);
	c->world->random(&by_id.seed, sizeof by_id.seed);
	for (size_t i = f->from.len; i-- > 0;) {
		void **first = map_put(&by_id, str_from(f->from.at[i].id.hash, HASH_MAX));
		next[i] = (size_t)(uintptr_t)*first;
		*first = (void *)(uintptr_t)(i + 1);
	}
	for (size_t i = 0; i < f->to.len; i++) {
		struct file *to = &f->to.at[i];
		void *first = map_get(&by_id, str_from(to->id.hash, HASH_MAX));
		if (first)
			join_exact(f, to, next, (size_t)(uintptr_t)first);
	}
}

/* base name -> 1 + the file's number among those that are not joined; SIZE_MAX: several. */
static void index_names(struct map *names, const struct files *files)
{
	for (size_t i = 0; i < files->len; i++) {
		if (files->at[i].joined)
			continue;
		void **place = map_put(names, files->at[i].base);
		*place = (void *)(*place ? UINTPTR_MAX : (uintptr_t)(i + 1));
	}
}

/* A file whose name is the only one of its kind on both sides is most likely the same file. */
static enum err find_same_names(struct ctx *c, struct finder *f)
{
	struct map from = {.arena = c->arena}, to = {.arena = c->arena};
	c->world->random(&from.seed, sizeof from.seed);
	to.seed = from.seed;
	index_names(&from, &f->from);
	index_names(&to, &f->to);
	for (size_t i = 0; i < f->from.len; i++) {
		struct file *file = &f->from.at[i];
		uintptr_t here = (uintptr_t)map_get(&from, file->base);
		uintptr_t there = (uintptr_t)map_get(&to, file->base);
		int score;
		if (file->joined || !there || here == UINTPTR_MAX || there == UINTPTR_MAX)
			continue;
		TRY(estimate(c, f, file, &f->to.at[there - 1], &score));
		if (score >= SCORE_MIN_SAME_NAME)
			join(f, file, &f->to.at[there - 1], score);
	}
	return OK;
}

static int by_score(const void *a, const void *b, const void *arg)
{
	(void)arg;
	const struct score *x = a, *y = b;
	if (x->used != y->used)
		return x->used ? -1 : 1;
	if (x->value != y->value)
		return x->value > y->value ? -1 : 1;
	return y->same_name - x->same_name;
}

/* Keeps the best few of each added file: more would not be joined anyway. */
static void keep_best(struct score best[BEST_OF_EACH], const struct score *s)
{
	int worst = 0;
	for (int i = 1; i < BEST_OF_EACH; i++)
		if (by_score(&best[i], &best[worst], NULL) > 0)
			worst = i;
	if (by_score(&best[worst], s, NULL) > 0)
		best[worst] = *s;
}

static size_t left_of(const struct files *files)
{
	size_t count = 0;
	for (size_t i = 0; i < files->len; i++)
		count += !files->at[i].joined;
	return count;
}

static enum err find_similar(struct ctx *c, struct finder *f)
{
	size_t rows = left_of(&f->to), columns = left_of(&f->from);
	if (rows == 0 || columns == 0)
		return OK;
	if (columns > f->limits->pairs / rows) {
		f->cut = true;
		return OK;
	}
	struct score *all = NEW_ARRAY(c->arena, struct score, rows * BEST_OF_EACH), *row = all;
	for (size_t i = 0; i < f->to.len; i++) {
		if (f->to.at[i].joined)
			continue;
		for (size_t k = 0; k < f->from.len && !f->cut; k++) {
			struct score s = {.from = k, .to = i, .used = true};
			if (f->from.at[k].joined)
				continue;
			TRY(estimate(c, f, &f->from.at[k], &f->to.at[i], &s.value));
			s.same_name = str_eq(f->from.at[k].base, f->to.at[i].base);
			keep_best(row, &s);
		}
		row += BEST_OF_EACH;
		TRY(ctx_check(c));
	}
	if (f->cut)
		return OK;
	sort_array(c->arena, all, rows * BEST_OF_EACH, sizeof *all, by_score, NULL);
	for (size_t i = 0; i < rows * BEST_OF_EACH; i++) {
		const struct score *s = &all[i];
		if (!s->used || s->value < SCORE_MIN)
			break;
		if (!f->from.at[s->from].joined && !f->to.at[s->to].joined)
			join(f, &f->from.at[s->from], &f->to.at[s->to], s->value);
	}
	return OK;
}

static struct str base_name(struct str path)
{
	size_t slash = str_find_last(path, '/');
	return slash < path.len ? str_from_index(path, slash + 1) : path;
}

/* What became something else in its place (a file a link) has not moved. */
static bool stayed(const struct tree_changes *changes, size_t i)
{
	struct str path = changes->at[i].path;
	return (i && str_eq(changes->at[i - 1].path, path)) ||
	       (i + 1 < changes->count && str_eq(changes->at[i + 1].path, path));
}

static enum err add_file(
	struct ctx *c, struct finder *f, const struct tree_changes *changes, size_t i)
{
	const struct tree_change *t = &changes->at[i];
	bool deleted = !t->new_mode;
	if ((t->old_mode && t->new_mode) || stayed(changes, i))
		return OK;
	struct file file = {.change = i, .path = t->path, .base = base_name(t->path)};
	file.mode = deleted ? t->old_mode : t->new_mode;
	file.id = deleted ? t->old_id : t->new_id;
	if (!deleted && f->limits->only.len && !str_eq(f->limits->only, t->path))
		return OK;
	if (f->limits->no_empty && is_regular(file.mode)) {
		TRY(size_of(c, f, &file));
		if (file.size == 0)
			return OK;
	}
	*vec_push(deleted ? &f->from : &f->to) = file;
	return OK;
}

static int by_to(const void *a, const void *b, const void *arg)
{
	(void)arg;
	const struct rename_pair *x = a, *y = b;
	return (x->to > y->to) - (x->to < y->to);
}

enum err renames_find(struct ctx *c, struct odb_reader *r, const struct tree_changes *changes,
	const struct rename_limits *limits, struct rename_pairs *out)
{
	struct finder f = {.reader = r, .limits = limits, .bytes_left = limits->all_bytes};
	f.from.arena = f.to.arena = f.pairs.arena = c->arena;
	*out = (struct rename_pairs){0};
	for (size_t i = 0; i < changes->count; i++)
		TRY(add_file(c, &f, changes, i));
	if (f.from.len == 0 || f.to.len == 0)
		return OK;
	find_exact(c, &f);
	TRY(find_same_names(c, &f));
	TRY(find_similar(c, &f));
	sort_array(c->arena, f.pairs.at, f.pairs.len, sizeof *f.pairs.at, by_to, NULL);
	*out = (struct rename_pairs){f.pairs.at, f.pairs.len, f.cut};
	return OK;
}
