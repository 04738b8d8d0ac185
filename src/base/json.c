#include "base/json.h"

#include "base/hex.h"
#include "base/map.h"

enum {
	DEPTH_MOST = 64,
	FEW = 16, /* members that are compared one by one; more get a map */
};

/* An array or object that is open. */
struct level {
	struct json *value, *last;
	struct map keys;
};

struct reader {
	struct ctx *c;
	struct str text;
	size_t at;
	int depth;
	struct level levels[DEPTH_MOST];
};

static enum err refuse(struct reader *r, const char *why)
{
	return fail(r->c, ERR_INVALID, "JSON: %s at byte %zu", why, r->at);
}

/* The byte that comes next, or -1 at the end. */
static int peek(const struct reader *r)
{
	return r->at < r->text.len ? (unsigned char)r->text.at[r->at] : -1;
}

static void skip_space(struct reader *r)
{
	for (;; r->at++) {
		int byte = peek(r);
		if (byte != ' ' && byte != '\t' && byte != '\n' && byte != '\r')
			return;
	}
}

static bool skip_byte(struct reader *r, char byte)
{
	bool there = peek(r) == byte;
	r->at += there;
	return there;
}

static enum err read_hex4(struct reader *r, uint32_t *out)
{
	uint8_t two[2];
	if (r->text.len - r->at < 4 || !hex_decode(r->text.at + r->at, 2, two))
		return refuse(r, "\\u needs four hexadecimal digits");
	*out = (uint32_t)two[0] << 8 | two[1];
	r->at += 4;
	return OK;
}

static size_t put_utf8(char *to, uint32_t rune)
{
	if (rune < 0x80) {
		to[0] = (char)rune;
		return 1;
	}
	if (rune < 0x800) {
		to[0] = (char)(0xc0 | rune >> 6);
		to[1] = (char)(0x80 | (rune & 63));
		return 2;
	}
	if (rune < 0x10000) {
		to[0] = (char)(0xe0 | rune >> 12);
		to[1] = (char)(0x80 | (rune >> 6 & 63));
		to[2] = (char)(0x80 | (rune & 63));
		return 3;
	}
	to[0] = (char)(0xf0 | rune >> 18);
	to[1] = (char)(0x80 | (rune >> 12 & 63));
	to[2] = (char)(0x80 | (rune >> 6 & 63));
	to[3] = (char)(0x80 | (rune & 63));
	return 4;
}

static enum err read_unicode(struct reader *r, char *to, size_t *len)
{
	uint32_t rune = 0, low = 0;
	TRY(read_hex4(r, &rune));
	if (rune >= 0xdc00 && rune <= 0xdfff)
		return refuse(r, "the second half of a surrogate pair stands alone");
	if (rune >= 0xd800 && rune <= 0xdbff) {
		if (!skip_byte(r, '\\') || !skip_byte(r, 'u'))
			return refuse(r, "the first half of a surrogate pair stands alone");
		TRY(read_hex4(r, &low));
		if (low < 0xdc00 || low > 0xdfff)
			return refuse(r, "the first half of a surrogate pair stands alone");
		rune = 0x10000 + ((rune - 0xd800) << 10) + (low - 0xdc00);
	}
	*len += put_utf8(to + *len, rune);
	return OK;
}

/* After the backslash. */
static enum err read_escape(struct reader *r, char *to, size_t *len)
{
	static const char names[] = "\"\\/bfnrt", bytes[] = "\"\\/\b\f\n\r\t";
	int name = peek(r);
	if (name == 'u') {
		r->at++;
		return read_unicode(r, to, len);
	}
	const char *hit = name > 0 ? memchr(names, name, sizeof names - 1) : NULL;
	if (!hit)
		return refuse(r, "a backslash that escapes nothing");
	to[(*len)++] = bytes[hit - names];
	r->at++;
	return OK;
}

/* At the opening quote. No escape gets longer when it is decoded, so the rest of the text is room
 * enough. */
