#include "fuzz/fuzz.h"

#include "model/schema.h"

/* What was read is written as it stood, and as JSON that can be read. */
static void fuzz_one(struct ctx *c, struct str input)
{
	static const struct schema *const schemas[] = {
		&schema_comparison, &schema_diff, &schema_listing, &schema_commit_full};
	if (!input.len)
		return;
	const struct schema *schema = schemas[(unsigned char)input.at[0] % 4];
	void *model = arena_alloc(c->arena, schema->size);
	struct buf bytes = {.arena = c->arena}, again = {.arena = c->arena}, text = bytes;
	for (int i = 0; i < 8; i++)
		buf_byte(&bytes, (char)(schema_hash() >> 8 * i));
	buf_str(&bytes, str_from_index(input, 1));
	if (schema_decode(c, schema, buf_view(&bytes), model)) {
		ASSERT(c->error.kind == ERR_INVALID);
		return;
	}
	schema_encode(&again, schema, model);
	ASSERT(str_eq(buf_view(&bytes), buf_view(&again)));
	struct json_writer w = {.out = &text};
	struct json *read;
	schema_json(&w, schema, model);
	ASSERT(json_parse(c, buf_view(&text), &read) == OK);
}
