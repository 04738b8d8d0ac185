/* What a commit changed: trees, then renames, then lines. */
#include "base/vec.h"
#include "core/browse_parts.h"
#include "git/diff.h"
#include "git/rename.h"
#include "git/word_diff.h"

enum { HEADING_MAX = 80, WORD_PAIRS_MAX = 1000, WORD_RUN_MAX = 30 };

struct job {
	struct browse *browse;
	const struct diff_limits *limits;
	struct diff_file *files;
	size_t count;
	uint32_t context;
	int64_t until; /* world->monotonic(); 0: no matter */
	size_t lines_left;
	uint64_t bytes_left;
	size_t pairs_left;    /* of lines that are compared word by word */
	struct arena scratch; /* what comparing one file needs, given back after each */
};

static void job_done(struct job *j)
{
	arena_done(&j->scratch);
}

static bool is_gitlink(uint32_t mode)
{
	return (mode & 0170000) == MODE_GITLINK;
}

static enum err read_text(struct ctx *c, struct job *j, const struct oid *id, struct str *out)
{
	*out = STR("");
	return id->algo ? odb_read_as(c, &j->browse->reader, id, OBJECT_BLOB, out) : OK;
}

static enum err size_of(struct ctx *c, struct job *j, const struct oid *id, uint64_t *out)
{
	enum object_type type;
	*out = 0;
	return id->algo ? odb_stat(c, &j->browse->reader, id, &type, out) : OK;
}

static bool has_nul(struct str bytes)
{
	struct str head = str_until(bytes, 8000);
	return head.len && memchr(head.at, 0, head.len);
}

/* Like git's default: a line that begins with a letter, '_' or '$' heads what follows it. */
static bool is_heading(struct str line)
{
	if (line.len == 0)
		return false;
	char first = line.at[0];
	return (first >= 'a' && first <= 'z') || (first >= 'A' && first <= 'Z') || first == '_' ||
	       first == '$';
}

static struct str heading_before(const struct text_lines *old, uint32_t at, uint32_t stop)
{
	while (at-- > stop)
		if (is_heading(old->at[at]))
			return str_trim(str_until(old->at[at], HEADING_MAX));
	return STR("");
}

struct lines {
	VEC_OF(struct diff_line) all;
	uint32_t old_line, new_line;
};

/* Lines *at .. end - 1 of a side. What both have is shown as the new one has it, as git does. */
static void add_lines(
	struct lines *to, const struct text_lines *from, uint32_t *at, uint32_t end, char kind)
{
	for (; *at < end; ++*at) {
		struct diff_line *line = vec_push(&to->all);
		line->kind = kind;
		line->text = from->at[*at];
		line->no_newline = !str_skip_end(&line->text, STR("\n"));
		if (kind != '+')
			line->old_line = ++to->old_line;
		if (kind != '-')
			line->new_line = ++to->new_line;
	}
}

static struct diff_line *fill_hunk(struct ctx *c, const struct diff_script *s,
	const struct diff_span *span, struct diff_hunk *out)
{
	struct lines lines = {.all.arena = c->arena};
	uint32_t a = span->old_at, b = span->new_at;
	lines.old_line = a, lines.new_line = b;
	for (size_t i = span->first; i < span->first + span->count; i++) {
		const struct diff_edit *e = &s->edits[i];
		add_lines(&lines, &s->new, &b, e->new_at, ' ');
		a = e->old_at;
		add_lines(&lines, &s->old, &a, e->old_at + e->old_count, '-');
		add_lines(&lines, &s->new, &b, e->new_at + e->new_count, '+');
	}
	add_lines(&lines, &s->new, &b, span->new_at + span->new_count, ' ');
	out->lines = lines.all.at;
	out->line_count = lines.all.len;
	out->old_count = span->old_count;
	out->new_count = span->new_count;
	/* A side without lines is numbered by the line before it. */
	out->old_at = span->old_at + (span->old_count > 0);
	out->new_at = span->new_at + (span->new_count > 0);
	return lines.all.at;
}

