/*
 * Models as bytes and as JSON, by one table: model/schema.def.
 *
 * As bytes typed data goes from the server to the same C in a browser: little-endian and without padding; a text by
 * its length and a list by its count, of 32 bits, then what is in it. They begin with a hash of the whole table, so that
 * who was built from another one refuses them instead of misreading. A decoded model's texts lie in the bytes it was
 * read from. Any thread.
 */
#ifndef MODEL_SCHEMA_H
#define MODEL_SCHEMA_H

#include "base/ctx.h"
#include "base/json.h"
#include "model/browse.h"
#include "model/diff.h"

enum schema_kind {
	SCHEMA_BOOL,
	SCHEMA_BOOL_IF,
	SCHEMA_SIGN, /* ' ', '-' or '+' */
	SCHEMA_INT,  /* int */
	SCHEMA_INT_IF,
	SCHEMA_U32,
	SCHEMA_U32_IF,
	SCHEMA_MODE, /* uint32_t; JSON has "100644", or null for 0 */
	SCHEMA_U64,
	SCHEMA_SIZE, /* size_t; 64 bits as bytes */
	SCHEMA_TIME, /* int64_t, seconds since 1970; JSON has RFC 3339 */
	SCHEMA_TEXT, /* struct str */
	SCHEMA_ID,   /* struct oid; JSON has hex, or null for none and for all zero */
	SCHEMA_ENUM, /* an enum; JSON has its word */
	SCHEMA_IDS,  /* pointer and count */
	SCHEMA_LIST, /* likewise */
	SCHEMA_PART, /* a struct in the struct */
	SCHEMA_MAYBE /* a pointer, or NULL; JSON: null */
};

struct schema_field {
	enum schema_kind kind;
	size_t at, count_at;      /* offsets in the struct */
	const char *key;          /* may be NULL */
	const struct schema *of;  /* LIST, PART, MAYBE */
	const char *const *words; /* ENUM */
	size_t word_count;
};

struct schema {
	const char *name;
	const struct schema_field *fields;
	size_t count;
	size_t size; /* of the struct */
};

#define WORDS(name, ...)
#define NOUN(noun) extern const struct schema schema_##noun;
#define FIELD(noun, kind, field, key)
#define ENUM(noun, field, words, key)
#define LIST(noun, field, count, of, key)
#define IDS(noun, field, count, key)
#define PART(noun, field, of, key)
#define MAYBE(noun, field, of, key)
#define END(noun)
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

void schema_encode(struct buf *out, const struct schema *schema, const void *model);

/*
 * Reads exactly one model of that kind into `out`, whose struct it is. ERR_INVALID for anything else, without having
 * taken more memory than a few times the bytes.
 */
enum err schema_decode(struct ctx *c, const struct schema *schema, struct str bytes, void *out)
	MUST;

/* Writes one value. */
void schema_json(struct json_writer *w, const struct schema *schema, const void *model);

/* The hash that bytes begin with. */
uint64_t schema_hash(void);

#endif
