#include "core/search.h"

#include "base/sort.h"
#include "base/vec.h"
#include "core/browse_parts.h"
#include "core/matcher.h"
#include "model/pattern.h"

enum {
	GROUP = 32,           /* files whose blobs are read at once */
	DEPTH_MAX = 512,      /* folders in folders */
	LINES_SHOWN = 8,      /* of one file */
	LINES_COUNTED = 1000, /* of one file */
	LINE_SHOWN = 240,     /* bytes of a line */
	LINE_BEFORE = 60,     /* … of which so many before the first mark */
	HEAD = 8000,          /* as git guesses: binary where a NUL is in it */
	PATH_BYTES = 4096,    /* of a path: no system has room for a longer one */
	FILE_MICROS = 250000, /* that an expression may take for one file */
};

/* A folder that is being walked through. */
struct level {
	struct str path;        /* with a '/' at its end, but the top's */
	struct str rest;        /* of its tree */
	struct arena_mark mark; /* in searching.trees, before it */
};

struct candidate {
	struct str path;
	struct oid id;
	struct place place;
	struct search_file *found; /* NULL: it is not in it */
	bool by_name, readable;
	bool done; /* it is known what is in it */
};

struct searching {
	struct browse *b;
	const struct search_query *q;
	struct search *out;
	struct matcher matcher;
	bool has_wildcard, is_name; /* of the query's path: it has one; it is of names, wherever */
	VEC_OF(struct level) levels;
	VEC_OF(struct candidate) group;
	VEC_OF(struct search_file) files;
	struct arena trees; /* those of `levels`: what was walked through is given back */
	int64_t end;
	char path[PATH_BYTES]; /* what the walk has come to … */
	size_t path_len;
	bool moved; /* … which is behind where it began: so the next look gets on */
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
	struct level level = {.mark = arena_mark(&s->trees)};
	if (s->levels.len == DEPTH_MAX)
		return OK;
	struct arena *request = c->arena;
	c->arena = &s->trees;
	level.path = str_copy(c->arena, path);
	enum err err = odb_read_as(c, &s->b->reader, tree, OBJECT_TREE, &level.rest);
	c->arena = request;
	TRY(err);
	*vec_push(&s->levels) = level;
	return ctx_check_with(c, &s->trees);
}

static void leave(struct searching *s)
{
	arena_rewind(&s->trees, s->levels.at[--s->levels.len].mark);
}

/* The path of an entry, which for a folder ends with a '/'; empty where it is too long. */
static struct str set_path(struct searching *s, struct str folder, const struct tree_entry *entry)
{
	bool tree = tree_entry_is_tree(entry);
	size_t len = folder.len + entry->name.len + tree;
	if (len > sizeof s->path)
		return STR("");
	memcpy(s->path, folder.at, folder.len);
	memcpy(s->path + folder.len, entry->name.at, entry->name.len);
	if (tree)
		s->path[len - 1] = '/';
	s->path_len = len;
	return str_from(s->path, len);
}

static enum err take_entry(struct ctx *c, struct searching *s, const struct level *level,
	const struct tree_entry *entry)
{
	struct str path = set_path(s, level->path, entry);
	if (!path.len) {
		s->out->passed++;
		return OK;
	}
	if (tree_entry_is_tree(entry) && wants_folder(s, path))
		return enter(c, s, path, &entry->id);
	s->moved = s->moved || str_cmp(path, s->q->after) > 0;
	if (tree_entry_is_tree(entry) || tree_entry_is_gitlink(entry))
		return OK;
	struct arena_mark mark = arena_mark(c->arena);
	bool wanted = wants_file(c, s, path, entry->name);
	arena_rewind(c->arena, mark);
	if (wanted)
		*vec_push(&s->group) = (struct candidate){.path = str_copy(c->arena, path),
			.id = entry->id,
			.readable = !s->q->names_only && (entry->mode & 0170000) == 0100000};
	return OK;
}

