#include "model/schema.h"

#include "base/date.h"
#include "base/map.h"

/* A row whose field is not of the C type that its kind means does not compile. */
#define SAME_TYPE(noun, field, type)                                                               \
	(0 * sizeof(char[__builtin_types_compatible_p(__typeof__(((struct noun *)0)->field), type) \
				 ? 1                                                               \
				 : -1]))
#define LIST_OF(noun, field, of) (0 * sizeof(((struct noun *)0)->field == (struct of *)0))

#define TYPE_BOOL bool
#define TYPE_BOOL_IF bool
#define TYPE_SIGN char
#define TYPE_INT int
#define TYPE_INT_IF int
#define TYPE_U32 uint32_t
#define TYPE_U32_IF uint32_t
#define TYPE_MODE uint32_t
#define TYPE_U64 uint64_t
#define TYPE_SIZE size_t
#define TYPE_TIME int64_t
#define TYPE_TEXT struct str
#define TYPE_ID struct oid

#define WORDS(name, ...) static const char *const words_##name[] = {__VA_ARGS__};
#define NOUN(noun) static const struct schema_field fields_##noun[] = {
#define FIELD(noun, kind_, field, key_)                                                    \
	{.kind = SCHEMA_##kind_,                                                           \
		.at = offsetof(struct noun, field) + SAME_TYPE(noun, field, TYPE_##kind_), \
		.key = (key_)},
#define ENUM(noun, field, name, key_)                                                   \
	{.kind = SCHEMA_ENUM,                                                           \
		.at = offsetof(struct noun, field) + SAME_TYPE(noun, field, enum name), \
		.key = (key_),                                                          \
		.words = words_##name,                                                  \
		.word_count = sizeof words_##name / sizeof *words_##name},
#define LIST(noun, field, count, of_, key_)                                                \
	{.kind = SCHEMA_LIST,                                                              \
		.at = offsetof(struct noun, field) + LIST_OF(noun, field, of_),            \
		.count_at = offsetof(struct noun, count) + SAME_TYPE(noun, count, size_t), \
		.key = (key_),                                                             \
		.of = &schema_##of_},
#define IDS(noun, field, count, key_)                                                      \
	{.kind = SCHEMA_IDS,                                                               \
		.at = offsetof(struct noun, field) + LIST_OF(noun, field, oid),            \
		.count_at = offsetof(struct noun, count) + SAME_TYPE(noun, count, size_t), \
		.key = (key_)},
#define PART(noun, field, of_, key_)                                                     \
	{.kind = SCHEMA_PART,                                                            \
		.at = offsetof(struct noun, field) + SAME_TYPE(noun, field, struct of_), \
		.key = (key_),                                                           \
		.of = &schema_##of_},
#define MAYBE(noun, field, of_, key_)                                           \
	{.kind = SCHEMA_MAYBE,                                                  \
		.at = offsetof(struct noun, field) + LIST_OF(noun, field, of_), \
		.key = (key_),                                                  \
		.of = &schema_##of_},
#define END(noun)                                                  \
	}                                                          \
	;                                                          \
	const struct schema schema_##noun = {#noun, fields_##noun, \
		sizeof fields_##noun / sizeof *fields_##noun, sizeof(struct noun)};
/* clang-format off */
#include "model/schema.def"

#undef WORDS
#undef NOUN
#undef FIELD
#undef ENUM
#undef LIST
#undef IDS
#undef PART
#undef MAYBE
#undef END
#define WORDS(name, ...)
#define NOUN(noun) #noun "("
#define FIELD(noun, kind, field, key) #kind " " #field ","
#define ENUM(noun, field, name, key) #name " " #field ","
#define LIST(noun, field, count, of, key) #of "[] " #field ","
#define IDS(noun, field, count, key) "ids " #field ","
#define PART(noun, field, of, key) #of " " #field ","
#define MAYBE(noun, field, of, key) #of "? " #field ","
#define END(noun) ")"
static const char whole_table[] =
#include "model/schema.def"
	;
/* clang-format on */

uint64_t schema_hash(void)
{
	return bytes_hash(0, whole_table, sizeof whole_table - 1);
}

/* Encoding */

static void put(struct buf *out, uint64_t value, int bytes)
{
	for (int i = 0; i < bytes; i++)
		buf_byte(out, (char)(value >> 8 * i));
}

static void put_text(struct buf *out, struct str text)
{
	put(out, text.len, 4);
	buf_str(out, text);
}

static void put_id(struct buf *out, const struct oid *id)
{
	buf_byte(out, (char)id->algo);
	if (id->algo)
		buf_bytes(out, id->hash, hash_size(id->algo));
}

static void encode(struct buf *out, const struct schema *schema, const void *model);

static void encode_list(
	struct buf *out, const struct schema_field *f, const char *items, size_t count)
{
	put(out, count, 4);
	for (size_t i = 0; i < count; i++)
		if (f->kind == SCHEMA_IDS)
			put_id(out, (const struct oid *)(const void *)items + i);
		else
			encode(out, f->of, items + i * f->of->size);
}

static void encode_field(struct buf *out, const struct schema_field *f, const char *model)
{
	const void *at = model + f->at;
	const void *const *pointer = at;
	switch (f->kind) {
	case SCHEMA_BOOL:
	case SCHEMA_BOOL_IF: put(out, *(const bool *)at, 1); break;
	case SCHEMA_SIGN: put(out, *(const unsigned char *)at, 1); break;
	case SCHEMA_ENUM: put(out, *(const unsigned *)at, 1); break;
	case SCHEMA_INT:
	case SCHEMA_INT_IF: put(out, (uint32_t) * (const int *)at, 4); break;
	case SCHEMA_U32:
	case SCHEMA_U32_IF:
	case SCHEMA_MODE: put(out, *(const uint32_t *)at, 4); break;
	case SCHEMA_U64: put(out, *(const uint64_t *)at, 8); break;
	case SCHEMA_SIZE: put(out, *(const size_t *)at, 8); break;
	case SCHEMA_TIME: put(out, (uint64_t) * (const int64_t *)at, 8); break;
	case SCHEMA_TEXT: put_text(out, *(const struct str *)at); break;
	case SCHEMA_ID: put_id(out, at); break;
	case SCHEMA_IDS:
	case SCHEMA_LIST:
		encode_list(out, f, *pointer, *(const size_t *)(const void *)(model + f->count_at));
		break;
	case SCHEMA_PART: encode(out, f->of, at); break;
	case SCHEMA_MAYBE:
		put(out, *pointer != NULL, 1);
		if (*pointer)
			encode(out, f->of, *pointer);
		break;
	}
}

static void encode(struct buf *out, const struct schema *schema, const void *model)
{
	for (size_t i = 0; i < schema->count; i++)
		encode_field(out, &schema->fields[i], model);
}

void schema_encode(struct buf *out, const struct schema *schema, const void *model)
{
	put(out, schema_hash(), 8);
	encode(out, schema, model);
}

/* Decoding */

struct reader {
	struct ctx *c;
	struct str rest;
};

static enum err cut_short(struct reader *r)
{
	return fail(r->c, ERR_INVALID, "the data ends too early");
}

static enum err get(struct reader *r, int bytes, uint64_t *out)
{
	if (r->rest.len < (size_t)bytes)
		return cut_short(r);
	*out = 0;
	for (int i = 0; i < bytes; i++)
		*out |= (uint64_t)(unsigned char)r->rest.at[i] << 8 * i;
	r->rest = str_from_index(r->rest, (size_t)bytes);
	return OK;
}

static enum err get_text(struct reader *r, struct str *out)
{
	uint64_t len = 0;
	TRY(get(r, 4, &len));
	if (len > r->rest.len)
		return cut_short(r);
	*out = str_until(r->rest, (size_t)len);
	r->rest = str_from_index(r->rest, (size_t)len);
	return OK;
}

static enum err get_id(struct reader *r, struct oid *out)
{
	uint64_t algo = 0;
	TRY(get(r, 1, &algo));
	*out = (struct oid){0};
	if (!algo)
		return OK;
	if (algo != HASH_SHA1 && algo != HASH_SHA256)
		return fail(r->c, ERR_INVALID, "the data has an id of no known kind");
	size_t size = hash_size((enum hash_algo)algo);
	if (r->rest.len < size)
		return cut_short(r);
	*out = oid_from_bytes((enum hash_algo)algo, r->rest.at);
	r->rest = str_from_index(r->rest, size);
	return OK;
}

/* The fewest bytes that a model of this kind can be. */
static size_t least(const struct schema *schema)
{
	static const uint8_t sizes[] = {
		[SCHEMA_BOOL] = 1,
		[SCHEMA_BOOL_IF] = 1,
		[SCHEMA_SIGN] = 1,
		[SCHEMA_INT] = 4,
		[SCHEMA_INT_IF] = 4,
		[SCHEMA_U32] = 4,
		[SCHEMA_U32_IF] = 4,
		[SCHEMA_MODE] = 4,
		[SCHEMA_U64] = 8,
		[SCHEMA_SIZE] = 8,
		[SCHEMA_TIME] = 8,
		[SCHEMA_TEXT] = 4,
		[SCHEMA_ID] = 1,
		[SCHEMA_ENUM] = 1,
		[SCHEMA_IDS] = 4,
		[SCHEMA_LIST] = 4,
		[SCHEMA_PART] = 0,
		[SCHEMA_MAYBE] = 1,
	};
	size_t sum = 0;
	for (size_t i = 0; i < schema->count; i++) {
		const struct schema_field *f = &schema->fields[i];
		sum += f->kind == SCHEMA_PART ? least(f->of) : sizes[f->kind];
	}
	return sum;
}

static enum err decode(struct reader *r, const struct schema *schema, char *out);

static enum err decode_list(struct reader *r, const struct schema_field *f, char *model)
{
	uint64_t count = 0;
	bool ids = f->kind == SCHEMA_IDS;
	TRY(get(r, 4, &count));
	if (count > r->rest.len / (ids ? 1 : least(f->of)))
		return cut_short(r);
	size_t size = ids ? sizeof(struct oid) : f->of->size;
	char *items = arena_array(r->c->arena, (size_t)count, size);
	*(const void **)(void *)(model + f->at) = items;
	*(size_t *)(void *)(model + f->count_at) = (size_t)count;
	for (size_t i = 0; i < count; i++) {
		if (ids)
			TRY(get_id(r, (struct oid *)(void *)(items + i * size)));
		else
			TRY(decode(r, f->of, items + i * size));
	}
	return OK;
}

static enum err decode_maybe(struct reader *r, const struct schema_field *f, const void **out)
{
	uint64_t there = 0;
	TRY(get(r, 1, &there));
	if (there > 1)
		return fail(
			r->c, ERR_INVALID, "the data has something that is neither there nor not");
	if (!there)
		return OK;
	char *model = arena_alloc(r->c->arena, f->of->size);
	*out = model;
	return decode(r, f->of, model);
}

static enum err decode_number(struct reader *r, const struct schema_field *f, void *at)
{
	bool small = f->kind <= SCHEMA_SIGN || f->kind == SCHEMA_ENUM;
	uint64_t value = 0;
	TRY(get(r, small ? 1 : f->kind <= SCHEMA_MODE ? 4 : 8, &value));
	bool good = true;
	switch (f->kind) {
	case SCHEMA_BOOL:
	case SCHEMA_BOOL_IF:
		good = value <= 1;
		*(bool *)at = value == 1;
		break;
	case SCHEMA_SIGN:
		good = value == ' ' || value == '-' || value == '+';
		*(char *)at = (char)value;
		break;
	case SCHEMA_ENUM:
		good = value < f->word_count;
		*(unsigned *)at = (unsigned)value;
		break;
	case SCHEMA_INT:
	case SCHEMA_INT_IF: *(int *)at = (int)(uint32_t)value; break;
	case SCHEMA_SIZE:
		good = value <= SIZE_MAX;
		*(size_t *)at = (size_t)value;
		break;
	case SCHEMA_U64: *(uint64_t *)at = value; break;
	case SCHEMA_TIME: *(int64_t *)at = (int64_t)value; break;
	default: *(uint32_t *)at = (uint32_t)value; break;
	}
	return good ? OK : fail(r->c, ERR_INVALID, "the data has a value that there is not");
}

static enum err decode(struct reader *r, const struct schema *schema, char *out)
{
	for (size_t i = 0; i < schema->count; i++) {
		const struct schema_field *f = &schema->fields[i];
		void *at = out + f->at;
		switch (f->kind) {
		case SCHEMA_TEXT: TRY(get_text(r, at)); break;
		case SCHEMA_ID: TRY(get_id(r, at)); break;
		case SCHEMA_IDS:
		case SCHEMA_LIST: TRY(decode_list(r, f, out)); break;
		case SCHEMA_PART: TRY(decode(r, f->of, at)); break;
		case SCHEMA_MAYBE: TRY(decode_maybe(r, f, at)); break;
		default: TRY(decode_number(r, f, at)); break;
		}
	}
	return OK;
}

enum err schema_decode(struct ctx *c, const struct schema *schema, struct str bytes, void *out)
{
	struct reader r = {c, bytes};
	uint64_t hash = 0;
	TRY(get(&r, 8, &hash));
	if (hash != schema_hash())
		return fail(c, ERR_INVALID, "the data is of another version: load the page again");
	memset(out, 0, schema->size);
	TRY(decode(&r, schema, out));
	if (r.rest.len)
		return fail(c, ERR_INVALID, "the data goes on after its end");
	return OK;
}

/* JSON */

static void json_id(struct json_writer *w, const struct oid *id)
{
	char hex[OID_HEX_MAX];
	if (id->algo && !oid_is_zero(id))
		json_string(w, str_of(oid_hex(id, hex)));
	else
		json_null(w);
}

static void json_cstr(struct json_writer *w, const char *text)
{
	if (text)
		json_string(w, str_of(text));
	else
		json_null(w);
}

static void json_mode(struct json_writer *w, uint32_t mode)
{
	char text[16];
	fmt_into(text, sizeof text, "%06o", mode);
	json_cstr(w, mode ? text : NULL);
}

static void json_time(struct json_writer *w, int64_t seconds)
{
	char text[24];
	date_rfc3339(seconds, text);
	json_cstr(w, text);
}

static void json_list(
	struct json_writer *w, const struct schema_field *f, const char *items, size_t count)
{
	json_begin_array(w);
	for (size_t i = 0; i < count; i++)
		if (f->kind == SCHEMA_IDS)
			json_id(w, (const struct oid *)(const void *)items + i);
		else
			schema_json(w, f->of, items + i * f->of->size);
	json_end_array(w);
}

static void json_field(struct json_writer *w, const struct schema_field *f, const char *model)
{
	const void *at = model + f->at;
	const void *const *pointer = at;
	switch (f->kind) {
	case SCHEMA_BOOL:
	case SCHEMA_BOOL_IF: json_bool(w, *(const bool *)at); break;
	case SCHEMA_SIGN: json_string(w, str_from(at, 1)); break;
	case SCHEMA_INT:
	case SCHEMA_INT_IF: json_int(w, *(const int *)at); break;
	case SCHEMA_U32:
	case SCHEMA_U32_IF: json_int(w, *(const uint32_t *)at); break;
	case SCHEMA_MODE: json_mode(w, *(const uint32_t *)at); break;
	case SCHEMA_U64: json_int(w, (int64_t) * (const uint64_t *)at); break;
	case SCHEMA_SIZE: json_int(w, (int64_t) * (const size_t *)at); break;
	case SCHEMA_TIME: json_time(w, *(const int64_t *)at); break;
	case SCHEMA_TEXT: json_string(w, *(const struct str *)at); break;
	case SCHEMA_ID: json_id(w, at); break;
	case SCHEMA_ENUM: json_cstr(w, f->words[*(const unsigned *)at]); break;
	case SCHEMA_IDS:
	case SCHEMA_LIST:
		json_list(w, f, *pointer, *(const size_t *)(const void *)(model + f->count_at));
		break;
	case SCHEMA_PART: schema_json(w, f->of, at); break;
	case SCHEMA_MAYBE:
		if (*pointer)
			schema_json(w, f->of, *pointer);
		else
			json_null(w);
		break;
	}
}

/* Is it no member, because it is zero? */
static bool is_left_out(const struct schema_field *f, const void *at)
{
	switch (f->kind) {
	case SCHEMA_BOOL_IF: return !*(const bool *)at;
	case SCHEMA_INT_IF: return !*(const int *)at;
	case SCHEMA_U32_IF: return !*(const uint32_t *)at;
	default: return false;
	}
}

void schema_json(struct json_writer *w, const struct schema *schema, const void *model)
{
	json_begin_object(w);
	for (size_t i = 0; i < schema->count; i++) {
		const struct schema_field *f = &schema->fields[i];
		if (!f->key || is_left_out(f, (const char *)model + f->at))
			continue;
		json_key(w, f->key);
		json_field(w, f, model);
	}
	json_end_object(w);
}
