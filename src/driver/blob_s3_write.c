/*
 * How a blob is written: in one request up to a size that is worth sending once more, else in parts
 * of that size that become a blob with the last request of all. What is there already stays; that
 * nothing else is under a key follows from that keys are hashes, and needs no store that knows
 * conditions.
 */
#include "driver/blob_s3_parts.h"
#include "driver/s3_xml.h"

#include "base/hash.h"
#include "base/hex.h"
#include "base/vec.h"

enum {
	BLIND_MAX = 16 << 20, /* larger ones are worth a request that asks whether they are there */
	PARTS_MAX = 10000,    /* the protocol's */
	STEP = 1 << 20,
	ETAG_MAX = 256
};

struct upload {
	struct s3 *store;
	struct extent *from;
	const char *key;
	struct str id;
	VEC_OF(struct str) etags;
};

static enum err hash_part(
	struct ctx *c, struct extent *from, uint64_t at, uint64_t size, char digits[S3_PAYLOAD])
{
	struct hash h;
	uint8_t digest[HASH_MAX];
	hash_init(&h, HASH_SHA256);
	for (uint64_t end = at + size; at < end;) {
		size_t len = end - at < STEP ? (size_t)(end - at) : STEP;
		const uint8_t *bytes;
		TRY(ctx_check(c));
		TRY(extent_window(c, from, at, len, &bytes));
		hash_update(&h, bytes, len);
		at += len;
	}
	hash_final(&h, digest);
	hex_encode(digest, hash_size(HASH_SHA256), digits);
	digits[S3_PAYLOAD - 1] = 0;
	return OK;
}

static enum err put_once(struct ctx *c, struct s3 *s, const struct s3_request *r, bool conditional)
{
	struct s3_request all = *r;
	struct s3_exchange x;
	if (conditional)
		s3_add_header(&all, STR("if-none-match"), STR("*"));
	enum err kind = s3_call(c, s, &all, &x);
	if (kind == ERR_EXISTS) {
		ctx_clear(c);
		return OK;
	}
	if (kind && conditional && x.status == 501) {
		atomic_store(&s->unconditional, true);
		return ERR_UNSUPPORTED;
	}
	return kind;
}

/* One request. A first try may have stored it although its answer got lost: then the next one is
 * told that it is there. */
static enum err put(struct ctx *c, struct s3 *s, struct extent *from, const char *key)
{
	char digits[S3_PAYLOAD];
	TRY(hash_part(c, from, 0, from->size, digits));
	const struct s3_body body = {.extent = from, .size = from->size};
	struct s3_request r = {.method = "PUT", .key = key, .payload = digits, .body = &body};
	s3_add_header(&r, STR("x-amz-meta-sha256"), str_of(digits));
	if (atomic_load(&s->unconditional))
		return put_once(c, s, &r, false);
	enum err kind = put_once(c, s, &r, true);
	if (kind != ERR_UNSUPPORTED)
		return kind;
	ctx_clear(c);
	return s3_publish(c, s, from, key); /* which asks first, now */
}

static enum err begin(struct ctx *c, struct upload *u)
{
	struct s3_request r = {.method = "POST", .key = u->key, .body = &(struct s3_body){0}};
	struct s3_exchange x;
	struct s3_xml *root = NULL;
	s3_add_query(&r, STR("uploads"), STR(""));
	s3_add_header(&r, STR("content-type"), STR("application/octet-stream"));
	TRY(s3_call(c, u->store, &r, &x));
	TRY_WHILE(c, s3_xml_answer(c, x.text, &root), "beginning an upload");
	u->id = s3_xml_text(root, "UploadId");
	return u->id.len ? OK : fail(c, ERR_UNAVAILABLE, "the S3 store began an upload without id");
}

/* Says that the request is about this upload. */
static void name_upload(struct s3_request *r, const struct upload *u)
{
	s3_add_query(r, STR("uploadId"), u->id);
}

static enum err send_part(struct ctx *c, struct upload *u, uint64_t at, uint64_t size)
{
	char digits[S3_PAYLOAD];
	TRY(hash_part(c, u->from, at, size, digits));
	const struct s3_body body = {.extent = u->from, .at = at, .size = size};
	struct s3_request r = {.method = "PUT", .key = u->key, .payload = digits, .body = &body};
	struct s3_exchange x;
	const char *number = arena_fmt(c->arena, "%zu", u->etags.len + 1);
	name_upload(&r, u);
	s3_add_query(&r, STR("partNumber"), str_of(number));
	TRY(s3_call(c, u->store, &r, &x));
	if (!x.etag.len || x.etag.len > ETAG_MAX)
		return fail(c, ERR_UNAVAILABLE, "the S3 store took a part without an ETag");
	*vec_push(&u->etags) = x.etag;
	return OK;
}