/* The next files, in the order of their paths: trees have them so. */
static enum err gather(struct ctx *c, struct searching *s)
{
	s->group.len = 0;
	while (s->levels.len && s->group.len < GROUP && !(s->moved && over(c, s))) {
		struct level *level = &s->levels.at[s->levels.len - 1];
		struct tree_entry entry;
		bool more;
		TRY(tree_next(c, s->b->snapshot->algo, &level->rest, &entry, &more));
		if (!more) {
			leave(s);
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

/* Marks what is found in the part of a line that is shown. */
static enum err take_line(struct ctx *c, struct searching *s, struct str line,
	struct regex_match match, struct search_line *to)
{
	size_t cut;
	struct str shown = around(line, match.at, &cut);
	to->text = str_copy(c->arena, shown);
	while (match.found && match.at < cut + shown.len && to->mark_count < SEARCH_MARKS_MAX) {
		size_t at = match.at - cut, left = shown.len - at;
		size_t len = match.len < left ? match.len : left;
		if (len)
			to->marks[to->mark_count++] =
				(struct search_mark){(uint32_t)at, (uint32_t)len};
		size_t next = match.at + (match.len ? match.len : 1);
		TRY(matcher_find(c, &s->matcher, line, next, &match));
	}
	return OK;
}

static uint32_t count_lines(struct str text)
{
	uint32_t count = 0;
	for (size_t at = 0; (at += str_find(str_from_index(text, at), '\n')) < text.len; at++)
		count++;
	return count;
}

/* The lines that have it, into `lines`: the text is given back after. *count 0: none has. */
static enum err lines_of(struct ctx *c, struct searching *s, struct str text,
	struct search_line *lines, struct search_file *file)
{
	uint32_t number = 1;
	size_t counted = 0;
	struct regex_match match;
	TRY(matcher_find(c, &s->matcher, text, 0, &match));
	while (match.found) {
		size_t start = str_find_last(str_until(text, match.at), '\n');
		start = start < match.at ? start + 1 : 0;
		size_t end = match.at + str_find(str_from_index(text, match.at), '\n');
		if (file->count < LINES_SHOWN) {
			struct str line = str_from(text.at + start, end - start);
			number += count_lines(str_from(text.at + counted, start - counted));
			counted = start;
			str_skip_end(&line, STR("\r"));
			match.at -= start;
			lines[file->count].number = number;
			TRY(take_line(c, s, line, match, &lines[file->count++]));
		} else if (++file->more == LINES_COUNTED) {
			break;
		}
		match.found = false;
		if (end < text.len)
			TRY(matcher_find(c, &s->matcher, text, end + 1, &match));
	}
	return OK;
}

/* What an expression has not found in its time is not known: what it has found stays. */
static enum err look_into(struct ctx *c, struct searching *s, struct str text, struct candidate *f)
{
	struct search_line lines[LINES_SHOWN] = {0};
	struct search_file file = {0};
	s->out->looked_at++;
	s->matcher.until = c->world->monotonic() + FILE_MICROS;
	enum err err = lines_of(c, s, text, lines, &file);
	if (err && !(err == ERR_TIMEOUT && s->matcher.regex))
		return err;
	if (err) {
		s->out->hard++;
		ctx_clear(c);
	}
	if (!file.count)
		return OK;
	struct search_line *kept = NEW_ARRAY(c->arena, struct search_line, file.count);
	memcpy(kept, lines, file.count * sizeof *lines);
	file.lines = kept;
	f->found = NEW(c->arena, struct search_file);
	*f->found = file;
	return OK;
}

static enum err read_one(struct ctx *c, struct searching *s, struct candidate *f)
{
	enum object_type type;
	uint64_t size;
	struct object object;
	struct arena *request = c->arena;
	f->done = true;
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
	return look_into(c, s, object.bytes, f);
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

static enum err match_names(struct ctx *c, struct searching *s)
{
	s->matcher.until = c->world->monotonic() + FILE_MICROS;
	for (size_t i = 0; i < s->group.len; i++) {
		struct regex_match match;
		struct candidate *f = &s->group.at[i];
		enum err err = matcher_find(c, &s->matcher, f->path, 0, &match);
		if (err && !(err == ERR_TIMEOUT && s->matcher.regex))
			return err;
		if (err) {
			s->out->hard++;
			ctx_clear(c);
		}
		f->by_name = match.found;
	}
	return OK;
}

/* All of them, or those that there is time for, and the first by its path. */
static enum err read_group(struct ctx *c, struct searching *s)
{
	struct candidate *order[GROUP];
	size_t count = 0;
	TRY(match_names(c, s));
	for (size_t i = 0; i < s->group.len; i++) {
		struct candidate *f = &s->group.at[i];
		bool here = false;
		if (f->readable)
			TRY(odb_find(c, &s->b->reader, &f->id, &f->place, &here));
		if (here)
			order[count++] = f;
		f->done = !here;
	}
	sort_array(c->arena, order, count, sizeof *order, by_place, NULL);
	for (size_t i = 0; i < count && !over(c, s); i++) {
		TRY(read_one(c, s, order[i]));
		TRY(ctx_check(c));
	}
	if (s->group.len && !s->group.at[0].done)
		TRY(read_one(c, s, &s->group.at[0]));
	return OK;
}

/* What is known of them, up to the first of which nothing is. *full: the page is, with the last file. */
static size_t keep_group(struct searching *s, bool *full)
{
	size_t i = 0;
	for (; i < s->group.len && s->group.at[i].done && !*full; i++) {
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
	return i;
}

static enum err search_all(struct ctx *c, struct searching *s)
{
	bool full = false, all = false;
	while (!full && !all && !s->out->cut) {
		TRY(gather(c, s));
		TRY(read_group(c, s));
		bool kept = keep_group(s, &full) == s->group.len;
		all = kept && !s->levels.len;
		s->out->cut = !full && !all && (!kept || over(c, s));
		/* The walk has come further than to the last file that it took. */
		if (s->out->cut && kept && s->moved)
			s->out->after = str_copy(c->arena, str_from(s->path, s->path_len));
	}
	if (all)
		s->out->after = STR("");
	s->out->long_lines = s->matcher.long_lines;
	return OK;
}

static bool has_wildcard(struct str text)
{
	for (size_t i = 0; i < text.len; i++)
		if (memchr("*?[\\", text.at[i], 4))
			return true;
	return false;
}

static enum err check_query(struct ctx *c, const struct search_query *q)
{
	if (q->words.len < SEARCH_WORDS_MIN || q->words.len > SEARCH_WORDS_MAX)
		return fail(c, ERR_INVALID, "search for a text of %d to %d bytes", SEARCH_WORDS_MIN,
			SEARCH_WORDS_MAX);
	if (q->path.len)
		TRY(pattern_check(c, "a path", q->path));
	return OK;
}

static void close_searching(struct searching *s)
{
	regex_close(&s->matcher.regex);
	arena_done(&s->trees);
}

enum err search_files(struct ctx *c, struct browse *b, const struct revision *rev,
	const struct search_query *q, struct search *out)
{
	__attribute__((cleanup(close_searching))) struct searching s = {
		.b = b, .q = q, .out = out, .end = c->world->monotonic() + q->micros};
	struct tree_entry top;
	*out = (struct search){0};
	arena_init(&s.trees);
	TRY(check_query(c, q));
	if (q->regex)
		TRY(regex_compile(c, b->core->regex, q->words, q->exact_case, &s.matcher.regex));
	else
		needle_init(&s.matcher.needle, q->words, q->exact_case);
	s.has_wildcard = has_wildcard(q->path);
	s.is_name = s.has_wildcard && str_find(q->path, '/') == q->path.len;
	s.levels.arena = s.group.arena = s.files.arena = c->arena;
	TRY(browse_entry(c, b, rev, STR(""), &top));
	TRY(enter(c, &s, STR(""), &top.id));
	TRY(search_all(c, &s));
	out->files = s.files.at;
	out->count = (uint32_t)s.files.len;
	b->partial = b->partial || out->cut;
	return OK;
}