static enum err read_string(struct reader *r, struct str *out)
{
	size_t start = ++r->at, end = start;
	while (end < r->text.len && r->text.at[end] != '"')
		end += r->text.at[end] == '\\' ? 2 : 1;
	if (end >= r->text.len)
		return refuse(r, "a string that does not end");
	char *to = arena_raw(r->c->arena, end - start + 1);
	size_t len = 0;
	while (r->at < end) {
		unsigned char byte = (unsigned char)r->text.at[r->at];
		if (byte == '\\') {
			r->at++;
			TRY(read_escape(r, to, &len));
			continue;
		}
		size_t size = str_utf8_len(str_from(r->text.at + r->at, end - r->at));
		if (byte < 0x20)
			return refuse(r, "a control character in a string");
		if (size == 0)
			return refuse(r, "a string that is not UTF-8");
		memcpy(to + len, r->text.at + r->at, size);
		len += size;
		r->at += size;
	}
	to[len] = 0;
	r->at = end + 1;
	*out = (struct str){to, len};
	return OK;
}

static size_t skip_digits(struct reader *r)
{
	size_t start = r->at;
	while (peek(r) >= '0' && peek(r) <= '9')
		r->at++;
	return r->at - start;
}

static enum err read_number(struct reader *r, struct json *v)
{
	size_t start = r->at;
	bool negative = skip_byte(r, '-'), whole = true;
	size_t first = r->at;
	if (skip_digits(r) == 0)
		return refuse(r, "a number without digits");
	struct str digits = str_from(r->text.at + first, r->at - first);
	if (digits.len > 1 && digits.at[0] == '0')
		return refuse(r, "a number with a leading zero");
	if (skip_byte(r, '.')) {
		whole = false;
		if (skip_digits(r) == 0)
			return refuse(r, "a number that ends in its point");
	}
	if (skip_byte(r, 'e') || skip_byte(r, 'E')) {
		whole = false;
		if (!skip_byte(r, '+'))
			(void)skip_byte(r, '-');
		if (skip_digits(r) == 0)
			return refuse(r, "a number without an exponent after its e");
	}
	uint64_t size = 0;
	if (whole && str_to_u64(digits, &size) && size <= (uint64_t)INT64_MAX + negative) {
		v->kind = JSON_INT;
		v->integer = negative ? (int64_t)(0 - size) : (int64_t)size;
		return OK;
	}
	v->kind = JSON_REAL;
	v->text = str_from(r->text.at + start, r->at - start);
	return OK;
}

static enum err read_word(struct reader *r, struct json *v)
{
	struct str rest = str_from_index(r->text, r->at);
	if (str_starts(rest, STR("true"))) {
		v->kind = JSON_BOOL;
		v->boolean = true;
		r->at += 4;
	} else if (str_starts(rest, STR("false"))) {
		v->kind = JSON_BOOL;
		r->at += 5;
	} else if (str_starts(rest, STR("null"))) {
		v->kind = JSON_NULL;
		r->at += 4;
	} else {
		return refuse(
			r, rest.len ? "something that is no value" : "the end instead of a value");
	}
	return OK;
}

static enum err open_level(struct reader *r, struct json *v, enum json_kind kind)
{
	if (r->depth == DEPTH_MOST)
		return refuse(r, "nested deeper than 64");
	r->at++;
	v->kind = kind;
	struct level *level = &r->levels[r->depth++];
	*level = (struct level){.value = v, .keys.arena = r->c->arena};
	return OK;
}

static enum err read_value(struct reader *r, struct json *v)
{
	switch (peek(r)) {
	case '{': return open_level(r, v, JSON_OBJECT);
	case '[': return open_level(r, v, JSON_ARRAY);
	case '"': v->kind = JSON_STRING; return read_string(r, &v->text);
	case '-':
	case '0' ... '9': return read_number(r, v);
	default: return read_word(r, v);
	}
}