static void copy_marks(struct ctx *c, const struct word_spans *from, struct diff_line *to)
{
	struct diff_mark *marks = NEW_ARRAY(c->arena, struct diff_mark, from->count + 1);
	for (size_t i = 0; i < from->count; i++)
		marks[i] = (struct diff_mark){from->at[i].at, from->at[i].len};
	to->marks = marks;
	to->mark_count = from->count;
}

static enum err mark_pair(
	struct ctx *c, struct job *j, struct diff_line *old, struct diff_line *new)
{
	struct ctx own = *c;
	struct word_spans in_old, in_new;
	struct arena_mark mark = arena_mark(&j->scratch);
	own.arena = &j->scratch;
	enum err err = word_diff(&own, old->text, new->text, &in_old, &in_new);
	if (!err && in_old.count)
		copy_marks(c, &in_old, old);
	if (!err && in_new.count)
		copy_marks(c, &in_new, new);
	arena_rewind(&j->scratch, mark);
	if (err)
		c->error = own.error;
	return err;
}

/* As many lines added as deleted in one place are most likely the same lines, changed. */
static enum err mark_words(struct ctx *c, struct job *j, struct diff_line *lines, size_t count)
{
	for (size_t at = 0; at < count;) {
		size_t old = at, new, end;
		while (at < count && lines[at].kind == '-')
			at++;
		new = at;
		while (at < count && lines[at].kind == '+')
			at++;
		end = at;
		at += at == old;
		if (new == old || new - old != end - new || new - old > WORD_RUN_MAX)
			continue;
		for (size_t i = 0; i < new - old && j->pairs_left; i++, j->pairs_left--)
			TRY(mark_pair(c, j, &lines[old + i], &lines[new + i]));
	}
	return OK;
}

static enum err fill_hunks(
	struct ctx *c, struct job *j, const struct diff_script *s, struct diff_file *f)
{
	VEC_OF(struct diff_hunk) hunks = {.arena = c->arena};
	struct diff_span span;
	uint32_t scanned = 0;
	struct str heading = STR("");
	for (size_t at = 0; diff_next_span(s, j->context, &at, &span);) {
		struct diff_hunk *hunk = vec_push(&hunks);
		struct str found = heading_before(&s->old, span.old_at, scanned);
		heading = found.len ? found : heading;
		scanned = span.old_at;
		struct diff_line *lines = fill_hunk(c, s, &span, hunk);
		hunk->heading = heading;
		if (j->pairs_left)
			TRY(mark_words(c, j, lines, hunk->line_count));
	}
	f->hunks = hunks.at;
	f->hunk_count = hunks.len;
	return OK;
}

static unsigned how_of(const struct diff_wish *wish)
{
	static const unsigned how[] = {0, DIFF_NO_SPACE_AT_END, DIFF_NO_SPACE};
	return DIFF_BY_INDENT | how[wish->white];
}

/* The script lies in the scratch arena: valid until the next file. */
static enum err compare_lines(
	struct ctx *c, struct job *j, struct str old, struct str new, struct diff_script *out)
{
	struct ctx own = *c;
	own.arena = &j->scratch;
	enum err err = diff_texts(&own, old, new, how_of(&j->limits->wish), out);
	c->error = own.error;
	return err;
}

static bool is_pointer(struct str text)
{
	struct str oid;
	uint64_t size;
	return browse_lfs(text, &oid, &size);
}

