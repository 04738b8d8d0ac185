#include "git/merge_file.h"

#include "base/buf.h"
#include "base/vec.h"
#include "git/diff.h"

enum { MARKER_SIZE = 7, JOIN_LINES = 3 };

/* Whose lines stand: nobody's (a conflict), ours, theirs, or both have the same. */
enum side { CONFLICT, OURS, THEIRS, SAME };

/* Lines [at[i], at[i] + count[i]) of base, ours and theirs. */
struct hunk {
	enum side side;
	int64_t at[3], count[3];
};

struct hunks {
	struct arena *arena;
	struct hunk *at;
	size_t len, cap;
};

struct merging {
	const struct merge_texts *in;
	struct diff_script ours, theirs; /* from the base */
	struct hunks hunks;
};

static void append(struct hunks *to, const struct hunk *h)
{
	struct hunk *last = to->len ? &to->at[to->len - 1] : NULL;
	bool touches = last && (h->at[1] <= last->at[1] + last->count[1] ||
				       h->at[2] <= last->at[2] + last->count[2]);
	if (!touches) {
		*vec_push(to) = *h;
		return;
	}
	if (h->side != last->side)
		last->side = CONFLICT;
	for (int i = 0; i < 3; i++)
		last->count[i] = h->at[i] + h->count[i] - last->at[i];
}

/* A change of ours, where the other side is `shift` lines away from the base. */
static void append_ours(struct hunks *to, const struct diff_edit *e, int64_t shift)
{
	struct hunk h = {.side = OURS,
		.at = {e->old_at, e->new_at, e->old_at + shift},
		.count = {e->old_count, e->new_count, e->old_count}};
	append(to, &h);
}

static void append_theirs(struct hunks *to, const struct diff_edit *e, int64_t shift)
{
	struct hunk h = {.side = THEIRS,
		.at = {e->old_at, e->old_at + shift, e->new_at},
		.count = {e->old_count, e->old_count, e->new_count}};
	append(to, &h);
}

static bool same_edit(const struct merging *m, const struct diff_edit *a, const struct diff_edit *b)
{
	if (a->old_at != b->old_at || a->old_count != b->old_count || a->new_count != b->new_count)
		return false;
	for (uint32_t i = 0; i < a->new_count; i++)
		if (!str_eq(m->ours.new.at[a->new_at + i], m->theirs.new.at[b->new_at + i]))
			return false;
	return true;
}

/* Two changes that touch: what both span in the base, and the same lines on each side. */
static void append_conflict(struct hunks *to, const struct diff_edit *a, const struct diff_edit *b)
{
	int64_t start = (int64_t)a->old_at - b->old_at;
	int64_t end = start + a->old_count - b->old_count;
	struct hunk h = {.side = CONFLICT, .at = {a->old_at, a->new_at, b->new_at}};
	if (start > 0)
		h.at[0] -= start, h.at[1] -= start;
	else
		h.at[2] += start;
	h.count[0] = (int64_t)a->old_at + a->old_count - h.at[0];
	h.count[1] = (int64_t)a->new_at + a->new_count - h.at[1];
	h.count[2] = (int64_t)b->new_at + b->new_count - h.at[2];
	if (end < 0)
		h.count[0] -= end, h.count[1] -= end;
	else
		h.count[2] += end;
	append(to, &h);
}

static int64_t grown(const struct diff_script *s)
{
	return (int64_t)s->new.count - s->old.count;
}

