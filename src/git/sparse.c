#include "git/sparse.h"

/*
 * A folder's words: the lists whose patterns include it, a bit for each; then of each pattern that
 * matches paths and may still match in here, the last one first, its number and the set of its
 * steps that may come next.
 */
enum { LISTS_WORD, LIVE_WORD };

/* Some minutes of work; and after how much of it somebody looks whether it is still wanted. */
static const uint64_t work_max = (uint64_t)1 << 35, work_check = 1 << 20;
enum { TAKE_MAX = 256 }; /* bytes of a name, likewise */

void sparse_init(struct ctx *c, struct sparse *s, struct arena *arena)
{
	*s = (struct sparse){.arena = arena};
	s->patterns.arena = s->names.arena = s->folders.arena = s->words.arena = arena;
	c->world->random(&s->folders.seed, sizeof s->folders.seed);
}

/* How many bytes there are before the first wildcard. */
static size_t literal_length(struct str s)
{
	size_t i = 0;
	while (i < s.len && !memchr("*?[\\", s.at[i], 4))
		i++;
	return i;
}

/* Without the spaces at its end but for an escaped one. */
static struct str without_spaces(struct str line)
{
	size_t end = 0;
	for (size_t i = 0; i < line.len; i++) {
		bool escape = line.at[i] == '\\';
		i += escape;
		if (escape || line.at[i] != ' ')
			end = i < line.len ? i + 1 : line.len;
	}
	return str_until(line, end);
}

static enum err pattern_add(struct ctx *c, struct sparse *s, struct str line)
{
	struct sparse_pattern p = {.list = s->lists};
	p.excludes = str_skip(&line, STR("!"));
	p.folder = str_skip_end(&line, STR("/"));
	p.name = str_find(line, '/') == line.len;
	str_skip(&line, STR("/"));
	if (line.len > WILDMATCH_MAX)
		return fail(
			c, ERR_TOO_BIG, "a sparse pattern has more than %d bytes", WILDMATCH_MAX);
	if (s->patterns.len == SPARSE_PATTERNS_MAX)
		return fail(c, ERR_TOO_BIG, "there are more than %d sparse patterns",
			SPARSE_PATTERNS_MAX);
	p.match = wildmatch_make(s->arena, line, literal_length(line));
	if (p.name)
		*vec_push(&s->names) = (uint32_t)s->patterns.len;
	*vec_push(&s->patterns) = p;
	if (s->run.at.count < wildmatch_bits(&p.match)) {
		s->run.at = bits_make(s->arena, wildmatch_bits(&p.match));
		s->run.next = bits_make(s->arena, wildmatch_bits(&p.match));
	}
	return OK;
}

/* As git reads them: an empty line is skipped, one of spaces alone is an empty pattern. */
enum err sparse_add(struct ctx *c, struct sparse *s, struct str text)
{
	s->bytes += text.len;
	if (s->bytes > SPARSE_BYTES_MAX)
		return fail(c, ERR_TOO_BIG, "the sparse patterns have more than %d bytes",
			SPARSE_BYTES_MAX);
	if (s->lists == SPARSE_LISTS_MAX)
		return fail(c, ERR_TOO_BIG, "there are more than %d lists of sparse patterns",
			SPARSE_LISTS_MAX);
	str_skip(&text, STR("\xef\xbb\xbf"));
	while (text.len) {
		struct str line = str_cut(&text, '\n');
		if (!line.len || line.at[0] == '#')
			continue;
		str_skip_end(&line, STR("\r"));
		line = str_until(line, str_find(line, 0));
		TRY(pattern_add(c, s, without_spaces(line)));
	}
	s->lists++;
	return OK;
}

enum err sparse_read(struct ctx *c, struct sparse *s, struct odb_reader *r, const struct oid *id)
{
	enum object_type type = OBJECT_NONE;
	struct str text = {0};
	uint64_t size = 0;
	char hex[OID_HEX_MAX];
	TRY(odb_stat(c, r, id, &type, &size));
	if (type != OBJECT_BLOB)
		return fail(c, ERR_INVALID, "%s is a %s, not a blob of sparse patterns",
			oid_hex(id, hex), object_type_name(type));
	if (size > SPARSE_BYTES_MAX)
		return fail(c, ERR_TOO_BIG, "the sparse patterns have more than %d bytes",
			SPARSE_BYTES_MAX);
	TRY(odb_read_as(c, r, id, OBJECT_BLOB, &text));
	return sparse_add(c, s, text);
}

/* The one folder of s->words, which are copied where it is new. */
static const struct sparse_folder *folder_of(struct sparse *s)
{
	size_t bytes = s->words.len * sizeof *s->words.at;
	struct sparse_folder *f = map_get(&s->folders, str_from(s->words.at, bytes));
	if (f)
		return f;
	f = NEW(s->arena, struct sparse_folder);
	*f = (struct sparse_folder){.number = (uint32_t)s->folders.count,
		.words = NEW_ARRAY(s->arena, uint64_t, s->words.len),
		.count = s->words.len};
	memcpy(f->words, s->words.at, bytes);
	*map_put(&s->folders, str_from(f->words, bytes)) = f;
	/* Work, so that memory is looked after too. */
	s->run.work += f->count;
	return f;
}

/* A name in a folder being judged. */
struct judging {
	struct sparse *s;
	struct str name;
	bool folder; /* the name's */
	uint64_t decided, included;
};

