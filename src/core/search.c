#include "core/search.h"

#include "base/sort.h"
#include "base/vec.h"
#include "core/browse_parts.h"
#include "core/needle.h"
#include "model/pattern.h"

enum {
	GROUP = 32,           /* files whose blobs are read at once */
	DEPTH_MAX = 512,      /* folders in folders */
	LINES_SHOWN = 8,      /* of one file */
	LINES_COUNTED = 1000, /* of one file */
	LINE_SHOWN = 240,     /* bytes of a line */
	LINE_BEFORE = 60,     /* … of which so many before the first mark */
	HEAD = 8000,          /* as git guesses: binary where a NUL is in it */
};

/* A folder that is being walked through. */
struct level {
	struct str path; /* with a '/' at its end, but the top's */
	struct str rest; /* of its tree */
};

struct candidate {
	struct str path;
	struct oid id;
	struct place place;
	struct search_file *found; /* NULL: it is not in it */
	bool by_name, readable;
};

struct searching {
	struct browse *b;
	const struct search_query *q;
	struct search *out;
	struct needle needle;
	bool has_wildcard, is_name; /* of the query's path: it has one; it is of names, wherever */
	VEC_OF(struct level) levels;
	VEC_OF(struct candidate) group;
	VEC_OF(struct search_file) files;
	int64_t end;
};

static bool over(const struct ctx *c, const struct searching *s)
{
	return c->world->monotonic() >= s->end || extent_spent(c);
}

static bool begins(struct str a, struct str b)
{
	return str_starts(a, b) || str_starts(b, a);
}

/* Can there be anything in this folder ("a/b/") that is wanted? */
static bool wants_folder(const struct searching *s, struct str folder)
{
	const struct search_query *q = s->q;
	if (str_cmp(folder, q->after) < 0 && !str_starts(q->after, folder))
		return false;
	if (!q->path.len || s->has_wildcard)
		return true;
	return begins(folder, q->path);
}

static bool wants_file(struct ctx *c, const struct searching *s, struct str path, struct str name)
{
	const struct search_query *q = s->q;
	if (q->after.len && str_cmp(path, q->after) <= 0)
		return false;
	if (!q->path.len)
		return true;
	return pattern_fits_path(c->arena, q->path, s->is_name ? name : path);
}

static enum err enter(struct ctx *c, struct searching *s, struct str path, const struct oid *tree)
{
	struct level level = {.path = path};
	if (s->levels.len == DEPTH_MAX)
		return OK;
	TRY(odb_read_as(c, &s->b->reader, tree, OBJECT_TREE, &level.rest));
	*vec_push(&s->levels) = level;
	return ctx_check(c);
}

static struct str path_of(struct ctx *c, struct str folder, struct str name, const char *end)
{
	return str_of(arena_fmt(c->arena, "%.*s%.*s%s", STR_FMT(folder), STR_FMT(name), end));
}

static enum err take_entry(struct ctx *c, struct searching *s, const struct level *level,
	const struct tree_entry *entry)
{
	if (tree_entry_is_gitlink(entry))
		return OK;
	struct arena_mark mark = arena_mark(c->arena);
	bool tree = tree_entry_is_tree(entry);
	struct str path = path_of(c, level->path, entry->name, tree ? "/" : "");
	if (tree && wants_folder(s, path))
		return enter(c, s, path, &entry->id);
	if (!tree && wants_file(c, s, path, entry->name)) {
		*vec_push(&s->group) = (struct candidate){.path = path,
			.id = entry->id,
			.readable = !s->q->names_only && (entry->mode & 0170000) == 0100000};
		return OK;
	}
	arena_rewind(c->arena, mark);
	return OK;
}