static void pair_up(struct merging *m)
{
	const struct diff_edit *a = m->ours.edits, *a_end = a + m->ours.count;
	const struct diff_edit *b = m->theirs.edits, *b_end = b + m->theirs.count;
	while (a < a_end && b < b_end) {
		uint64_t a_old_end = (uint64_t)a->old_at + a->old_count;
		uint64_t b_old_end = (uint64_t)b->old_at + b->old_count;
		if (a_old_end < b->old_at) {
			append_ours(&m->hunks, a++, (int64_t)b->new_at - b->old_at);
			continue;
		}
		if (b_old_end < a->old_at) {
			append_theirs(&m->hunks, b++, (int64_t)a->new_at - a->old_at);
			continue;
		}
		if (!same_edit(m, a, b))
			append_conflict(&m->hunks, a, b);
		a += b_old_end >= a_old_end;
		b += a_old_end >= b_old_end;
	}
	while (a < a_end)
		append_ours(&m->hunks, a++, grown(&m->theirs));
	while (b < b_end)
		append_theirs(&m->hunks, b++, grown(&m->ours));
}

static struct str span(const struct text_lines *text, int64_t at, int64_t count)
{
	const struct str *first = &text->at[at], *last = &text->at[at + count - 1];
	return str_from(first->at, (size_t)(last->at + last->len - first->at));
}

/* What both sides of a conflict have in common is none. */
static enum err refine_one(
	struct ctx *c, const struct merging *m, const struct hunk *h, struct hunks *to)
{
	struct diff_script s;
	TRY(diff_texts(c, span(&m->ours.new, h->at[1], h->count[1]),
		span(&m->theirs.new, h->at[2], h->count[2]), 0, &s));
	struct hunk part = *h;
	if (s.count == 0) {
		part.side = SAME;
		*vec_push(to) = part;
		return OK;
	}
	for (size_t i = 0; i < s.count; i++) {
		part.at[1] = h->at[1] + s.edits[i].old_at;
		part.at[2] = h->at[2] + s.edits[i].new_at;
		part.count[1] = s.edits[i].old_count;
		part.count[2] = s.edits[i].new_count;
		*vec_push(to) = part;
	}
	return OK;
}

static enum err refine(struct ctx *c, struct merging *m)
{
	struct hunks out = {.arena = c->arena};
	for (size_t i = 0; i < m->hunks.len; i++) {
		const struct hunk *h = &m->hunks.at[i];
		if (h->side == CONFLICT && h->count[1] && h->count[2])
			TRY(refine_one(c, m, h, &out));
		else
			*vec_push(&out) = *h;
	}
	m->hunks = out;
	return OK;
}

static bool has_words(const struct text_lines *text, int64_t from, int64_t end)
{
	for (int64_t i = from; i < end; i++)
		for (size_t k = 0; k < text->at[i].len; k++) {
			char byte = text->at[i].at[k];
			if ((byte >= '0' && byte <= '9') || (byte >= 'a' && byte <= 'z') ||
				(byte >= 'A' && byte <= 'Z'))
				return true;
		}
	return false;
}

/* A few lines between two conflicts are not worth the markers. */
static void join(struct merging *m)
{
	struct hunk *all = m->hunks.at;
	size_t kept = 0;
	for (size_t i = 0; i < m->hunks.len; i++) {
		struct hunk *last = kept ? &all[kept - 1] : NULL;
		if (!last || last->side != CONFLICT || all[i].side != CONFLICT) {
			all[kept++] = all[i];
			continue;
		}
		int64_t from = last->at[1] + last->count[1], end = all[i].at[1];
		if (end - from > JOIN_LINES &&
			(!m->in->join_plain || has_words(&m->ours.new, from, end))) {
			all[kept++] = all[i];
			continue;
		}
		for (int k = 1; k < 3; k++)
			last->count[k] = all[i].at[k] + all[i].count[k] - last->at[k];
	}
	m->hunks.len = kept;
}

/* Does the line end in CR LF? -1: the text does not say. */
static int ends_in_cr(const struct text_lines *text, int64_t line)
{
	if (text->count == 0)
		return -1;
	struct str s = text->at[line];
	if (line == (int64_t)text->count - 1 && !str_ends(s, STR("\n"))) {
		if (line == 0)
			return -1;
		s = text->at[line - 1];
	}
	return s.len > 1 && s.at[s.len - 2] == '\r';
}

