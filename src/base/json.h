/*
 * JSON (RFC 8259): a strict reader into an arena, and a writer.
 *
 * The reader refuses duplicate keys, bad UTF-8, depth over 64 and trailing bytes. Integers keep 64
 * bits.
 */
#ifndef BASE_JSON_H
#define BASE_JSON_H

#include "base/buf.h"
#include "base/ctx.h"

enum json_kind { JSON_NULL, JSON_BOOL, JSON_INT, JSON_REAL, JSON_STRING, JSON_ARRAY, JSON_OBJECT };

struct json {
	enum json_kind kind;
	bool boolean;
	int64_t integer;    /* JSON_INT */
	struct str text;    /* JSON_STRING: decoded; JSON_REAL: as it stood */
	struct str key;     /* of a member */
	struct json *first; /* of an array or object */
	struct json *next;  /* sibling */
	size_t count;
};

/* ERR_INVALID with the byte's position on anything that is not one JSON value. */
enum err json_parse(struct ctx *c, struct str text, struct json **out) MUST;

/* The member, or NULL (also when `object` is NULL or no object). */
const struct json *json_get(const struct json *object, const char *key);
/* Its text; empty where it is missing or something else. */
struct str json_text(const struct json *object, const char *key);
/* Is this text among the elements? */
bool json_has_text(const struct json *array, const char *text);

/* Writer: commas are its work. json_key(w, "a"), then one value. Ends must match begins (asserted).
 */
struct json_writer {
	struct buf *out;
	int depth;
	bool comma;
};

void json_begin_object(struct json_writer *w);
void json_end_object(struct json_writer *w);
void json_begin_array(struct json_writer *w);
void json_end_array(struct json_writer *w);
void json_key(struct json_writer *w, const char *key);
void json_string(
	struct json_writer *w, struct str value); /* bytes that are no UTF-8 become U+FFFD */
void json_int(struct json_writer *w, int64_t value);
void json_bool(struct json_writer *w, bool value);
void json_null(struct json_writer *w);

/* What json_parse read. */
void json_value(struct json_writer *w, const struct json *value);

/* A key and its value. */
void json_member_str(struct json_writer *w, const char *key, struct str value);
void json_member_cstr(struct json_writer *w, const char *key, const char *value); /* NULL: null */
void json_member_int(struct json_writer *w, const char *key, int64_t value);
void json_member_bool(struct json_writer *w, const char *key, bool value);

#endif
