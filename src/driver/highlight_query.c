/*
 * Queries of tree-sitter grammars: which names of captures are which class, and the predicates, which the library
 * leaves to its callers. Their regular expressions are JavaScript's: what the queries use of those is
 * written as POSIX has it.
 */
#include "base/buf.h"
#include "driver/highlight_grammar.h"

#include <stdlib.h>
#include <string.h>

/* The longest that a name begins with decides: "string.special.key". */
static const struct {
	const char *prefix;
	enum highlight_class class;
} names[] = {
	{"attribute", HIGHLIGHT_ATTRIBUTE},
	{"boolean", HIGHLIGHT_CONSTANT},
	{"comment", HIGHLIGHT_COMMENT},
	{"conditional", HIGHLIGHT_KEYWORD},
	{"constant", HIGHLIGHT_CONSTANT},
	{"constructor", HIGHLIGHT_TYPE},
	{"embedded", HIGHLIGHT_NONE},
	{"escape", HIGHLIGHT_ESCAPE},
	{"exception", HIGHLIGHT_KEYWORD},
	{"function", HIGHLIGHT_FUNCTION},
	{"include", HIGHLIGHT_KEYWORD},
	{"keyword", HIGHLIGHT_KEYWORD},
	{"label", HIGHLIGHT_SPECIAL},
	{"module", HIGHLIGHT_TYPE},
	{"namespace", HIGHLIGHT_TYPE},
	{"number", HIGHLIGHT_NUMBER},
	{"property", HIGHLIGHT_PROPERTY},
	{"repeat", HIGHLIGHT_KEYWORD},
	{"string", HIGHLIGHT_STRING},
	{"string.escape", HIGHLIGHT_ESCAPE},
	{"string.regex", HIGHLIGHT_SPECIAL},
	{"string.special", HIGHLIGHT_SPECIAL},
	{"string.special.key", HIGHLIGHT_PROPERTY},
	{"tag", HIGHLIGHT_TAG},
	{"type", HIGHLIGHT_TYPE},
	{"variable.builtin", HIGHLIGHT_BUILTIN},
};

static bool class_of(struct str name, enum highlight_class *out)
{
	size_t longest = 0;
	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		struct str prefix = str_of(names[i].prefix);
		bool whole = prefix.len == name.len ||
			     (prefix.len < name.len && name.at[prefix.len] == '.');
		if (whole && prefix.len > longest && str_starts(name, prefix)) {
			longest = prefix.len;
			*out = names[i].class;
		}
	}
	return longest > 0;
}

/* "\d" is "[0-9]", within brackets too, where POSIX takes a backslash for itself; "(?:" is "(". */
static char *to_posix(const char *from)
{
	char *out = malloc(strlen(from) * 5 + 1), *to = out;
	bool in_set = false;
	for (; *from; from++) {
		if (*from == '\\' && from[1] == 'd') {
			to = stpcpy(to, in_set ? "0-9" : "[0-9]");
			from++;
		} else if (*from == '\\' && from[1] && in_set) {
			*to++ = *++from;
		} else if (*from == '\\' && from[1]) {
			*to++ = *from++;
			*to++ = *from;
		} else if (strncmp(from, "(?:", 3) == 0) {
			*to++ = '(';
			from += 2;
		} else {
			in_set = *from == '[' || (in_set && *from != ']');
			*to++ = *from;
		}
	}
	*to = 0;
	return out;
}

static const char *string_of(const TSQuery *query, uint32_t id)
{
	uint32_t len;
	return ts_query_string_value_for_id(query, id, &len);
}

static const struct {
	const char *name;
	int kind;
	bool negated;
} kinds[] = {
	{"eq?", PREDICATE_EQ, false},
	{"not-eq?", PREDICATE_EQ, true},
	{"match?", PREDICATE_MATCH, false},
	{"not-match?", PREDICATE_MATCH, true},
	{"any-of?", PREDICATE_ANY, false},
	{"not-any-of?", PREDICATE_ANY, true},
};

static int kind_of(const char *name)
{
	for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
		if (strcmp(kinds[i].name, name) == 0)
			return (int)i;
	return -1;
}

/*
 * Reads one predicate: its steps up to the one that ends it. False: it asks nothing of the text ("#set!"), or
 * what is not known here ("#is-not? local"), which then holds.
 */
static bool read_predicate(const TSQuery *query, const TSQueryPredicateStep *step, uint32_t count,
	struct predicate *out)
{
	int kind = step->type == TSQueryPredicateStepTypeString
			   ? kind_of(string_of(query, step->value_id))
			   : -1;
	if (kind < 0 || count < 3 || step[1].type != TSQueryPredicateStepTypeCapture)
		return false;
	*out = (struct predicate){.kind = kinds[kind].kind,
		.negated = kinds[kind].negated,
		.capture = step[1].value_id};
	if (step[2].type == TSQueryPredicateStepTypeCapture) {
		out->kind = PREDICATE_EQ_CAPTURE;
		out->other = step[2].value_id;
		return kinds[kind].kind == PREDICATE_EQ;
	}
	if (out->kind == PREDICATE_MATCH) {
		char *regex = to_posix(string_of(query, step[2].value_id));
		bool good = regcomp(&out->regex, regex, REG_EXTENDED | REG_NOSUB) == 0;
		free(regex);
		return good;
	}
	out->texts = calloc(count, sizeof *out->texts);
	for (uint32_t i = 2; i < count; i++)
		out->texts[out->count++] = string_of(query, step[i].value_id);
	return true;
}

