#include "main/config.h"

#include "base/vec.h"
#include "main/config_table.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>

enum { SECRET_FILE_MAX = 4096 };

const struct config_row config_rows[] = {
#define GROUP(title) {.kind = CONFIG_GROUP, .about = title},
#define TEXT(field, name, fallback, about) \
	{CONFIG_TEXT, name, fallback, NULL, 0, 0, about, offsetof(struct config, field)},
#define SECRET(field, name, about) \
	{CONFIG_SECRET, name, "", NULL, 0, 0, about, offsetof(struct config, field)},
#define WORD(field, name, fallback, choices, about) \
	{CONFIG_WORD, name, fallback, choices, 0, 0, about, offsetof(struct config, field)},
#define INT(field, name, fallback, low, high, about) \
	{CONFIG_INT, name, fallback, NULL, low, high, about, offsetof(struct config, field)},
#define BYTES(field, name, fallback, low, high, about) \
	{CONFIG_BYTES, name, fallback, NULL, low, high, about, offsetof(struct config, field)},
#define TIME(field, name, fallback, low, high, about) \
	{CONFIG_TIME, name, fallback, NULL, low, high, about, offsetof(struct config, field)},
#include "main/config.def"
#undef GROUP
#undef TEXT
#undef SECRET
#undef WORD
#undef INT
#undef BYTES
#undef TIME
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
	const struct config_row *row, const char *value, struct config *out, struct buf *problems)
{
	char *field = (char *)out + row->offset;
	if (row->kind == CONFIG_TEXT || row->kind == CONFIG_SECRET) {
		*(const char **)(void *)field = value;
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
		*(const char **)(void *)field = value;
	} else {
		*(int64_t *)(void *)field = number;
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

static void read_row(struct ctx *c, char *const *environment, const struct config_row *row,
	struct config *out, struct buf *problems)
{
	const char *value = config_lookup(environment, row->name);
	if (row->kind == CONFIG_SECRET) {
		const char *variable = arena_fmt(c->arena, "%s_FILE", row->name);
		const char *path = config_lookup(environment, variable);
		if (path && value)
			buf_fmt(problems, "%s and %s are both set: set one\n", row->name, variable);
		else if (path)
			value = read_secret(c, variable, path, problems);
	}
	if (row->kind != CONFIG_TEXT && row->kind != CONFIG_SECRET && value && !*value)
		value = NULL;
	set_value(row, value ? value : row->fallback, out, problems);
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

static void check_name(struct str name, struct buf *problems)
{
	const struct config_row *nearest = NULL;
	size_t least = SIZE_MAX;
	for (size_t i = 0; i < config_row_count; i++) {
		const struct config_row *row = &config_rows[i];
		if (is_row_name(name, row))
			return;
		size_t away =
			row->name && name.len < 128 ? distance(name, str_of(row->name)) : SIZE_MAX;
		if (away < least)
			least = away, nearest = row;
	}
	buf_fmt(problems, "%.*s is not a setting", STR_FMT(name));
	if (nearest && least <= 8)
		buf_fmt(problems, "; did you mean %s?\n", nearest->name);
	else
		buf_cstr(problems, "; `nimbus config` lists them all\n");
}

enum err config_read(
	struct ctx *c, char *const *environment, struct config *out, struct buf *problems)
{
	*out = (struct config){0};
	for (char *const *entry = environment; *entry; entry++) {
		struct str rest = str_of(*entry);
		struct str name = str_cut(&rest, '=');
		if (str_starts(name, STR("NIMBUS_")))
			check_name(name, problems);
	}
	for (size_t i = 0; i < config_row_count; i++)
		if (config_rows[i].kind != CONFIG_GROUP)
			read_row(c, environment, &config_rows[i], out, problems);
	if (problems->len)
		return fail(c, ERR_INVALID, "the environment holds settings that make no sense");
	return OK;
}
