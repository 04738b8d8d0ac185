#include "fuzz/fuzz.h"

#include "base/json.h"

/* Writes a parsed value again. Depth is bounded by the reader: 64. */
static void write_value(struct json_writer *w, const struct json *v)
{
	switch (v->kind) {
	case JSON_NULL: json_null(w); return;
	case JSON_BOOL: json_bool(w, v->boolean); return;
	case JSON_INT: json_int(w, v->integer); return;
	case JSON_REAL: json_string(w, v->text); return;
	case JSON_STRING: json_string(w, v->text); return;
	case JSON_ARRAY: json_begin_array(w); break;
	case JSON_OBJECT: json_begin_object(w); break;
	}
	for (const struct json *m = v->first; m; m = m->next) {
		if (v->kind == JSON_OBJECT && memchr(m->key.at, 0, m->key.len))
			continue;
		if (v->kind == JSON_OBJECT)
			json_key(w, m->key.at);
		write_value(w, m);
	}
	if (v->kind == JSON_ARRAY)
		json_end_array(w);
	else
		json_end_object(w);
}

static struct str written(struct ctx *c, const struct json *v)
{
	struct buf *b = NEW(c->arena, struct buf);
	b->arena = c->arena;
	struct json_writer w = {.out = b};
	write_value(&w, v);
	ASSERT(w.depth == 0);
	return buf_view(b);
}

static void fuzz_one(struct ctx *c, struct str input)
{
	struct json *v, *again;
	enum err kind = json_parse(c, input, &v);
	if (kind) {
		ASSERT(kind == ERR_INVALID && c->error.kind == ERR_INVALID);
		return;
	}
	struct str text = written(c, v);
	ASSERT(json_parse(c, text, &again) == OK);
	ASSERT(str_eq(text, written(c, again)));
}