static enum err compare_text(struct ctx *c, struct job *j, struct diff_file *f)
{
	struct str old, new;
	struct diff_script script;
	TRY(read_text(c, j, &f->old_id, &old));
	TRY(read_text(c, j, &f->new_id, &new));
	if (has_nul(old) || has_nul(new)) {
		f->without = DIFF_BINARY;
		return OK;
	}
	f->is_lfs = is_pointer(old) || is_pointer(new);
	enum err err = compare_lines(c, j, old, new, &script);
	if (err == ERR_TOO_BIG) {
		ctx_clear(c);
		f->without = DIFF_TOO_BIG;
		return OK;
	}
	TRY(err);
	for (size_t i = 0; i < script.count; i++) {
		f->removed += script.edits[i].old_count;
		f->added += script.edits[i].new_count;
	}
	uint64_t around = (uint64_t)script.count * 2 * j->context;
	around = around < script.new.count ? around : script.new.count;
	uint64_t shown = (uint64_t)f->added + f->removed + around;
	if (shown > j->lines_left) {
		f->without = DIFF_TOO_BIG;
		return OK;
	}
	j->lines_left -= (size_t)shown;
	return fill_hunks(c, j, &script, f);
}

static enum err compare_file(struct ctx *c, struct job *j, struct diff_file *f)
{
	uint64_t old, new;
	if (is_gitlink(f->old_mode) || is_gitlink(f->new_mode)) {
		f->without = DIFF_SUBMODULE;
		return OK;
	}
	if (oid_eq(&f->old_id, &f->new_id))
		return OK;
	TRY(size_of(c, j, &f->old_id, &old));
	TRY(size_of(c, j, &f->new_id, &new));
	if (old > j->limits->file_bytes || new > j->limits->file_bytes ||
		old + new > j->bytes_left) {
		f->without = DIFF_TOO_BIG;
		return OK;
	}
	if (!extent_leaves(c, old + new)) {
		f->without = DIFF_UNREAD;
		return OK;
	}
	j->bytes_left -= old + new;
	struct arena_mark mark = arena_mark(c->arena), empty = arena_mark(&j->scratch);
	TRY(compare_text(c, j, f));
	arena_rewind(&j->scratch, empty);
	if (f->hunk_count == 0)
		arena_rewind(c->arena, mark);
	return OK;
}

static void add_file(struct diff_file *f, const struct tree_change *t)
{
	f->change = !t->old_mode ? DIFF_ADDED : !t->new_mode ? DIFF_DELETED : DIFF_MODIFIED;
	f->old_path = f->new_path = t->path;
	f->old_mode = t->old_mode;
	f->new_mode = t->new_mode;
	f->old_id = t->old_id;
	f->new_id = t->new_id;
	enum file_kind kind;
	f->is_image = browse_media_type(t->path, &kind) && kind == FILE_IMAGE;
}

/* The old file now has the new one's name; its own row goes away (old_path empty). */
static void join(struct diff_file *from, struct diff_file *to, int similarity)
{
	to->change = DIFF_RENAMED;
	to->old_path = from->old_path;
	to->old_mode = from->old_mode;
	to->old_id = from->old_id;
	to->similarity = similarity;
	from->old_path = from->new_path = STR("");
}

static bool is_gone(const struct diff_file *f)
{
	return f->old_path.len == 0;
}

/* What the search for renames reads lies in the scratch arena. */
static enum err find_renames(struct ctx *c, struct job *j, const struct tree_changes *changes)
{
	struct ctx own = *c;
	struct rename_pairs pairs;
	struct rename_limits limits = RENAME_LIMITS_PAGE;
	limits.all_bytes = j->limits->all_bytes;
	own.arena = &j->scratch;
	struct arena_mark mark = arena_mark(own.arena);
	own.afar.bytes_max = own.afar.bytes_max / 4 * 3; /* something is left for the lines */
	enum err err = renames_find(&own, &j->browse->reader, changes, &limits, &pairs);
	c->afar.bytes = own.afar.bytes;
	for (size_t i = 0; !err && i < pairs.count; i++)
		join(&j->files[pairs.at[i].from], &j->files[pairs.at[i].to],
			pairs.at[i].similarity);
	arena_rewind(own.arena, mark);
	if (err)
		c->error = own.error;
	return err;
}