/* Counts work, and looks now and then whether that goes on. */
static enum err spend(struct ctx *c, struct sparse *s, uint64_t steps)
{
	s->run.work += steps;
	if (s->run.work - s->checked < work_check)
		return OK;
	s->checked = s->run.work;
	TRY(ctx_check_with(c, s->arena));
	if (s->run.work > work_max)
		return fail(c, ERR_TOO_BIG, "the sparse patterns take too much work");
	return OK;
}

static enum err take(
	struct ctx *c, struct sparse *s, const struct wildmatch *m, struct str text, bool *alive)
{
	*alive = true;
	while (text.len && *alive) {
		*alive = wildmatch_take(m, &s->run, str_until(text, TAKE_MAX));
		text = str_from_index(text, TAKE_MAX);
		TRY(spend(c, s, 1));
	}
	return OK;
}

static void run_set(struct sparse *s, const struct wildmatch *m, const uint64_t *words)
{
	s->run.at.count = s->run.next.count = wildmatch_bits(m);
	if (words)
		memcpy(s->run.at.words, words, bits_words(s->run.at.count) * sizeof *words);
	else
		wildmatch_begin(m, &s->run.at);
}

/* Has a pattern behind this one spoken, or does this one not speak of files? */
static bool is_mute(const struct judging *j, const struct sparse_pattern *p)
{
	return (j->decided >> p->list & 1) || (p->folder && !j->folder);
}

static void decide(struct judging *j, const struct sparse_pattern *p)
{
	j->decided |= (uint64_t)1 << p->list;
	j->included |= (uint64_t)!p->excludes << p->list;
}

static enum err judge_name(struct ctx *c, struct judging *j, uint32_t number)
{
	const struct sparse_pattern *p = &j->s->patterns.at[number];
	bool alive = false;
	TRY(spend(c, j->s, 1));
	if (is_mute(j, p))
		return OK;
	run_set(j->s, &p->match, NULL);
	TRY(take(c, j->s, &p->match, j->name, &alive));
	if (alive && wildmatch_ends(&p->match, &j->s->run))
		decide(j, p);
	return OK;
}

static void live_add(struct sparse *s, uint32_t number)
{
	const struct bits *at = &s->run.at;
	*vec_push(&s->words) = number;
	for (size_t i = 0; i < bits_words(at->count); i++)
		*vec_push(&s->words) = at->words[i];
}

/* The root's name is no path that could match, and no slash comes after it. */
static enum err judge_path(struct ctx *c, struct judging *j, uint32_t number, const uint64_t *words)
{
	const struct sparse_pattern *p = &j->s->patterns.at[number];
	bool alive = false, mute = is_mute(j, p);
	TRY(spend(c, j->s, 1 + bits_words(wildmatch_bits(&p->match))));
	if (mute && !j->folder)
		return OK;
	run_set(j->s, &p->match, words);
	TRY(take(c, j->s, &p->match, j->name, &alive));
	if (alive && j->name.len && !mute && wildmatch_ends(&p->match, &j->s->run))
		decide(j, p);
	if (alive && j->name.len && j->folder)
		TRY(take(c, j->s, &p->match, STR("/"), &alive));
	if (alive && j->folder)
		live_add(j->s, number);
	return OK;
}

/* All patterns that may match, the last one first. */
static enum err judge(struct ctx *c, struct judging *j, const struct sparse_folder *in)
{
	struct sparse *s = j->s;
	size_t names = s->names.len, words = 0;
	s->words.len = 0;
	*vec_push(&s->words) = 0;
	for (size_t at = LIVE_WORD; at < in->count; at += 1 + words) {
		uint32_t number = (uint32_t)in->words[at];
		words = bits_words(wildmatch_bits(&s->patterns.at[number].match));
		for (; names && s->names.at[names - 1] > number; names--)
			TRY(judge_name(c, j, s->names.at[names - 1]));
		TRY(judge_path(c, j, number, &in->words[at + 1]));
	}
	for (; names; names--)
		TRY(judge_name(c, j, s->names.at[names - 1]));
	j->included |= in->words[LISTS_WORD] & ~j->decided;
	s->words.at[LISTS_WORD] = j->included;
	return OK;
}

const struct sparse_folder *sparse_outside(struct sparse *s)
{
	s->words.len = 0;
	*vec_push(&s->words) = 0;
	for (size_t i = s->patterns.len; i > 0; i--) {
		if (s->patterns.at[i - 1].name)
			continue;
		run_set(s, &s->patterns.at[i - 1].match, NULL);
		live_add(s, (uint32_t)i - 1);
	}
	return folder_of(s);
}

enum err sparse_enter(struct ctx *c, struct sparse *s, const struct sparse_folder *in,
	struct str name, const struct sparse_folder **out)
{
	struct judging j = {.s = s, .name = name, .folder = true};
	TRY(judge(c, &j, in));
	*out = folder_of(s);
	return OK;
}

enum err sparse_includes(
	struct ctx *c, struct sparse *s, const struct sparse_folder *in, struct str name, bool *out)
{
	struct judging j = {.s = s, .name = name};
	TRY(judge(c, &j, in));
	*out = j.included == ~(uint64_t)0 >> (SPARSE_LISTS_MAX - s->lists);
	return OK;
}
