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

#include <stdlib.h>
#include <string.h>

/* So much time for a text's tree, and as much again for what is asked of it: what is found then stays. */
enum { MICROS = 250 * 1000, SLICE = 16 << 10, MATCHES = 256, AT_ONCE = 2, OPEN_MAX = 500 };

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

/*
 * Where a text ends with thousands of brackets open, the parser tries at that one place to make sense of all of
 * them, and looks at no clock while it does.
 */
static bool is_open_too_deep(struct str text)
{
	int open = 0;
	for (size_t i = 0; i < text.len && open < OPEN_MAX; i++)
		switch (text.at[i]) {
		case '(':
		case '[':
		case '{': open++; break;
		case ')':
		case ']':
		case '}': open -= open > 0; break;
		default: break;
		}
	return open >= OPEN_MAX;
}

static TSTree *parse(const struct grammar *g, struct str text)
{
	TSTree *tree = NULL;
	TSParser *parser = ts_parser_new();
	ts_parser_set_timeout_micros(parser, MICROS);
	if (ts_parser_set_language(parser, g->language()))
		tree = ts_parser_parse_string(parser, NULL, text.at, (uint32_t)text.len);
	ts_parser_delete(parser);
	return tree;
}

static enum err spans(struct ctx *c, struct highlight *self, const char *language, struct str text,
	struct spans *out)
{
	struct sitter *s = (struct sitter *)self;
	size_t grammar = 0;
	while (grammar < s->count && strcmp(grammars[grammar].name, language) != 0)
		grammar++;
	if (grammar == s->count || text.len == 0 || text.len > HIGHLIGHT_TEXT_MAX ||
		is_open_too_deep(text))
		return OK;
	const struct highlight_query *q = query_of(s, grammar);
	if (!q)
		return OK;
	begin(s);
	TSTree *tree = parse(&grammars[grammar], text);
	if (tree) {
		struct canvas v = {.text = text,
			.class = arena_alloc(c->arena, text.len),
			.c = c,
			.until = c->world->monotonic() + MICROS};
		paint_all(q, tree, &v);
		*out = read_off(c, &v);
	}
	if (tree)
		ts_tree_delete(tree);
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
	static const struct highlight_ops ops = {.spans = spans, .close = close_sitter};
	size_t count = 0;
	while (grammars[count].name)
		count++;
	struct sitter *s = calloc(1, sizeof *s + count * sizeof s->known[0]);
	s->highlight.ops = &ops;
	s->count = count;
	return &s->highlight;
}
