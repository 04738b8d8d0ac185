#include "base/wildmatch.h"

#include "base/vec.h"

enum wild_kind {
	WILD_BYTE,
	WILD_ANY,   /* any byte but a slash */
	WILD_CLASS, /* one of some bytes, but no slash */
	WILD_STAR,  /* any bytes but slashes */
	WILD_STARS, /* any bytes */
	/* "**" and a slash: begins a WILD_STARS and a WILD_BYTE that may be left out together. */
	WILD_FOLDERS,
	WILD_NEVER,
};

struct wild_step {
	uint8_t kind;
	uint8_t byte;
	const struct bits *class;
};

enum { BYTES = 256, FOLDERS_STEPS = 3 };

struct making {
	struct arena *arena;
	struct str text, rest;
	size_t literal;
	VEC_OF(struct wild_step) steps;
};

static void add(struct making *m, enum wild_kind kind, char byte)
{
	*vec_push(&m->steps) = (struct wild_step){.kind = (uint8_t)kind, .byte = (uint8_t)byte};
}

static bool between(int byte, int from, int to)
{
	return byte >= from && byte <= to;
}

/* Is it in the class of that name? All are of ASCII alone, and a space is what git takes for one. */
static bool is_named(struct str name, int byte, bool *known)
{
	bool upper = between(byte, 'A', 'Z'), lower = between(byte, 'a', 'z');
	bool digit = between(byte, '0', '9'), graph = between(byte, '!', '~');
	bool blank = byte == ' ' || byte == '\t', space = blank || byte == '\n' || byte == '\r';
	const struct {
		const char *name;
		bool is;
	} classes[] = {{"alnum", upper || lower || digit}, {"alpha", upper || lower},
		{"blank", blank}, {"cntrl", byte < ' ' || byte == 127}, {"digit", digit},
		{"graph", graph}, {"lower", lower}, {"print", graph || byte == ' '},
		{"punct", graph && !upper && !lower && !digit}, {"space", space}, {"upper", upper},
		{"xdigit", digit || between(byte, 'A', 'F') || between(byte, 'a', 'f')}};
	for (size_t i = 0; i < sizeof classes / sizeof *classes; i++) {
		*known = str_is(name, classes[i].name);
		if (*known)
			return classes[i].is;
	}
	return false;
}

static bool class_named(struct bits *class, struct str name)
{
	bool known = false;
	for (int byte = 0; byte < BYTES; byte++)
		if (is_named(name, byte, &known))
			bits_add(class, (uint32_t)byte);
	return known;
}

/* Cuts a byte off, or the one behind a backslash. */
static bool class_byte(struct str *rest, uint8_t *byte)
{
	str_skip(rest, STR("\\"));
	if (!rest->len)
		return false;
	*byte = (uint8_t)rest->at[0];
	*rest = str_from_index(*rest, 1);
	return true;
}

/* Cuts "[:name:]" off; *found false when there is none. False: it is the name of no class. */
static bool class_name(struct bits *class, struct str *rest, bool *found)
{
	struct str inner = *rest;
	*found = false;
	if (!str_skip(&inner, STR("[:")))
		return true;
	struct str name = str_until(inner, str_find(inner, ']'));
	if (name.len == inner.len)
		return false;
	inner = str_from_index(inner, name.len);
	*found = str_skip_end(&name, STR(":")) && str_skip(&inner, STR("]"));
	if (!*found)
		return true;
	*rest = inner;
	return class_named(class, name);
}

/* Cuts one item off: a name, a byte, or the rest of a range that begins with `before`. */
static bool class_item(struct bits *class, struct str *rest, uint8_t *before)
{
	struct str inner = *rest;
	uint8_t byte = 0;
	bool found = false;
	if (!class_name(class, rest, &found))
		return false;
	bool range = *before && str_skip(&inner, STR("-")) && inner.len && inner.at[0] != ']';
	if (found) {
		*before = 0;
		return true;
	}
	if (range)
		*rest = inner;
	if (!class_byte(rest, &byte))
		return false;
	for (int at = range ? *before : byte; at <= byte; at++)
		bits_add(class, (uint32_t)at);
	*before = range ? 0 : byte;
	return true;
}