/* The answer may begin with 200 before it is known how it ends. */
static enum err check_completed(struct ctx *c, void *arg, struct s3_exchange *x)
{
	struct s3_xml *root = NULL;
	(void)arg;
	if (s3_xml_parse(c, x->text, &root) == OK &&
		str_is(root->name, "CompleteMultipartUploadResult"))
		return OK;
	struct str code = s3_xml_text(root, "Code");
	x->again = true;
	return fail(c, ERR_UNAVAILABLE, "the S3 store did not put the parts together: %.*s",
		STR_FMT(str_until(code, 60)));
}

static void add_escaped(struct buf *out, struct str text)
{
	for (size_t i = 0; i < text.len; i++) {
		char byte = text.at[i];
		if (byte == '&')
			buf_cstr(out, "&amp;");
		else if (byte == '<')
			buf_cstr(out, "&lt;");
		else if (byte == '>')
			buf_cstr(out, "&gt;");
		else
			buf_byte(out, byte);
	}
}

static enum err complete(struct ctx *c, struct upload *u)
{
	struct buf text = {.arena = c->arena};
	char digits[S3_PAYLOAD];
	buf_cstr(&text, "<CompleteMultipartUpload>");
	for (size_t i = 0; i < u->etags.len; i++) {
		buf_fmt(&text, "<Part><PartNumber>%zu</PartNumber><ETag>", i + 1);
		add_escaped(&text, u->etags.at[i]);
		buf_cstr(&text, "</ETag></Part>");
	}
	buf_cstr(&text, "</CompleteMultipartUpload>");
	s3_payload(text.at, text.len, digits);
	const struct s3_body body = {.bytes = buf_view(&text)};
	struct s3_request r = {.method = "POST",
		.key = u->key,
		.payload = digits,
		.body = &body,
		.patient = true,
		.check = check_completed};
	struct s3_exchange x;
	name_upload(&r, u);
	s3_add_header(&r, STR("content-type"), STR("application/xml"));
	return s3_call(c, u->store, &r, &x);
}

/* Parts cost money until somebody says that they are not wanted. Also for who has gone. */
static void give_up(struct ctx *c, const struct upload *u)
{
	enum { SECONDS = 5000000 };
	struct ctx own;
	ctx_init(&own, c->arena, c->world);
	own.deadline = c->world->monotonic() + SECONDS;
	struct s3_request r = {.method = "DELETE", .key = u->key};
	struct s3_exchange x;
	name_upload(&r, u);
	if (s3_call(&own, u->store, &r, &x))
		ctx_clear(&own); /* the bucket's rule for abandoned uploads takes care */
}

static enum err send_parts(struct ctx *c, struct upload *u)
{
	uint64_t size = u->from->size, part = (size + PARTS_MAX - 1) / PARTS_MAX;
	uint64_t most = u->store->put_max;
	part = part < most ? most : (part + STEP - 1) / STEP * STEP;
	for (uint64_t at = 0; at < size; at += part)
		TRY(send_part(c, u, at, size - at < part ? size - at : part));
	return complete(c, u);
}

static enum err upload(struct ctx *c, struct s3 *s, struct extent *from, const char *key)
{
	struct upload u = {s, from, key, {0}, {.arena = c->arena}};
	TRY(begin(c, &u));
	enum err kind = send_parts(c, &u);
	if (!kind)
		return OK;
	/* An end whose answer got lost is an end all the same: the upload is gone, the blob there. */
	if (kind == ERR_NOT_FOUND) {
		bool there;
		uint64_t size;
		TRY(s3_head(c, s, key, &there, &size));
		if (there && size == from->size)
			return ctx_clear(c), OK;
		return fail(c, ERR_UNAVAILABLE, "the S3 store lost the upload of \"%s\"", key);
	}
	give_up(c, &u);
	return kind;
}

enum err s3_publish(struct ctx *c, struct s3 *s, struct extent *from, const char *key)
{
	if (from->size > BLIND_MAX || atomic_load(&s->unconditional)) {
		bool there;
		uint64_t size;
		TRY(s3_head(c, s, key, &there, &size));
		if (there)
			return OK;
	}
	return from->size > s->put_max ? upload(c, s, from, key) : put(c, s, from, key);
}