/* The next files, in the order of their paths: trees have them so. */
static enum err gather(struct ctx *c, struct searching *s)
{
	s->group.len = 0;
	while (s->levels.len && s->group.len < GROUP) {
		struct level *level = &s->levels.at[s->levels.len - 1];
		struct tree_entry entry;
		bool more;
		TRY(tree_next(c, s->b->snapshot->algo, &level->rest, &entry, &more));
		if (!more) {
			s->levels.len--;
			continue;
		}
		const struct level here = *level;
		TRY(take_entry(c, s, &here, &entry));
	}
	return OK;
}

/* What is shown of a line, from its first mark's surroundings on, and not within a character. */
static struct str around(struct str line, size_t first, size_t *cut)
{
	*cut = first > LINE_BEFORE && line.len > LINE_SHOWN ? first - LINE_BEFORE : 0;
	while (*cut && *cut < first && ((unsigned char)line.at[*cut] & 0xC0) == 0x80)
		++*cut;
	size_t end = *cut + LINE_SHOWN < line.len ? *cut + LINE_SHOWN : line.len;
	while (end < line.len && end > first && ((unsigned char)line.at[end] & 0xC0) == 0x80)
		end--;
	return str_from(line.at + *cut, end - *cut);
}

static void take_line(struct ctx *c, const struct searching *s, struct str line, size_t first,
	struct search_line *to)
{
	size_t cut;
	struct str shown = around(line, first, &cut);
	to->text = str_copy(c->arena, shown);
	for (size_t at = first - cut; at < shown.len && to->mark_count < SEARCH_MARKS_MAX;
		at = needle_find(&s->needle, shown, at + s->needle.text.len)) {
		size_t len = s->needle.text.len;
		len = at + len > shown.len ? shown.len - at : len;
		to->marks[to->mark_count++] = (struct search_mark){(uint32_t)at, (uint32_t)len};
	}
}

static uint32_t count_lines(struct str text)
{
	uint32_t count = 0;
	for (size_t at = 0; (at += str_find(str_from_index(text, at), '\n')) < text.len; at++)
		count++;
	return count;
}

/* The lines that have it, into `lines`: the text is given back after. */
static struct search_file *lines_of(
	struct ctx *c, const struct searching *s, struct str text, struct search_line *lines)
{
	struct search_file *file = NULL;
	uint32_t number = 1;
	size_t counted = 0, at = needle_find(&s->needle, text, 0);
	while (at < text.len) {
		if (!file)
			file = NEW(c->arena, struct search_file);
		size_t start = str_find_last(str_until(text, at), '\n');
		start = start < at ? start + 1 : 0;
		size_t end = at + str_find(str_from_index(text, at), '\n');
		if (file->count < LINES_SHOWN) {
			struct str line = str_from(text.at + start, end - start);
			number += count_lines(str_from(text.at + counted, start - counted));
			counted = start;
			str_skip_end(&line, STR("\r"));
			lines[file->count].number = number;
			take_line(c, s, line, at - start, &lines[file->count++]);
		} else if (++file->more == LINES_COUNTED) {
			break;
		}
		at = end < text.len ? needle_find(&s->needle, text, end + 1) : text.len;
	}
	return file;
}

static enum err read_one(struct ctx *c, struct searching *s, struct candidate *f)
{
	enum object_type type;
	uint64_t size;
	struct object object;
	struct arena *request = c->arena;
	struct search_line lines[LINES_SHOWN] = {0};
	TRY(odb_stat_at(c, &s->b->reader, &f->place, &type, &size));
	if (size > s->b->core->limits.page_blob_max || type != OBJECT_BLOB) {
		s->out->passed++;
		return OK;
	}
	__attribute__((cleanup(arena_done))) struct arena scratch;
	arena_init(&scratch);
	c->arena = &scratch;
	enum err err = odb_read_at(c, &s->b->reader, &f->place, &object);
	c->arena = request;
	TRY(err);
	struct str head = str_until(object.bytes, HEAD);
	if (head.len && memchr(head.at, 0, head.len)) {
		s->out->passed++;
		return OK;
	}
	s->out->looked_at++;
	f->found = lines_of(c, s, object.bytes, lines);
	if (!f->found)
		return OK;
	struct search_line *kept = NEW_ARRAY(c->arena, struct search_line, f->found->count);
	memcpy(kept, lines, f->found->count * sizeof *lines);
	f->found->lines = kept;
	return OK;
}

