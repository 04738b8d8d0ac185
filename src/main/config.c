#include "main/config.h"

#include "base/vec.h"
#include "main/config_table.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>

enum { SECRET_FILE_MAX = 4096, NAMES_MAX = 32, NAME_MAX_BYTES = 32 };

const struct config_row config_rows[] = {
#define ROW(row_kind, variable, otherwise, text, place) \
	.kind = row_kind, .name = variable, .fallback = otherwise, .about = text, .offset = place
#define GROUP(title) {.kind = CONFIG_GROUP, .about = title},
#define TEXT(field, name, fallback, about) \
	{ROW(CONFIG_TEXT, name, fallback, about, offsetof(struct config, field))},
#define SECRET(field, name, about)                                            \
	{ROW(CONFIG_SECRET, name, "", about, offsetof(struct config, field)), \
		.origin = offsetof(struct config, field##_from)},
#define WORD(field, name, fallback, words, about) \
	{ROW(CONFIG_WORD, name, fallback, about, offsetof(struct config, field)), .choices = words},
#define RANGE(row_kind, field, name, fallback, least, most, about)                           \
	{ROW(row_kind, name, fallback, about, offsetof(struct config, field)), .low = least, \
		.high = most},
#define INT(...) RANGE(CONFIG_INT, __VA_ARGS__)
#define BYTES(...) RANGE(CONFIG_BYTES, __VA_ARGS__)
#define TIME(...) RANGE(CONFIG_TIME, __VA_ARGS__)
#define NAMES(field, name, about)                                            \
	{ROW(CONFIG_NAMES, name, "", about, offsetof(struct config, field)), \
		.size = sizeof(struct config_##field),                       \
		.count = offsetof(struct config, field##_count)},
#define EACH(names, field, name, fallback, about)                                         \
	{ROW(CONFIG_TEXT, name, fallback, about, offsetof(struct config_##names, field)), \
		.each = true},
#define EACH_SECRET(names, field, name, about)                                        \
	{ROW(CONFIG_SECRET, name, "", about, offsetof(struct config_##names, field)), \
		.each = true, .origin = offsetof(struct config_##names, field##_from)},
#include "main/config.def"
#undef ROW
#undef RANGE
};
const size_t config_row_count = sizeof config_rows / sizeof *config_rows;

static const struct config_unit {
	const char *suffix;
	int64_t factor;
} bytes_units[] = {{"", 1}, {"k", 1LL << 10}, {"m", 1LL << 20}, {"g", 1LL << 30}, {"t", 1LL << 40}},
  time_units[] = {{"ms", 1}, {"s", 1000}, {"m", 60000}, {"h", 3600000}, {"d", 86400000}},
  plain_units[] = {{"", 1}};

static const struct config_unit *units_of(enum config_kind kind, size_t *count)
{
	switch (kind) {
	case CONFIG_BYTES: *count = 5; return bytes_units;
	case CONFIG_TIME: *count = 5; return time_units;
	default: *count = 1; return plain_units;
	}
}

bool config_number(enum config_kind kind, struct str text, int64_t *out)
{
	size_t digits = 0, count;
	while (digits < text.len && text.at[digits] >= '0' && text.at[digits] <= '9')
		digits++;
	uint64_t number;
	if (!str_to_u64(str_until(text, digits), &number))
		return false;
	struct str suffix = str_from_index(text, digits);
	const struct config_unit *units = units_of(kind, &count);
	for (size_t i = 0; i < count; i++)
		if (str_eq_nocase(suffix, str_of(units[i].suffix))) {
			if (number > (uint64_t)INT64_MAX / (uint64_t)units[i].factor)
				return false;
			*out = (int64_t)number * units[i].factor;
			return true;
		}
	return false;
}

void config_number_print(enum config_kind kind, int64_t value, struct buf *out)
{
	size_t count;
	const struct config_unit *units = units_of(kind, &count);
	size_t best = 0;
	for (size_t i = 1; i < count && value; i++)
		if (value % units[i].factor == 0)
			best = i;
	if (!value && kind == CONFIG_TIME)
		best = 1;
	buf_fmt(out, "%lld%s", (long long)(value / units[best].factor), units[best].suffix);
}

const char *config_lookup(char *const *environment, const char *name)
{
	size_t len = strlen(name);
	for (; *environment; environment++)
		if (strncmp(*environment, name, len) == 0 && (*environment)[len] == '=')
			return *environment + len + 1;
	return NULL;
}

/* What kind of value a row takes, in words for an error message. */
static void print_allowed(const struct config_row *row, struct buf *out)
{
	if (row->kind == CONFIG_WORD) {
		buf_fmt(out, "one of %s", row->choices);
		return;
	}
	buf_cstr(out, row->kind == CONFIG_BYTES  ? "a size such as 512k, 64m or 2g, from "
		      : row->kind == CONFIG_TIME ? "a time such as 500ms, 30s, 5m or 12h, from "
						 : "a whole number from ");
	config_number_print(row->kind, row->low, out);
	buf_cstr(out, " to ");
	config_number_print(row->kind, row->high, out);
}

static bool is_choice(const char *choices, const char *value)
{
	struct str rest = str_of(choices);
	while (rest.len)
		if (str_is(str_cut(&rest, '|'), value))
			return true;
	return false;
}

static void set_value(
	const struct config_row *row, const char *value, void *field, struct buf *problems)
{
	if (row->kind == CONFIG_TEXT || row->kind == CONFIG_SECRET) {
		*(const char **)field = value;
		return;
	}
	int64_t number = 0;
	bool ok = row->kind == CONFIG_WORD ? is_choice(row->choices, value)
					   : config_number(row->kind, str_of(value), &number) &&
						     number >= row->low && number <= row->high;
	if (!ok) {
		buf_fmt(problems, "%s=%s is not ", row->name, value);
		print_allowed(row, problems);
		buf_byte(problems, '\n');
	} else if (row->kind == CONFIG_WORD) {
		*(const char **)field = value;
	} else {
		*(int64_t *)field = number;
	}
}

/* The first line of a mounted secret; NULL after saying what is wrong with the file. */
static const char *read_secret(
	struct ctx *c, const char *variable, const char *path, struct buf *problems)
{
	FILE *file = fopen(path, "re");
	if (!file) {
		buf_fmt(problems, "%s=%s cannot be read: %s\n", variable, path, strerror(errno));
		return NULL;
	}
	char *text = arena_alloc(c->arena, SECRET_FILE_MAX + 1);
	size_t len = fread(text, 1, SECRET_FILE_MAX + 1, file);
	bool failed = ferror(file) != 0;
	fclose(file);
	while (len && (text[len - 1] == '\n' || text[len - 1] == '\r'))
		len--;
	if (failed || len == 0 || len > SECRET_FILE_MAX || memchr(text, 0, len)) {
		buf_fmt(problems, "%s=%s holds no secret: a text of 1 to %d bytes is expected\n",
			variable, path, SECRET_FILE_MAX);
		return NULL;
	}
	text[len] = 0;
	return text;
}

static struct config_origin origin_of(const char *value, const char *path)
{
	struct str reference = str_of(value ? value : "");
	if (path)
		return (struct config_origin){CONFIG_FROM_FILE, path};
	if (str_skip(&reference, STR("vault:")))
		return (struct config_origin){CONFIG_FROM_VAULT, reference.at};
	return (struct config_origin){CONFIG_FROM_TEXT, reference.at};
}

/* Which no name, path or address has: it came by a mistake, and would be seen in no message. */
static bool has_control(struct str text)
{
	for (size_t i = 0; i < text.len; i++)
		if ((unsigned char)text.at[i] < ' ' || text.at[i] == 0x7f)
			return true;
	return false;
}

static void read_setting(struct ctx *c, char *const *environment,
	const struct config_setting *setting, struct buf *problems)
{
	const struct config_row *row = &setting->row;
	const char *value = config_lookup(environment, row->name);
	if (row->kind == CONFIG_SECRET) {
		const char *variable = arena_fmt(c->arena, "%s_FILE", row->name);
		const char *path = config_lookup(environment, variable);
		if (path && value)
			buf_fmt(problems, "%s and %s are both set: set one\n", row->name, variable);
		else if (path)
			value = read_secret(c, variable, path, problems);
		*setting->origin = origin_of(value, path);
	}
	if (row->kind == CONFIG_TEXT && value && has_control(str_of(value)))
		buf_fmt(problems, "%s holds a control character\n", row->name);
	if (row->kind != CONFIG_TEXT && row->kind != CONFIG_SECRET && value && !*value)
		value = NULL;
	set_value(row, value ? value : row->fallback, setting->field, problems);
}

/* Levenshtein's distance, of short names only. */
static size_t distance(struct str a, struct str b)
{
	size_t row[64];
	if (b.len >= sizeof row / sizeof *row)
		return SIZE_MAX;
	for (size_t j = 0; j <= b.len; j++)
		row[j] = j;
	for (size_t i = 1; i <= a.len; i++) {
		size_t diagonal = row[0];
		row[0] = i;
		for (size_t j = 1; j <= b.len; j++) {
			size_t change = diagonal + (a.at[i - 1] != b.at[j - 1]);
			size_t best = row[j] < row[j - 1] ? row[j] + 1 : row[j - 1] + 1;
			diagonal = row[j];
			row[j] = best < change ? best : change;
		}
	}
	return row[b.len];
}

static bool is_row_name(struct str name, const struct config_row *row)
{
	if (row->kind == CONFIG_GROUP)
		return false;
	if (row->kind == CONFIG_SECRET)
		(void)str_skip_end(&name, STR("_FILE"));
	return str_is(name, row->name);
}

/* Is it a setting of one of several, of which none has that name? */
static bool lacks_name(struct str name, const struct config_row *names,
	const struct config_row *row, struct str *out)
{
	struct str end = str_of(row->name), begin = STR("<NAME>");
	size_t at = str_find_str(end, begin);
	begin = str_until(end, at);
	end = str_from_index(end, at + STR("<NAME>").len);
	if (row->kind == CONFIG_SECRET)
		(void)str_skip_end(&name, STR("_FILE"));
	bool is = names && str_skip(&name, begin) && str_skip_end(&name, end) && name.len &&
		  str_find(name, '_') == name.len;
	*out = name;
	return is;
}

static char to_small(char letter)
{
	return letter >= 'A' && letter <= 'Z' ? (char)(letter + ('a' - 'A')) : letter;
}

static char to_capital(char letter)
{
	return letter >= 'a' && letter <= 'z' ? (char)(letter - ('a' - 'A')) : letter;
}

static bool check_unnamed(struct str name, struct buf *problems)
{
	const struct config_row *names = NULL;
	struct str missing;
	for (size_t i = 0; i < config_row_count; i++) {
		const struct config_row *row = &config_rows[i];
		if (row->kind == CONFIG_NAMES)
			names = row;
		if (!row->each || !lacks_name(name, names, row, &missing))
			continue;
		buf_fmt(problems, "%.*s is set, but %s does not name \"", STR_FMT(name),
			names->name);
		for (size_t k = 0; k < missing.len; k++)
			buf_byte(problems, to_small(missing.at[k]));
		buf_cstr(problems, "\"\n");
		return true;
	}
	return false;
}

static void check_name(
	struct str name, const struct config_setting *settings, size_t count, struct buf *problems)
{
	const struct config_row *nearest = NULL;
	size_t least = SIZE_MAX;
	for (size_t i = 0; i < count; i++) {
		const struct config_row *row = &settings[i].row;
		if (is_row_name(name, row))
			return;
		size_t away =
			row->name && name.len < 128 ? distance(name, str_of(row->name)) : SIZE_MAX;
		if (away < least)
			least = away, nearest = row;
	}
	if (check_unnamed(name, problems))
		return;
	buf_fmt(problems, "%.*s is not a setting", STR_FMT(name));
	if (nearest && least <= 8)
		buf_fmt(problems, "; did you mean %s?\n", nearest->name);
	else
		buf_cstr(problems, "; `nimbus config` lists them all\n");
}

size_t config_name_count(const struct config_row *row, const struct config *config)
{
	return *(const size_t *)(const void *)((const char *)config + row->count);
}

static char *named_at(const struct config_row *row, const struct config *config, size_t i)
{
	return *(char *const *)(const void *)((const char *)config + row->offset) + i * row->size;
}

const struct config_name *config_name_at(
	const struct config_row *row, const struct config *config, size_t i)
{
	return (const struct config_name *)(const void *)named_at(row, config, i);
}

static bool is_name(struct str text)
{
	for (size_t i = 0; i < text.len; i++) {
		bool letter = text.at[i] >= 'a' && text.at[i] <= 'z';
		if (!letter && !(i && text.at[i] >= '0' && text.at[i] <= '9'))
			return false;
	}
	return text.len && text.len <= NAME_MAX_BYTES;
}

static bool is_named(const struct config_row *row, const struct config *config, struct str name)
{
	for (size_t i = 0; i < config_name_count(row, config); i++)
		if (str_is(name, config_name_at(row, config, i)->text))
			return true;
	return false;
}

static void add_name(
	struct ctx *c, const struct config_row *row, struct config *out, struct str name)
{
	size_t *count = (size_t *)(void *)((char *)out + row->count);
	struct config_name *to = (struct config_name *)(void *)named_at(row, out, (*count)++);
	char *capitals = str_dup(c->arena, name);
	for (char *at = capitals; *at; at++)
		*at = to_capital(*at);
	to->text = str_dup(c->arena, name);
	to->prefix = arena_fmt(c->arena, "%s_%s", row->name, capitals);
}

static void read_names(struct ctx *c, char *const *environment, const struct config_row *row,
	struct config *out, struct buf *problems)
{
	const char *value = config_lookup(environment, row->name);
	*(char **)(void *)((char *)out + row->offset) = arena_array(c->arena, NAMES_MAX, row->size);
	for (struct str rest = str_of(value); rest.len;) {
		struct str name = str_trim(str_cut(&rest, ','));
		if (!is_name(name))
			buf_fmt(problems,
				"%s=%s: \"%.*s\" is no name of small letters and digits, %d at "
				"most, a letter first\n",
				row->name, value, STR_FMT(name), NAME_MAX_BYTES);
		else if (is_named(row, out, name))
			buf_fmt(problems, "%s=%s has %.*s twice\n", row->name, value,
				STR_FMT(name));
		else if (config_name_count(row, out) == NAMES_MAX) {
			buf_fmt(problems, "%s has more than %d names\n", row->name, NAMES_MAX);
			return;
		} else
			add_name(c, row, out, name);
	}
}

/* The row's variable for one name, of which `prefix` is the beginning. */
static const char *variable_of(struct arena *a, const struct config_row *row, const char *prefix)
{
	struct str name = str_of(row->name);
	size_t at = str_find_str(name, STR("<NAME>")) + STR("<NAME>").len;
	return arena_fmt(a, "%s%s", prefix, row->name + at);
}

static struct config_setting setting_of(struct arena *a, const struct config_row *row,
	const struct config_row *names, struct config *config, size_t which)
{
	struct config_setting out = {.row = *row};
	char *base = (char *)config;
	if (row->each) {
		const char *prefix = config_name_at(names, config, which)->prefix;
		out.row.name = variable_of(a, row, prefix);
		base = named_at(names, config, which);
	}
	if (row->kind != CONFIG_GROUP && row->kind != CONFIG_NAMES)
		out.field = base + row->offset;
	if (row->kind == CONFIG_SECRET)
		out.origin = (struct config_origin *)(void *)(base + row->origin);
	return out;
}

const struct config_setting *config_settings(struct arena *a, struct config *config, size_t *count)
{
	VEC_OF(struct config_setting) all = {.arena = a};
	const struct config_row *names = NULL;
	for (size_t i = 0; i < config_row_count; i++) {
		const struct config_row *row = &config_rows[i];
		if (row->kind == CONFIG_NAMES)
			names = row;
		size_t times = row->each ? config_name_count(names, config) : 1;
		for (size_t k = 0; k < times; k++)
			*vec_push(&all) = setting_of(a, row, names, config, k);
		if (!times)
			*vec_push(&all) = (struct config_setting){.row = *row};
	}
	*count = all.len;
	return all.at;
}

enum err config_read(
	struct ctx *c, char *const *environment, struct config *out, struct buf *problems)
{
	size_t count;
	*out = (struct config){0};
	for (size_t i = 0; i < config_row_count; i++)
		if (config_rows[i].kind == CONFIG_NAMES)
			read_names(c, environment, &config_rows[i], out, problems);
	const struct config_setting *settings = config_settings(c->arena, out, &count);
	for (char *const *entry = environment; *entry; entry++) {
		struct str rest = str_of(*entry);
		struct str name = str_cut(&rest, '=');
		if (str_starts(name, STR("NIMBUS_")))
			check_name(name, settings, count, problems);
	}
	for (size_t i = 0; i < count; i++)
		if (settings[i].field)
			read_setting(c, environment, &settings[i], problems);
	if (problems->len)
		return fail(c, ERR_INVALID, "the environment holds settings that make no sense");
	return OK;
}