static enum err check_new(struct reader *r, struct level *level, struct json *member)
{
	const struct json *object = level->value;
	if (object->count < FEW) {
		for (const struct json *m = object->first; m; m = m->next)
			if (str_eq(m->key, member->key))
				return refuse(r, "a key that was there before");
		return OK;
	}
	if (level->keys.count == 0) {
		if (r->c->world)
			r->c->world->random(&level->keys.seed, sizeof level->keys.seed);
		for (struct json *m = object->first; m; m = m->next)
			*map_put(&level->keys, m->key) = m;
	}
	void **place = map_put(&level->keys, member->key);
	if (*place)
		return refuse(r, "a key that was there before");
	*place = member;
	return OK;
}

static enum err read_key(struct reader *r, struct level *level, struct json *member)
{
	if (peek(r) != '"')
		return refuse(r, "no key where one must be");
	TRY(read_string(r, &member->key));
	TRY(check_new(r, level, member));
	skip_space(r);
	if (!skip_byte(r, ':'))
		return refuse(r, "no colon after a key");
	skip_space(r);
	return OK;
}

/* One step inside the innermost open array or object: its end, or one more element. */
static enum err read_inside(struct reader *r)
{
	struct level *level = &r->levels[r->depth - 1];
	struct json *parent = level->value;
	skip_space(r);
	if (skip_byte(r, parent->kind == JSON_OBJECT ? '}' : ']')) {
		r->depth--;
		return OK;
	}
	if (parent->count) {
		if (!skip_byte(r, ','))
			return refuse(r, "no comma between two values");
		skip_space(r);
	}
	struct json *v = NEW(r->c->arena, struct json);
	if (parent->kind == JSON_OBJECT)
		TRY(read_key(r, level, v));
	if (level->last)
		level->last->next = v;
	else
		parent->first = v;
	level->last = v;
	parent->count++;
	return read_value(r, v);
}

enum err json_parse(struct ctx *c, struct str text, struct json **out)
{
	struct reader *r = NEW(c->arena, struct reader);
	struct json *root = NEW(c->arena, struct json);
	*r = (struct reader){.c = c, .text = text};
	skip_space(r);
	TRY(read_value(r, root));
	while (r->depth)
		TRY(read_inside(r));
	skip_space(r);
	if (r->at < text.len)
		return refuse(r, "more after the value");
	*out = root;
	return OK;
}

const struct json *json_get(const struct json *object, const char *key)
{
	if (!object || object->kind != JSON_OBJECT)
		return NULL;
	for (const struct json *m = object->first; m; m = m->next)
		if (str_is(m->key, key))
			return m;
	return NULL;
}

struct str json_text(const struct json *object, const char *key)
{
	const struct json *member = json_get(object, key);
	return member && member->kind == JSON_STRING ? member->text : (struct str){0};
}

bool json_has_text(const struct json *array, const char *text)
{
	for (const struct json *one = array->first; one; one = one->next)
		if (array->kind == JSON_ARRAY && one->kind == JSON_STRING &&
			str_is(one->text, text))
			return true;
	return false;
}

static void before_value(struct json_writer *w)
{
	if (w->comma)
		buf_byte(w->out, ',');
}

/* At the top there is one value and no comma after it; a second one begins a second document. */
static void after_value(struct json_writer *w)
{
	w->comma = w->depth > 0;
}

static void begin(struct json_writer *w, char byte)
{
	before_value(w);
	buf_byte(w->out, byte);
	w->depth++;
	w->comma = false;
}

static void end(struct json_writer *w, char byte)
{
	ASSERT(w->depth > 0);
	buf_byte(w->out, byte);
	w->depth--;
	after_value(w);
}

void json_begin_object(struct json_writer *w)
{
	begin(w, '{');
}

void json_end_object(struct json_writer *w)
{
	end(w, '}');
}

void json_begin_array(struct json_writer *w)
{
	begin(w, '[');
}

void json_end_array(struct json_writer *w)
{
	end(w, ']');
}

