/* From a row of client.def and arguments to a request. */
#include "base/uri.h"
#include "main/client.h"
#include "main/config_table.h"

enum encoding { PLAIN, ENCODED };

/* The value of "{NAME/|default}"; NULL: it is not given. */
static const char *value_of(struct ctx *c, const struct run *run, struct str inside, bool *slashes)
{
	struct str fallback = inside;
	struct str name = str_cut(&fallback, '|');
	bool has_fallback = name.len < inside.len;
	*slashes = str_skip_end(&name, STR("/"));
	const char *given = run_argument(run, str_dup(c->arena, name));
	return given ? given : has_fallback ? str_dup(c->arena, fallback) : NULL;
}

/* False: an argument is not given. */
static bool expand(struct ctx *c, const struct run *run, struct str text, enum encoding encoding,
	struct buf *out)
{
	while (text.len) {
		bool slashes;
		buf_str(out, str_cut(&text, '{'));
		if (!text.len)
			return true;
		const char *value = value_of(c, run, str_cut(&text, '}'), &slashes);
		if (!value)
			return false;
		if (encoding == PLAIN)
			buf_cstr(out, value);
		else if (slashes)
			uri_encode_path(out, str_of(value));
		else
			uri_encode(out, str_of(value));
	}
	return true;
}

static void make_query(struct ctx *c, const struct run *run, struct str query, struct buf *out)
{
	char before = '?';
	while (query.len) {
		struct buf part = {.arena = c->arena};
		if (!expand(c, run, str_cut(&query, '&'), ENCODED, &part))
			continue;
		buf_byte(out, before);
		buf_str(out, buf_view(&part));
		before = '&';
	}
}

static enum err write_value(
	struct ctx *c, struct json_writer *w, struct str key, char kind, struct str value)
{
	struct json *parsed;
	int64_t millis;
	json_key(w, str_dup(c->arena, key));
	switch (kind) {
	case ':':
		TRY_WHILE(c, json_parse(c, value, &parsed), "reading %.*s", STR_FMT(value));
		json_value(w, parsed);
		return OK;
	case '%':
		if (!config_number(CONFIG_TIME, value, &millis) || millis < 1000)
			return fail(c, ERR_INVALID, "%.*s is not a time such as 30m, 12h or 30d",
				STR_FMT(value));
		json_int(w, millis / 1000);
		return OK;
	case ',':
		json_begin_array(w);
		while (value.len)
			json_string(w, str_trim(str_cut(&value, ',')));
		json_end_array(w);
		return OK;
	default: json_string(w, value); return OK;
	}
}

static enum err write_member(
	struct ctx *c, const struct run *run, struct json_writer *w, struct str member)
{
	struct str value = member;
	struct str key = str_cut(&value, '=');
	char kind = key.at[key.len - 1];
	struct buf text = {.arena = c->arena};
	if (kind == ':' || kind == '%' || kind == ',')
		key.len--;
	struct str flag = value;
	value = str_cut(&flag, '?');
	if (flag.len && !run_argument(run, str_dup(c->arena, flag)))
		return OK;
	if (!expand(c, run, value, PLAIN, &text))
		return OK;
	return write_value(c, w, key, kind, buf_view(&text));
}

static enum err make_body(struct ctx *c, const struct run *run, struct str members, struct str *out)
{
	struct buf text = {.arena = c->arena};
	struct json_writer w = {.out = &text};
	if (str_starts(members, STR("{"))) {
		if (expand(c, run, members, PLAIN, &text))
			*out = buf_view(&text);
		return OK;
	}
	json_begin_object(&w);
	while (members.len)
		TRY(write_member(c, run, &w, str_cut(&members, ' ')));
	json_end_object(&w);
	*out = buf_view(&text);
	return OK;
}

enum err client_request_make(struct ctx *c, const struct run *run, const struct client_row *row,
	struct client_request *out)
{
	struct buf path = {.arena = c->arena};
	struct str query = str_of(row->path);
	struct str folder = str_cut(&query, '?');
	const char *method = run_argument(run, "--method");
	bool asked = !*row->method;
	*out = (struct client_request){.method = row->method};
	if (!expand(c, run, folder, asked ? PLAIN : ENCODED, &path))
		return fail(c, ERR_INVALID, "an argument is missing");
	while (path.len > 1 && path.at[path.len - 1] == '/')
		path.len--;
	make_query(c, run, query, &path);
	out->path = buf_view(&path);
	if (*row->body)
		TRY(make_body(c, run, str_of(row->body), &out->body));
	if (asked)
		out->method = method ? method : out->body.len ? "POST" : "GET";
	return OK;
}
