/* A request to the bucket: its address and signature, and what its answer means. */
#include "driver/blob_s3_parts.h"
#include "driver/s3_xml.h"

#include <stdlib.h>

enum {
	MILLION = 1000000,
	HEADERS = S3_PAIRS + 4,
	SKEW_MAX = 60, /* seconds: stores refuse what is signed 5 to 15 minutes off */
};

void s3_add_query(struct s3_request *r, struct str name, struct str value)
{
	ASSERT(r->query_count < S3_PAIRS);
	r->query[r->query_count++] = (struct s3_pair){name, value};
}

void s3_add_header(struct s3_request *r, struct str name, struct str value)
{
	ASSERT(r->header_count < S3_PAIRS);
	r->headers[r->header_count++] = (struct s3_pair){name, value};
}

static int compare_names(const void *a, const void *b)
{
	return str_cmp(((const struct s3_pair *)a)->name, ((const struct s3_pair *)b)->name);
}

int64_t s3_now(struct ctx *c, const struct s3 *s)
{
	return c->world->clock() / MILLION + s->ahead;
}

int64_t s3_set_clock(struct ctx *c, struct s3 *s, const struct s3_exchange *x)
{
	int64_t off = x->date ? x->date - s3_now(c, s) : 0;
	s->ahead += off;
	return off;
}

/* The request as an exchange, signed now. */
static void sign(struct ctx *c, struct s3 *s, const struct s3_request *r,
	const struct s3_keys *keys, struct s3_exchange *x)
{
	static const char none[] =
		"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
	struct s3_pair *signed_ones = NEW_ARRAY(c->arena, struct s3_pair, HEADERS);
	struct s3_pair *sent = NEW_ARRAY(c->arena, struct s3_pair, HEADERS);
	char *date = arena_alloc(c->arena, S3_DATE);
	struct str payload = str_of(r->payload ? r->payload : none);
	int64_t now = s3_now(c, s);
	s3_date(now, date);
	size_t count = 0, sent_count = 0;
	signed_ones[count++] = (struct s3_pair){STR("host"), s->address.host};
	signed_ones[count++] = (struct s3_pair){STR("x-amz-content-sha256"), payload};
	signed_ones[count++] = (struct s3_pair){STR("x-amz-date"), str_of(date)};
	if (keys->token.len)
		signed_ones[count++] = (struct s3_pair){STR("x-amz-security-token"), keys->token};
	for (size_t i = 0; i < r->header_count; i++)
		if (str_starts(r->headers[i].name, STR("x-amz-")))
			signed_ones[count++] = r->headers[i];
		else
			sent[sent_count++] = r->headers[i];
	qsort(signed_ones, count, sizeof *signed_ones, compare_names);
	struct buf path = {.arena = c->arena}, query = {.arena = c->arena};
	buf_str(&path, s->address.root);
	buf_byte(&path, '/');
	if (r->key) {
		s3_path(&path, s->address.prefix);
		s3_path(&path, str_of(r->key));
	}
	struct s3_pair pairs[S3_PAIRS];
	memcpy(pairs, r->query, sizeof pairs);
	s3_query(&query, pairs, r->query_count);
	const struct s3_signing signing = {.keys = keys,
		.method = str_of(r->method),
		.path = buf_view(&path),
		.query = buf_view(&query),
		.headers = signed_ones,
		.header_count = count,
		.payload = payload,
		.region = s->address.region,
		.service = STR("s3"),
		.seconds = now};
	sent[sent_count++] =
		(struct s3_pair){STR("authorization"), s3_authorization(c->arena, &signing)};
	/* curl writes Host by itself, from the same text. */
	for (size_t i = 0; i < count; i++)
		if (!str_is(signed_ones[i].name, "host"))
			sent[sent_count++] = signed_ones[i];
	*x = (struct s3_exchange){.method = r->method,
		.url = arena_fmt(c->arena, "%.*s%.*s%s%.*s", STR_FMT(s->address.origin),
			STR_FMT(buf_view(&path)), query.len ? "?" : "", STR_FMT(buf_view(&query))),
		.headers = sent,
		.header_count = sent_count,
		.body = r->body,
		.patient = r->patient,
		.take = r->take,
		.take_arg = r->take_arg};
}

