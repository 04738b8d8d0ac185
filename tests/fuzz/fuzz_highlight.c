#include "fuzz/fuzz.h"

#include "driver/driver.h"
#include "model/language.h"
#include "model/painter.h"
#ifdef NIMBUS_HIGHLIGHT
#include "driver/highlight_grammar.h"
#endif

/* Whatever a text holds: the spans are in order and within it, and what is painted reads as it is written. */
static void check(struct ctx *c, struct str text, const struct spans *spans)
{
	struct buf out = {.arena = c->arena};
	struct painter paint = {.text = text, .spans = *spans};
	size_t end = 0;
	for (size_t i = 0; i < spans->count; i++) {
		const struct span *s = &spans->at[i];
		ASSERT(s->at >= end && s->len && s->class != HIGHLIGHT_NONE);
		end = (size_t)s->at + s->len;
	}
	ASSERT(end <= text.len);
	for (size_t at = 0; at < text.len; at += 7)
		highlight_paint(&out, &paint, at, at + 7 < text.len ? at + 7 : text.len);
	ASSERT(str_is_utf8(buf_view(&out)));
}

/* The first byte says the language. */
static void fuzz_one(struct ctx *c, struct str input)
{
#ifdef NIMBUS_HIGHLIGHT
	static struct highlight *highlight;
	static size_t count;
	if (!highlight) {
		highlight = highlight_tree_sitter_open();
		while (grammars[count].name)
			count++;
	}
	if (!input.len || !count)
		return;
	struct spans spans;
	const char *grammar = grammars[(unsigned char)*input.at % count].name;
	struct str text = str_from_index(input, 1);
	ASSERT(highlight_spans(c, highlight, grammar, text, &spans) == OK);
	check(c, text, &spans);
#else
	struct spans none = {0};
	check(c, input, &none);
#endif
	ASSERT(language_of(input, input) <= LANGUAGES);
}
