#include "git/diff_versions.h"

#include "git/diff_parts.h"

enum { BLOCK = 256, CLASSES_FIRST = 1024 };

void diff_classes_init(struct ctx *c, struct diff_classes *classes, struct arena *a)
{
	*classes = (struct diff_classes){.known.arena = a};
	c->world->random(&classes->known.seed, sizeof classes->known.seed);
}

/* The text may be given back before the classes are: what is kept of it is a copy. */
static uint32_t class_of(struct diff_classes *classes, struct str line)
{
	void *known = map_get(&classes->known, line);
	if (!known) {
		known = (void *)(uintptr_t)++classes->count;
		*map_put(&classes->known, str_copy(classes->known.arena, line)) = known;
	}
	return (uint32_t)(uintptr_t)known;
}

static size_t least(size_t a, size_t b)
{
	return a < b ? a : b;
}

static size_t common_head(struct str a, struct str b)
{
	size_t both = least(a.len, b.len), head = 0;
	while (head + BLOCK <= both && memcmp(a.at + head, b.at + head, BLOCK) == 0)
		head += BLOCK;
	while (head < both && a.at[head] == b.at[head])
		head++;
	return head;
}

static size_t common_tail(struct str a, struct str b)
{
	size_t both = least(a.len, b.len), tail = 0;
	const char *a_end = a.at + a.len, *b_end = b.at + b.len;
	while (tail + BLOCK <= both &&
		memcmp(a_end - tail - BLOCK, b_end - tail - BLOCK, BLOCK) == 0)
		tail += BLOCK;
	while (tail < both && a_end[-1 - (ptrdiff_t)tail] == b_end[-1 - (ptrdiff_t)tail])
		tail++;
	return tail;
}

/* How many of the lines begin before that place of the text. */
static uint32_t lines_before(const struct diff_version *v, size_t at)
{
	uint32_t low = 0, high = v->lines.count;
	while (low < high) {
		uint32_t middle = low + (high - low) / 2;
		if ((size_t)(v->lines.at[middle].at - v->text.at) < at)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* What a text begins and ends with that another version has too. */
struct shared {
	uint32_t head, tail;           /* lines */
	size_t head_bytes, tail_bytes; /* of these */
};

static size_t offset_of(const struct diff_version *v, uint32_t line)
{
	return line < v->lines.count ? (size_t)(v->lines.at[line].at - v->text.at) : v->text.len;
}

static struct shared shared_with(const struct diff_version *like, struct str text)
{
	struct shared out = {0};
	if (!like || !like->lines.count)
		return out;
	/* The line that the difference is in, or after, is not shared: it may go on. */
	size_t head = common_head(like->text, text);
	uint32_t begun = lines_before(like, head);
	out.head = begun ? begun - 1 : 0;
	out.head_bytes = offset_of(like, out.head);
	size_t tail = common_tail(
		str_from_index(like->text, out.head_bytes), str_from_index(text, out.head_bytes));
	uint32_t from = lines_before(like, like->text.len - tail + 1);
	out.tail = like->lines.count - from;
	out.tail_bytes = like->text.len - offset_of(like, from);
	return out;
}

/* Lines of `like` that lie at `to` in another text. */
static void take(struct diff_version *v, const struct diff_version *like, uint32_t from,
	uint32_t count, const char *to)
{
	if (!count)
		return;
	uint32_t at = v->lines.count;
	const char *base = like->lines.at[from].at;
	for (uint32_t i = 0; i < count; i++)
		v->lines.at[at + i] = str_from(
			to + (like->lines.at[from + i].at - base), like->lines.at[from + i].len);
	memcpy(v->class + at, like->class + from, count * sizeof *v->class);
	v->lines.count += count;
}

static uint32_t lines_in(struct str text)
{
	uint32_t count = 0;
	for (size_t at = 0; at < text.len && count <= DIFF_LINES_MAX; count++)
		at += str_find(str_from_index(text, at), '\n') + 1;
	return count;
}

enum err diff_version_open(struct ctx *c, struct diff_classes *classes, struct arena *a,
	struct str text, const struct diff_version *like, struct diff_version *out)
{
	struct shared shared = shared_with(like, text);
	struct str own = str_from(
		text.at + shared.head_bytes, text.len - shared.head_bytes - shared.tail_bytes);
	uint32_t count = shared.head + lines_in(own) + shared.tail;
	if (count > DIFF_LINES_MAX)
		return fail(c, ERR_TOO_BIG, "more than %d lines", DIFF_LINES_MAX);
	*out = (struct diff_version){.text = text};
	out->lines.at = arena_raw(a, (count + 1) * sizeof *out->lines.at);
	out->class = arena_raw(a, (count + 1) * sizeof *out->class);
	take(out, like, 0, shared.head, text.at);
	while (own.len) {
		struct str line = str_until(own, str_find(own, '\n') + 1);
		own = str_from_index(own, line.len);
		out->class[out->lines.count] = class_of(classes, line);
		out->lines.at[out->lines.count++] = line;
	}
	if (shared.tail)
		take(out, like, like->lines.count - shared.tail, shared.tail, own.at);
	return OK;
}

/* Room for the counts of all classes. */
static void counts_widen(struct diff_classes *classes)
{
	struct arena *a = classes->known.arena;
	if (classes->count < classes->cap)
		return;
	classes->cap = classes->count < CLASSES_FIRST ? CLASSES_FIRST : classes->count * 2;
	classes->in_old = NEW_ARRAY(a, uint32_t, classes->cap);
	classes->in_new = NEW_ARRAY(a, uint32_t, classes->cap);
}

static void side_of(struct ctx *c, const struct diff_version *v, size_t len, struct diff_side *out)
{
	out->text = (struct text_lines){v->lines.at, lines_before(v, len)};
	out->class = v->class;
	diff_side_begin(c, out);
}

enum err diff_versions(struct ctx *c, struct diff_classes *classes, const struct diff_version *old,
	const struct diff_version *new, struct diff_script *out)
{
	struct str old_text = old->text, new_text = new->text;
	struct diff_job j = {0};
	diff_cut_tail(&old_text, &new_text);
	side_of(c, old, old_text.len, &j.old);
	side_of(c, new, new_text.len, &j.new);
	counts_widen(classes);
	j.in_old = classes->in_old;
	j.in_new = classes->in_new;
	diff_count(&j);
	enum err err = diff_compare(c, &j, true, out);
	for (uint32_t i = 0; i < j.old.text.count; i++)
		j.in_old[j.old.class[i]] = 0;
	for (uint32_t i = 0; i < j.new.text.count; i++)
		j.in_new[j.new.class[i]] = 0;
	return err;
}