static enum err tree_of(struct ctx *c, struct browse *b, const struct oid *id, struct oid *out)
{
	enum object_type type;
	return odb_peel(c, &b->reader, id, OBJECT_TREE, out, &type);
}

static bool is_wanted(const struct job *j, const struct diff_file *f)
{
	struct str only = j->limits->wish.only;
	return !only.len || str_eq(f->new_path, only) || str_eq(f->old_path, only);
}

static void drop_gone(struct job *j)
{
	size_t kept = 0;
	for (size_t i = 0; i < j->count; i++)
		if (!is_gone(&j->files[i]) && is_wanted(j, &j->files[i]))
			j->files[kept++] = j->files[i];
	j->count = kept;
}

static bool is_spent(struct ctx *c, const struct job *j)
{
	return extent_spent(c) || (j->until && c->world->monotonic() > j->until);
}

static enum err compare_all(struct ctx *c, struct job *j, struct diff *out)
{
	for (size_t i = 0; i < j->count; i++) {
		struct diff_file *f = &j->files[i];
		out->cut = out->cut || is_spent(c, j);
		if (out->cut || i >= j->limits->files) {
			f->without = DIFF_UNREAD;
			continue;
		}
		TRY(compare_file(c, j, f));
		TRY(ctx_check(c));
		out->cut = f->without == DIFF_UNREAD;
		out->added += f->added;
		out->removed += f->removed;
	}
	j->browse->partial = j->browse->partial || out->cut;
	return OK;
}

static void job_init(struct ctx *c, struct job *j, struct browse *b, const struct diff_limits *l)
{
	uint32_t context = l->wish.context ? l->wish.context : DIFF_CONTEXT;
	*j = (struct job){
		.browse = b,
		.limits = l,
		.context = context < DIFF_CONTEXT_MAX ? context : DIFF_CONTEXT_MAX,
		.until = l->micros ? c->world->monotonic() + l->micros : 0,
		.lines_left = l->lines,
		.bytes_left = l->all_bytes,
		.pairs_left = l->words ? WORD_PAIRS_MAX : 0,
	};
	arena_init(&j->scratch);
}

enum err browse_diff_between(struct ctx *c, struct browse *b, const struct oid *from,
	const struct oid *to, const struct diff_limits *limits, struct diff *out)
{
	struct oid old, new;
	struct tree_changes changes;
	size_t listed = limits->listed > limits->files ? limits->listed : limits->files;
	*out = (struct diff){0};
	if (!limits->micros)
		c->afar.bytes_max = 0;
	if (from)
		TRY(tree_of(c, b, from, &old));
	TRY(tree_of(c, b, to, &new));
	TRY(tree_diff(c, &b->reader, from ? &old : NULL, &new, listed, &changes));
	__attribute__((cleanup(job_done))) struct job j;
	job_init(c, &j, b, limits);
	j.files = NEW_ARRAY(c->arena, struct diff_file, changes.count + 1);
	j.count = changes.count;
	for (size_t i = 0; i < changes.count; i++)
		add_file(&j.files[i], &changes.at[i]);
	TRY(find_renames(c, &j, &changes));
	drop_gone(&j);
	out->cut = changes.cut;
	TRY(compare_all(c, &j, out));
	out->files = j.files;
	out->count = j.count;
	out->total = limits->wish.only.len ? j.count : changes.total - changes.count + j.count;
	return OK;
}

enum err browse_diff(struct ctx *c, struct browse *b, const struct commit_full *commit,
	const struct diff_limits *limits, struct diff *out)
{
	uint32_t parent = limits->wish.parent;
	if (parent > 1 && parent > commit->parent_count)
		return fail(c, ERR_NOT_FOUND, "this commit has no parent %u: it has %zu", parent,
			commit->parent_count);
	const struct oid *from = NULL;
	if (commit->parent_count)
		from = &commit->parents[parent ? parent - 1 : 0];
	return browse_diff_between(c, b, from, &commit->id, limits, out);
}