/* Markers end as the lines around them do. */
static bool needs_cr(const struct merging *m, const struct hunk *h)
{
	int cr = ends_in_cr(&m->ours.new, h->at[1] ? h->at[1] - 1 : 0);
	if (cr)
		cr = ends_in_cr(&m->theirs.new, h->at[2] ? h->at[2] - 1 : 0);
	if (cr)
		cr = ends_in_cr(&m->ours.old, 0);
	return cr > 0;
}

static void put(struct buf *out, const struct text_lines *text, int64_t at, int64_t end)
{
	for (int64_t i = at; i < end; i++)
		buf_str(out, text->at[i]);
}

static void end_line(struct buf *out, bool cr)
{
	buf_cstr(out, cr ? "\r\n" : "\n");
}

/* Lines that something follows: the last one ends too. */
static void put_whole(
	struct buf *out, const struct text_lines *text, const struct hunk *h, int side, bool cr)
{
	put(out, text, h->at[side], h->at[side] + h->count[side]);
	if (h->count[side] && !str_ends(text->at[h->at[side] + h->count[side] - 1], STR("\n")))
		end_line(out, cr);
}

static void put_marker(
	struct buf *out, const struct merging *m, char byte, const char *name, bool cr)
{
	int size = m->in->marker_size > 0 ? m->in->marker_size : MARKER_SIZE;
	for (int i = 0; i < size; i++)
		buf_byte(out, byte);
	if (name)
		buf_fmt(out, " %s", name);
	end_line(out, cr);
}

static void put_conflict(struct buf *out, const struct merging *m, const struct hunk *h)
{
	bool cr = needs_cr(m, h);
	put_marker(out, m, '<', m->in->our_name, cr);
	put_whole(out, &m->ours.new, h, 1, cr);
	if (m->in->style == MERGE_STYLE_DIFF3) {
		put_marker(out, m, '|', m->in->base_name, cr);
		put_whole(out, &m->ours.old, h, 0, cr);
	}
	put_marker(out, m, '=', NULL, cr);
	put_whole(out, &m->theirs.new, h, 2, cr);
	put_marker(out, m, '>', m->in->their_name, cr);
}

static void write_out(struct ctx *c, const struct merging *m, struct merged_text *out)
{
	struct buf text = {.arena = c->arena};
	const struct text_lines *ours = &m->ours.new;
	int64_t at = 0;
	for (size_t i = 0; i < m->hunks.len; i++) {
		const struct hunk *h = &m->hunks.at[i];
		if (h->side == SAME)
			continue;
		put(&text, ours, at, h->at[1]);
		if (h->side == CONFLICT) {
			put_conflict(&text, m, h);
			out->conflicts++;
		} else if (h->side == OURS) {
			put(&text, ours, h->at[1], h->at[1] + h->count[1]);
		} else {
			put(&text, &m->theirs.new, h->at[2], h->at[2] + h->count[2]);
		}
		at = h->at[1] + h->count[1];
	}
	put(&text, ours, at, ours->count);
	out->text = buf_view(&text);
}

enum err merge_texts(struct ctx *c, const struct merge_texts *in, struct merged_text *out)
{
	struct merging m = {.in = in, .hunks.arena = c->arena};
	*out = (struct merged_text){0};
	TRY(diff_texts(c, in->base, in->ours, 0, &m.ours));
	TRY(diff_texts(c, in->base, in->theirs, 0, &m.theirs));
	if (m.ours.count == 0 || m.theirs.count == 0) {
		out->text = m.ours.count ? in->ours : in->theirs;
		return OK;
	}
	pair_up(&m);
	/* With the base shown, its lines must fit what stands beside them. */
	if (in->style == MERGE_STYLE_MERGE) {
		TRY(refine(c, &m));
		join(&m);
	}
	write_out(c, &m, out);
	return OK;
}