static bool is_retried(int status, struct str code)
{
	return status == 429 || status == 500 || status == 502 || status == 503 || status == 504 ||
	       str_is(code, "RequestTimeout") || str_is(code, "SlowDown") ||
	       str_is(code, "ConditionalRequestConflict") || str_is(code, "OperationAborted");
}

/* Was a signature refused for its time? A HEAD is refused without a reason, so only the clocks tell. */
static bool was_skewed(struct ctx *c, struct s3 *s, const struct s3_exchange *x)
{
	int64_t off = x->status == 403 ? s3_set_clock(c, s, x) : 0;
	return off > SKEW_MAX || off < -SKEW_MAX;
}

/* What to look at when the store refuses. */
static const char *advice(int status, struct str code)
{
	if (str_is(code, "RequestTimeTooSkewed"))
		return "the clocks of this machine and of the store differ: check both";
	if (str_is(code, "InvalidAccessKeyId") || str_is(code, "XAdminUserNotFound"))
		return "the store does not know the access key: check NIMBUS_S3_ACCESS_KEY";
	if (str_is(code, "SignatureDoesNotMatch"))
		return "check NIMBUS_S3_SECRET_KEY, and the region in NIMBUS_BLOB";
	if (str_is(code, "NoSuchBucket"))
		return "there is no such bucket: check NIMBUS_BLOB, or make it";
	if (str_is(code, "AuthorizationHeaderMalformed") || status / 100 == 3)
		return "the bucket is elsewhere: check region and endpoint in NIMBUS_BLOB";
	if (status == 403 || status == 401)
		return "check the keys, and that they may GetObject, PutObject, DeleteObject and "
		       "ListBucket in this bucket";
	return "see the store's own log";
}

/* Not the bucket, nor who asks, of which some stores say 404 too. The answer to a HEAD has no code. */
static bool is_missing(struct str code)
{
	return !code.len || str_is(code, "NoSuchKey") || str_is(code, "NoSuchUpload");
}

static enum err refused(struct ctx *c, struct s3 *s, const struct s3_request *r,
	struct s3_exchange *x, const struct s3_keys *keys)
{
	struct s3_xml *root = NULL;
	if (!x->text.len || s3_xml_parse(c, x->text, &root) != OK)
		ctx_clear(c);
	struct str code = s3_xml_text(root, "Code"), said = s3_xml_text(root, "Message");
	x->again = was_skewed(c, s, x) || is_retried(x->status, code);
	bool expired = str_is(code, "ExpiredToken");
	if (expired || x->status == 401 || x->status == 403)
		x->again = s3_identity_renew(c, s->identity, keys, expired) || x->again;
	if (x->status == 404 && r->key && is_missing(code))
		return fail(c, ERR_NOT_FOUND, "there is no blob \"%s\"", r->key);
	if (x->status == 412)
		return fail(c, ERR_EXISTS, "there is a blob \"%s\" already", r->key);
	const char *where =
		x->region.len ? arena_fmt(c->arena, " (it is in %.*s)", STR_FMT(x->region)) : "";
	return fail(c, ERR_UNAVAILABLE, "the S3 store answers %d %.*s to %s of %.*s/%s: %s%s; %.*s",
		x->status, STR_FMT(str_until(code, 60)), r->method, STR_FMT(s->address.bucket),
		r->key ? r->key : "", advice(x->status, code), where,
		STR_FMT(str_until(said, 120)));
}

enum err s3_call(struct ctx *c, struct s3 *s, const struct s3_request *r, struct s3_exchange *x)
{
	struct s3_patience patience = {0};
	*x = (struct s3_exchange){0};
	for (;;) {
		struct s3_keys keys;
		TRY(s3_identity_keys(c, s->identity, &keys));
		sign(c, s, r, &keys, x);
		enum err kind = s3_http_send(c, s->http, x);
		if (!kind && (x->status < 200 || x->status > 299))
			kind = refused(c, s, r, x, &keys);
		else if (!kind && r->check)
			kind = r->check(c, r->check_arg, x);
		if (!kind || !x->again || r->once)
			return kind;
		TRY(s3_http_again(c, s->http, &patience, kind));
	}
}