static int by_place(const void *a, const void *b, const void *arg)
{
	const struct place *x = &(*(struct candidate *const *)a)->place;
	const struct place *y = &(*(struct candidate *const *)b)->place;
	(void)arg;
	if (x->pack != y->pack)
		return (uintptr_t)x->pack < (uintptr_t)y->pack ? -1 : 1;
	return (x->offset > y->offset) - (x->offset < y->offset);
}

static enum err read_group(struct ctx *c, struct searching *s)
{
	struct candidate *order[GROUP];
	size_t count = 0;
	for (size_t i = 0; i < s->group.len; i++) {
		struct candidate *f = &s->group.at[i];
		bool here = false;
		f->by_name = needle_find(&s->needle, f->path, 0) < f->path.len;
		if (f->readable)
			TRY(odb_find(c, &s->b->reader, &f->id, &f->place, &here));
		if (here)
			order[count++] = f;
	}
	sort_array(c->arena, order, count, sizeof *order, by_place, NULL);
	for (size_t i = 0; i < count; i++) {
		TRY(read_one(c, s, order[i]));
		TRY(ctx_check(c));
	}
	return OK;
}

/* *full: the page is, with the last file. */
static void keep_group(struct searching *s, bool *full)
{
	for (size_t i = 0; i < s->group.len && !*full; i++) {
		const struct candidate *f = &s->group.at[i];
		s->out->after = f->path;
		if (!f->found && !f->by_name)
			continue;
		struct search_file *to = vec_push(&s->files);
		if (f->found)
			*to = *f->found;
		to->path = f->path;
		to->by_name = f->by_name;
		*full = s->files.len == s->q->files;
	}
}

static enum err search_all(struct ctx *c, struct searching *s)
{
	bool full = false;
	do {
		TRY(gather(c, s));
		TRY(read_group(c, s));
		keep_group(s, &full);
		s->out->cut = !full && s->levels.len && over(c, s);
	} while (!full && !s->out->cut && s->group.len);
	/* Nothing comes after what was looked at last, where the walk is at its end. */
	bool all = !s->levels.len &&
		   (!s->group.len || str_eq(s->out->after, s->group.at[s->group.len - 1].path));
	if (all)
		s->out->after = STR("");
	return OK;
}

static bool has_wildcard(struct str text)
{
	for (size_t i = 0; i < text.len; i++)
		if (memchr("*?[\\", text.at[i], 4))
			return true;
	return false;
}

enum err search_files(struct ctx *c, struct browse *b, const struct revision *rev,
	const struct search_query *q, struct search *out)
{
	struct searching s = {.b = b, .q = q, .out = out};
	struct tree_entry top;
	*out = (struct search){0};
	if (q->words.len < SEARCH_WORDS_MIN || q->words.len > SEARCH_WORDS_MAX)
		return fail(c, ERR_INVALID, "search for a text of %d to %d bytes", SEARCH_WORDS_MIN,
			SEARCH_WORDS_MAX);
	if (q->path.len)
		TRY(pattern_check(c, "a path", q->path));
	needle_init(&s.needle, q->words, q->exact_case);
	s.has_wildcard = has_wildcard(q->path);
	s.is_name = s.has_wildcard && str_find(q->path, '/') == q->path.len;
	s.levels.arena = s.group.arena = s.files.arena = c->arena;
	s.end = c->world->monotonic() + q->micros;
	TRY(browse_entry(c, b, rev, STR(""), &top));
	TRY(enter(c, &s, STR(""), &top.id));
	TRY(search_all(c, &s));
	out->files = s.files.at;
	out->count = (uint32_t)s.files.len;
	return OK;
}
