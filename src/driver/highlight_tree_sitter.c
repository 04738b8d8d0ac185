/*
 * Highlighting by tree-sitter, with the grammars and queries that this was built with.
 *
 * Classes are painted onto the text byte by byte, inner nodes after outer ones, and then read off as spans: so
 * those cannot overlap or reach past the end, whatever a grammar says of a text.
 */
#include "base/host.h"
#include "base/vec.h"
#include "driver/driver.h"
#include "driver/highlight_grammar.h"
#include "driver/highlight_guard.h"

#include <stdlib.h>
#include <string.h>

/* So much time for a text's tree, and as much again for what is asked of it: what is found then stays. */
enum {
	MICROS = 250 * 1000,
	BYTES_MAX = 96 << 20, /* of memory */
	SLICE = 16 << 10,
	PIECE = 4 << 10, /* of the text, after which the parser asks for the next */
	MATCHES = 256,
	AT_ONCE = 2,
};

struct known {
	struct host_lock lock;
	struct highlight_query *query;
	bool made;
};

struct sitter {
	struct highlight highlight; /* first */
	struct host_lock lock;      /* of `busy` */
	int busy; /* texts being parsed: what that takes of memory is bounded by it */
	size_t count;
	struct known known[];
};

static void begin(struct sitter *s)
{
	WITH_LOCK(&s->lock);
	while (s->busy >= AT_ONCE)
		host_wait(&s->lock);
	s->busy++;
}

static void end(struct sitter *s)
{
	WITH_LOCK(&s->lock);
	s->busy--;
	host_wake(&s->lock);
}

/* Made when a text in that language is first shown: some take a few milliseconds. */
static const struct highlight_query *query_of(struct sitter *s, size_t grammar)
{
	struct known *k = &s->known[grammar];
	WITH_LOCK(&k->lock);
	if (!k->made)
		k->query = highlight_query_make(&grammars[grammar], NULL);
	k->made = true;
	return k->query;
}

/* A text and its classes so far: one byte for each of it. */
struct canvas {
	struct str text;
	char *class;
	uint32_t from, to; /* the slice that is being painted */
	uint32_t last_from, last_to;
	enum highlight_class last;
	struct ctx *c;
	int64_t until; /* c->world->monotonic() */
};

static bool is_late(TSQueryCursorState *state)
{
	const struct canvas *v = state->payload;
	return v->c->world->monotonic() >= v->until;
}

/* Of several names for the same node, the one that says most is taken. */
static void paint(struct canvas *v, TSNode node, enum highlight_class class)
{
	uint32_t from = ts_node_start_byte(node), to = ts_node_end_byte(node);
	bool again = from == v->last_from && to == v->last_to;
	if (again && class <= v->last)
		return;
	v->last_from = from, v->last_to = to, v->last = class;
	from = from > v->from ? from : v->from;
	to = to < v->to ? to : v->to;
	if (from < to)
		memset(v->class + from, (int)class, to - from);
}

static void paint_slice(
	const struct highlight_query *q, TSQueryCursor *cursor, TSNode root, struct canvas *v)
{
	TSQueryMatch match;
	uint32_t index;
	v->last_from = UINT32_MAX;
	ts_query_cursor_set_byte_range(cursor, v->from, v->to);
	TSQueryCursorOptions options = {v, is_late};
	ts_query_cursor_exec_with_options(cursor, q->query, root, &options);
	while (ts_query_cursor_next_capture(cursor, &match, &index)) {
		const TSQueryCapture *capture = &match.captures[index];
		if (q->paints[capture->index] && highlight_query_holds(q, &match, v->text.at))
			paint(v, capture->node, q->classes[capture->index]);
	}
}

/* Slice by slice, so that matches which are long in the making do not pile up. */
static void paint_all(const struct highlight_query *q, const TSTree *tree, struct canvas *v)
{
	TSQueryCursor *cursor = ts_query_cursor_new();
	ts_query_cursor_set_match_limit(cursor, MATCHES);
	while (v->to < v->text.len && v->c->world->monotonic() < v->until) {
		v->from = v->to;
		v->to = v->text.len - v->from > SLICE ? v->from + SLICE : (uint32_t)v->text.len;
		paint_slice(q, cursor, ts_tree_root_node(tree), v);
	}
	ts_query_cursor_delete(cursor);
}

static struct spans read_off(struct ctx *c, const struct canvas *v)
{
	VEC_OF(struct span) out = {.arena = c->arena};
	size_t from = 0;
	while (from < v->text.len) {
		size_t to = from + 1;
		while (to < v->text.len && v->class[to] == v->class[from])
			to++;
		if (v->class[from])
			*vec_push(&out) = (struct span){.at = (uint32_t)from,
				.len = (to - from) & 0xfffffff,
				.class = (unsigned char)v->class[from] & 15};
		from = to;
	}
	return (struct spans){out.at, out.len};
}

/* A text that is being looked through. */
struct work {
	const struct grammar *grammar;
	const struct highlight_query *query;
	struct canvas canvas;
};

static const char *next_piece(void *arg, uint32_t at, TSPoint point, uint32_t *len)
{
	(void)point;
	const struct work *w = arg;
	guard_check();
	struct str rest = str_from_index(w->canvas.text, at);
	*len = rest.len < PIECE ? (uint32_t)rest.len : PIECE;
	return *len ? rest.at : "";
}

static bool is_parsed_late(TSParseState *state)
{
	const struct work *w = state->payload;
	return w->canvas.c->world->monotonic() >= w->canvas.until;
}

/* In a guard, so nothing is given back. */
static void work(void *arg)
{
	struct work *w = arg;
	TSParser *parser = ts_parser_new();
	const TSInput input = {w, next_piece, TSInputEncodingUTF8, NULL};
	const TSParseOptions options = {w, is_parsed_late};
	if (!ts_parser_set_language(parser, w->grammar->language()))
		return;
	const TSTree *tree = ts_parser_parse_with_options(parser, NULL, input, options);
	w->canvas.until += MICROS;
	if (tree)
		paint_all(w->query, tree, &w->canvas);
}

static enum err spans(struct ctx *c, struct highlight *self, const char *language, struct str text,
	struct spans *out)
{
	struct sitter *s = (struct sitter *)self;
	size_t grammar = 0;
	while (grammar < s->count && strcmp(grammars[grammar].name, language) != 0)
		grammar++;
	if (grammar == s->count || text.len == 0 || text.len > HIGHLIGHT_TEXT_MAX)
		return OK;
	const struct highlight_query *q = query_of(s, grammar);
	if (!q)
		return OK;
	begin(s);
	int64_t now = c->world->monotonic();
	struct work w = {.grammar = &grammars[grammar],
		.query = q,
		.canvas = {.text = text,
			.class = arena_alloc(c->arena, text.len),
			.c = c,
			.until = now + MICROS}};
	/* What was painted before it was stopped is right. */
	(void)guard_run(c, BYTES_MAX, now + 2 * MICROS, work, &w);
	*out = read_off(c, &w.canvas);
	end(s);
	return OK;
}

static void close_sitter(struct highlight *self)
{
	struct sitter *s = (struct sitter *)self;
	for (size_t i = 0; i < s->count; i++)
		highlight_query_free(s->known[i].query);
	free(s);
}

struct highlight *highlight_tree_sitter_open(void)
{
	guard_install();
	static const struct highlight_ops ops = {.spans = spans, .close = close_sitter};
	size_t count = 0;
	while (grammars[count].name)
		count++;
	struct sitter *s = calloc(1, sizeof *s + count * sizeof s->known[0]);
	s->highlight.ops = &ops;
	s->count = count;
	return &s->highlight;
}