/* What comes after a "[", with its "]"; false: it is none. */
static bool class_make(struct making *m)
{
	struct bits *class = NEW(m->arena, struct bits);
	*class = bits_make(m->arena, BYTES);
	bool negated = str_skip(&m->rest, STR("!")) || str_skip(&m->rest, STR("^"));
	uint8_t before = 0;
	/* A "]" that comes first is one of the bytes. */
	do {
		if (!class_item(class, &m->rest, &before))
			return false;
	} while (!str_skip(&m->rest, STR("]")));
	for (size_t i = 0; negated && i < bits_words(BYTES); i++)
		class->words[i] = ~class->words[i];
	class->words['/' / 64] &= ~((uint64_t)1 << '/' % 64);
	*vec_push(&m->steps) = (struct wild_step){.kind = WILD_CLASS, .class = class};
	return true;
}

/* After the first star. */
static void stars_make(struct making *m)
{
	size_t before = m->text.len - m->rest.len - 1; /* where the first one is */
	bool slash_before = before == m->literal || m->text.at[before - 1] == '/';
	bool many = false;
	while (str_skip(&m->rest, STR("*")))
		many = true;
	bool slash_after = str_starts(m->rest, STR("/"));
	bool ends = !m->rest.len || slash_after || str_starts(m->rest, STR("\\/"));
	if (!many || !slash_before || !ends) {
		add(m, WILD_STAR, 0);
		return;
	}
	if (slash_after)
		add(m, WILD_FOLDERS, 0);
	add(m, WILD_STARS, 0);
}

/* Makes a step of what comes next; false: nothing can match. */
static bool step_make(struct making *m)
{
	char byte = m->rest.at[0];
	m->rest = str_from_index(m->rest, 1);
	if (byte == '*') {
		stars_make(m);
		return true;
	}
	if (byte == '[')
		return class_make(m);
	if (byte == '?') {
		add(m, WILD_ANY, 0);
		return true;
	}
	if (byte == '\\') {
		if (!m->rest.len)
			return false;
		byte = m->rest.at[0];
		m->rest = str_from_index(m->rest, 1);
	}
	add(m, WILD_BYTE, byte);
	return true;
}

struct wildmatch wildmatch_make(struct arena *a, struct str pattern, size_t literal)
{
	struct making m = {.arena = a, .text = pattern, .literal = literal, .steps.arena = a};
	for (size_t i = 0; i < literal; i++)
		add(&m, WILD_BYTE, pattern.at[i]);
	m.rest = str_from_index(pattern, literal);
	while (m.rest.len)
		if (!step_make(&m)) {
			add(&m, WILD_NEVER, 0);
			break;
		}
	return (struct wildmatch){m.steps.at, (uint32_t)m.steps.len};
}

/* Adds a step, and those behind it that may come next because it can take nothing. */
static void enter(const struct wildmatch *m, struct bits *set, uint32_t step)
{
	while (bits_add(set, step) && step < m->count) {
		enum wild_kind kind = m->steps[step].kind;
		if (kind == WILD_FOLDERS) {
			bits_add(set, step + 1);
			bits_add(set, step + 2);
			step += FOLDERS_STEPS;
		} else if (kind == WILD_STAR || kind == WILD_STARS) {
			step++;
		} else {
			return;
		}
	}
}

void wildmatch_begin(const struct wildmatch *m, struct bits *at)
{
	bits_clear(at);
	enter(m, at, 0);
}

static bool passes(const struct wild_step *step, char byte)
{
	switch ((enum wild_kind)step->kind) {
	case WILD_BYTE: return step->byte == (uint8_t)byte;
	case WILD_CLASS: return bits_has(step->class, (uint8_t)byte);
	case WILD_ANY:
	case WILD_STAR: return byte != '/';
	case WILD_STARS: return true;
	case WILD_FOLDERS:
	case WILD_NEVER: break;
	}
	return false;
}

bool wildmatch_take(const struct wildmatch *m, struct wild_run *run, struct str text)
{
	bool alive = true;
	for (size_t i = 0; i < text.len && alive; i++) {
		struct bits at = run->at;
		alive = false;
		bits_clear(&run->next);
		run->work += bits_words(at.count);
		BITS_EACH(step, &at)
		{
			run->work++;
			if (step == m->count || !passes(&m->steps[step], text.at[i]))
				continue;
			enum wild_kind kind = m->steps[step].kind;
			bool stays = kind == WILD_STAR || kind == WILD_STARS;
			enter(m, &run->next, stays ? step : step + 1);
			alive = true;
		}
		run->at = run->next;
		run->next = at;
	}
	return alive;
}