static void read_pattern(const TSQuery *query, uint32_t index, struct pattern *out)
{
	uint32_t count, begin = 0;
	const TSQueryPredicateStep *steps = ts_query_predicates_for_pattern(query, index, &count);
	out->predicates = calloc(count + 1, sizeof *out->predicates);
	for (uint32_t i = 0; i < count; i++) {
		if (steps[i].type != TSQueryPredicateStepTypeDone)
			continue;
		if (read_predicate(query, steps + begin, i - begin, &out->predicates[out->count]))
			out->count++;
		begin = i + 1;
	}
}

/* A pattern that only names what has no colour is not looked for: most names and all operators. */
static void drop_idle(const struct highlight_query *q, uint32_t pattern)
{
	uint32_t captures = ts_query_capture_count(q->query);
	for (uint32_t i = 0; i < captures; i++)
		if (q->paints[i] && ts_query_capture_quantifier_for_id(q->query, pattern, i) !=
					    TSQuantifierZero)
			return;
	ts_query_disable_pattern(q->query, pattern);
}

struct highlight_query *highlight_query_make(const struct grammar *g, const char **why)
{
	uint32_t at;
	TSQueryError error;
	TSQuery *query = ts_query_new(
		g->language(), (const char *)g->query, (uint32_t)g->query_len, &at, &error);
	if (!query) {
		if (why)
			*why = (const char *)g->query + at;
		return NULL;
	}
	struct highlight_query *q = calloc(1, sizeof *q);
	uint32_t captures = ts_query_capture_count(query), patterns = ts_query_pattern_count(query);
	q->query = query;
	q->patterns = calloc(patterns + 1, sizeof *q->patterns);
	q->classes = calloc(captures + 1, sizeof *q->classes);
	q->paints = calloc(captures + 1, sizeof *q->paints);
	for (uint32_t i = 0; i < captures; i++) {
		uint32_t len;
		const char *name = ts_query_capture_name_for_id(query, i, &len);
		q->paints[i] = class_of(str_from(name, len), &q->classes[i]);
	}
	for (uint32_t i = 0; i < patterns; i++) {
		read_pattern(query, i, &q->patterns[i]);
		drop_idle(q, i);
	}
	return q;
}

void highlight_query_free(struct highlight_query *q)
{
	if (!q)
		return;
	for (uint32_t i = 0; i < ts_query_pattern_count(q->query); i++) {
		struct pattern *p = &q->patterns[i];
		for (size_t k = 0; k < p->count; k++) {
			free(p->predicates[k].texts);
			if (p->predicates[k].kind == PREDICATE_MATCH)
				regfree(&p->predicates[k].regex);
		}
		free(p->predicates);
	}
	ts_query_delete(q->query);
	free(q->patterns);
	free(q->classes);
	free(q->paints);
	free(q);
}

static struct str text_of(const TSQueryMatch *match, uint32_t capture, const char *text)
{
	for (uint16_t i = 0; i < match->capture_count; i++)
		if (match->captures[i].index == capture) {
			uint32_t from = ts_node_start_byte(match->captures[i].node);
			return str_from(
				text + from, ts_node_end_byte(match->captures[i].node) - from);
		}
	return STR("");
}

/* Of a name as people write them: what is longer is none. */
enum { MATCH_MAX = 256 };

static bool holds(const struct predicate *p, const TSQueryMatch *match, const char *text)
{
	struct str of = text_of(match, p->capture, text);
	if (p->kind == PREDICATE_EQ_CAPTURE)
		return str_eq(of, text_of(match, p->other, text));
	if (p->kind == PREDICATE_MATCH) {
		char name[MATCH_MAX + 1];
		fmt_into(name, sizeof name, "%.*s", STR_FMT(of));
		return of.len <= MATCH_MAX && regexec(&p->regex, name, 0, NULL, 0) == 0;
	}
	for (size_t i = 0; i < p->count; i++)
		if (str_is(of, p->texts[i]))
			return true;
	return false;
}

bool highlight_query_holds(
	const struct highlight_query *q, const TSQueryMatch *match, const char *text)
{
	const struct pattern *p = &q->patterns[match->pattern_index];
	for (size_t i = 0; i < p->count; i++)
		if (holds(&p->predicates[i], match, text) == p->predicates[i].negated)
			return false;
	return true;
}
