#include "main/config_table.h"

enum { WIDTH = 96, INDENT = 4 };

static void print_wrapped(struct str text, struct buf *out)
{
	size_t column = 0;
	while (text.len) {
		struct str word = str_cut(&text, ' ');
		if (column && column + 1 + word.len > WIDTH - INDENT) {
			buf_byte(out, '\n');
			column = 0;
		}
		buf_fmt(out, "%s", column ? " " : "    ");
		buf_str(out, word);
		column += word.len + 1;
	}
	buf_byte(out, '\n');
}

static void print_names(const struct config_row *row, const struct config *config, struct buf *out)
{
	for (size_t i = 0; i < config_name_count(row, config); i++)
		buf_fmt(out, "%s%s", i ? "," : "", config_name_at(row, config, i)->text);
}

static void print_value(
	const struct config_setting *setting, const struct config *config, struct buf *out)
{
	const struct config_row *row = &setting->row;
	const void *field = setting->field;
	if (row->kind == CONFIG_NAMES)
		print_names(row, config, out);
	else if (!field)
		buf_cstr(out, row->fallback);
	else if (row->kind == CONFIG_SECRET)
		buf_cstr(out, **(const char *const *)field ? "(hidden)" : "");
	else if (row->kind == CONFIG_TEXT || row->kind == CONFIG_WORD)
		buf_cstr(out, *(const char *const *)field);
	else
		config_number_print(row->kind, *(const int64_t *)field, out);
}

static const char *origin_of(char *const *environment, const struct config_row *row)
{
	if (config_lookup(environment, row->name))
		return "environment";
	char file[128];
	fmt_into(file, sizeof file, "%s_FILE", row->name);
	if (row->kind == CONFIG_SECRET && config_lookup(environment, file))
		return "file";
	return "default";
}

void config_print(char *const *environment, const struct config *config, struct buf *out)
{
	size_t count;
	struct config copy = *config;
	const struct config_setting *settings = config_settings(out->arena, &copy, &count);
	for (size_t i = 0; i < count; i++) {
		const struct config_row *row = &settings[i].row;
		if (row->kind == CONFIG_GROUP) {
			buf_fmt(out, "%s# %s\n", i ? "\n" : "", row->about);
			continue;
		}
		buf_fmt(out, "%s=", row->name);
		print_value(&settings[i], config, out);
		buf_fmt(out, "  (%s)\n", origin_of(environment, row));
		print_wrapped(str_of(row->about), out);
	}
}

/* A URL of which a part is a password is one secret, whatever row it is in. */
static bool tells_password(struct str value)
{
	size_t at = str_find_str(value, STR("://"));
	struct str rest = str_from_index(value, at < value.len ? at + 3 : at);
	struct str host = str_until(rest, str_find(rest, '/'));
	return str_find(host, '@') < host.len;
}

const struct instance_setting *config_list(
	char *const *environment, const struct config *config, struct arena *a, size_t *count)
{
	size_t rows;
	const char *group = NULL;
	struct config *copy = NEW(a, struct config);
	*copy = *config;
	const struct config_setting *settings = config_settings(a, copy, &rows);
	struct instance_setting *out = NEW_ARRAY(a, struct instance_setting, rows);
	*count = 0;
	for (size_t i = 0; i < rows; i++) {
		const struct config_row *row = &settings[i].row;
		struct buf value = {.arena = a};
		if (row->kind == CONFIG_GROUP) {
			group = row->about;
			continue;
		}
		print_value(&settings[i], config, &value);
		bool secret = row->kind == CONFIG_SECRET || tells_password(buf_view(&value));
		out[(*count)++] = (struct instance_setting){
			.group = group,
			.name = row->name,
			.value = secret ? STR("") : buf_view(&value),
			.secret = secret,
			.set = secret ? value.len > 0
				      : strcmp(origin_of(environment, row), "default") != 0,
		};
		group = NULL;
	}
	return out;
}

static void print_range(const struct config_row *row, struct buf *out)
{
	if (row->kind == CONFIG_WORD) {
		struct str rest = str_of(row->choices);
		for (const char *between = ""; rest.len; between = ", ") {
			struct str word = str_cut(&rest, '|');
			buf_fmt(out, "%s`%.*s`", between, STR_FMT(word));
		}
	} else if (row->kind == CONFIG_SECRET) {
		buf_fmt(out, "secret; or `%s_FILE`", row->name);
	} else if (row->kind == CONFIG_TEXT) {
		buf_cstr(out, "text");
	} else if (row->kind == CONFIG_NAMES) {
		buf_cstr(out, "names");
	} else {
		config_number_print(row->kind, row->low, out);
		buf_cstr(out, " to ");
		config_number_print(row->kind, row->high, out);
	}
}

/* A table's cell ends at '|'. */
static void print_cell(const char *text, struct buf *out)
{
	for (; *text; text++)
		buf_fmt(out, "%s%c", *text == '|' ? "\\" : "", *text);
}

void config_markdown(struct buf *out)
{
	buf_cstr(out, "# Configuration\n\n"
		      "Environment variables and nothing else: there is no configuration file. "
		      "None has to be "
		      "set.\n`nimbus config` shows what is in force and where it came from. "
		      "A variable that begins with\n`NIMBUS_` and is not listed here is an error, "
		      "so that a "
		      "typing mistake is not a silent default.\n\n"
		      "Sizes take `k`, `m`, `g`, `t` (powers of 1024); times take `ms`, `s`, `m`, "
		      "`h`, `d`. "
		      "A secret may\nbe given as a file, "
		      "`NIMBUS_OWNER_PASSWORD_FILE=/run/secrets/owner`, or be in Vault: see "
		      "[secrets.md](secrets.md).\n\n"
		      "This page is made by `nimbus config --markdown`.\n");
	for (size_t i = 0; i < config_row_count; i++) {
		const struct config_row *row = &config_rows[i];
		if (row->kind == CONFIG_GROUP) {
			buf_fmt(out, "\n## %s\n\n| variable | default | may be | what it does |\n",
				row->about);
			buf_cstr(out, "| --- | --- | --- | --- |\n");
			continue;
		}
		buf_fmt(out, "| `%s` | ", row->name);
		if (*row->fallback)
			buf_fmt(out, "`%s`", row->fallback);
		buf_cstr(out, " | ");
		print_range(row, out);
		buf_cstr(out, " | ");
		print_cell(row->about, out);
		buf_cstr(out, " |\n");
	}
}