static void write_byte(struct buf *b, char byte)
{
	switch (byte) {
	case '"': buf_cstr(b, "\\\""); return;
	case '\\': buf_cstr(b, "\\\\"); return;
	case '\n': buf_cstr(b, "\\n"); return;
	case '\r': buf_cstr(b, "\\r"); return;
	case '\t': buf_cstr(b, "\\t"); return;
	default: break;
	}
	if ((unsigned char)byte < 0x20)
		buf_fmt(b, "\\u%04x", (unsigned)byte);
	else
		buf_byte(b, byte);
}

static void write_string(struct buf *b, struct str value)
{
	buf_byte(b, '"');
	while (value.len) {
		size_t size = str_utf8_len(value);
		if (size == 0)
			buf_cstr(b, "\xef\xbf\xbd");
		else if (size == 1)
			write_byte(b, value.at[0]);
		else
			buf_bytes(b, value.at, size);
		value = str_from_index(value, size ? size : 1);
	}
	buf_byte(b, '"');
}

static void write_key(struct json_writer *w, struct str key)
{
	ASSERT(w->depth > 0);
	before_value(w);
	write_string(w->out, key);
	buf_byte(w->out, ':');
	w->comma = false;
}

void json_key(struct json_writer *w, const char *key)
{
	write_key(w, str_of(key));
}

void json_string(struct json_writer *w, struct str value)
{
	before_value(w);
	write_string(w->out, value);
	after_value(w);
}

void json_int(struct json_writer *w, int64_t value)
{
	before_value(w);
	buf_fmt(w->out, "%jd", (intmax_t)value);
	after_value(w);
}

void json_bool(struct json_writer *w, bool value)
{
	before_value(w);
	buf_cstr(w->out, value ? "true" : "false");
	after_value(w);
}

void json_null(struct json_writer *w)
{
	before_value(w);
	buf_cstr(w->out, "null");
	after_value(w);
}

void json_member_str(struct json_writer *w, const char *key, struct str value)
{
	json_key(w, key);
	json_string(w, value);
}

void json_member_cstr(struct json_writer *w, const char *key, const char *value)
{
	json_key(w, key);
	if (value)
		json_string(w, str_of(value));
	else
		json_null(w);
}

void json_member_int(struct json_writer *w, const char *key, int64_t value)
{
	json_key(w, key);
	json_int(w, value);
}

void json_member_bool(struct json_writer *w, const char *key, bool value)
{
	json_key(w, key);
	json_bool(w, value);
}

static void open_value(struct json_writer *w, const struct json *value)
{
	switch (value->kind) {
	case JSON_NULL: json_null(w); break;
	case JSON_BOOL: json_bool(w, value->boolean); break;
	case JSON_INT: json_int(w, value->integer); break;
	case JSON_STRING: json_string(w, value->text); break;
	case JSON_ARRAY: json_begin_array(w); break;
	case JSON_OBJECT: json_begin_object(w); break;
	case JSON_REAL:
		before_value(w);
		buf_str(w->out, value->text);
		after_value(w);
		break;
	}
}

static bool holds_others(const struct json *value)
{
	return value->kind == JSON_ARRAY || value->kind == JSON_OBJECT;
}

void json_value(struct json_writer *w, const struct json *value)
{
	const struct json *above[DEPTH_MOST];
	int depth = 0;
	for (const struct json *at = value; at;) {
		if (at != value && above[depth - 1]->kind == JSON_OBJECT)
			write_key(w, at->key);
		open_value(w, at);
		if (holds_others(at)) {
			ASSERT(depth < DEPTH_MOST);
			above[depth++] = at;
			at = at->first;
		} else {
			at = at == value ? NULL : at->next;
		}
		while (!at && depth) {
			const struct json *done = above[--depth];
			done->kind == JSON_ARRAY ? json_end_array(w) : json_end_object(w);
			at = depth ? done->next : NULL;
		}
	}
}
