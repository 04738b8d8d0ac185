/* What a form says that a key is limited to. */
#include "model/scope.h"
#include "web/page.h"

enum { MIB = 1 << 20, MIBS_MAX = 1000000000 };

/* A pattern a line, as the member of that name. */
static void add_patterns(struct json_writer *w, const struct web_request *r, const char *name)
{
	struct str text = web_field(r, name), line;
	bool any = false;
	while (str_line(&text, &line)) {
		line = str_trim(line);
		if (!line.len)
			continue;
		if (!any) {
			json_key(w, name);
			json_begin_array(w);
		}
		any = true;
		json_string(w, line);
	}
	if (any)
		json_end_array(w);
}

static void add_operations(struct json_writer *w, const struct web_request *r)
{
	bool any = false;
	for (size_t i = 0; i < r->field_count; i++) {
		if (!str_is(r->fields[i].name, "operation"))
			continue;
		if (!any) {
			json_key(w, "operations");
			json_begin_array(w);
		}
		any = true;
		json_string(w, r->fields[i].value);
	}
	if (any)
		json_end_array(w);
}

/* It becomes what the API takes, so that both are held to the same rules. */
enum err page_scope(struct ctx *c, struct web_request *r, struct scope *out)
{
	struct str mebibytes = str_trim(web_field(r, "mebibytes"));
	struct buf text = {.arena = c->arena};
	struct json_writer w = {.out = &text};
	uint64_t number = 0;
	if (mebibytes.len && (!str_to_u64(mebibytes, &number) || !number || number > MIBS_MAX))
		return fail(c, ERR_INVALID, "a budget is 1 to %d MiB", MIBS_MAX);
	json_begin_object(&w);
	add_patterns(&w, r, "repositories");
	add_patterns(&w, r, "refs");
	add_patterns(&w, r, "paths");
	add_operations(&w, r);
	if (number)
		json_member_int(&w, "bytes", (int64_t)number * MIB);
	json_end_object(&w);
	return scope_parse(c, buf_view(&text), out);
}
