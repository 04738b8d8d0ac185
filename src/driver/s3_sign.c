#include "driver/s3_sign.h"

#include "base/date.h"
#include "base/hex.h"
#include "base/hmac.h"
#include "base/uri.h"

#include <stdlib.h>

enum { SHA256 = 32, DAY = 8 };

static const char algorithm[] = "AWS4-HMAC-SHA256";

void s3_date(int64_t seconds, char out[S3_DATE])
{
	char text[24];
	date_rfc3339(seconds, text); /* 2013-05-24T00:00:00Z */
	size_t len = 0;
	for (const char *at = text; *at; at++)
		if (*at != '-' && *at != ':')
			out[len++] = *at;
	ASSERT(len == S3_DATE - 1);
	out[len] = 0;
}

void s3_payload(const void *bytes, size_t len, char out[S3_PAYLOAD])
{
	uint8_t digest[HASH_MAX];
	hash_once(HASH_SHA256, bytes, len, digest);
	hex_encode(digest, SHA256, out);
	out[S3_PAYLOAD - 1] = 0;
}

void s3_path(struct buf *out, struct str key)
{
	uri_encode_path(out, key);
}

static int compare_pairs(const void *a, const void *b)
{
	const struct s3_pair *left = a, *right = b;
	int order = str_cmp(left->name, right->name);
	return order ? order : str_cmp(left->value, right->value);
}

void s3_query(struct buf *out, struct s3_pair *pairs, size_t count)
{
	if (count)
		qsort(pairs, count, sizeof *pairs, compare_pairs);
	for (size_t i = 0; i < count; i++) {
		if (i)
			buf_byte(out, '&');
		uri_encode(out, pairs[i].name);
		buf_byte(out, '=');
		uri_encode(out, pairs[i].value);
	}
}

static struct str scope_of(struct arena *a, const struct s3_signing *s)
{
	char date[S3_DATE];
	s3_date(s->seconds, date);
	return str_of(arena_fmt(a, "%.*s/%.*s/%.*s/aws4_request", DAY, date, STR_FMT(s->region),
		STR_FMT(s->service)));
}

static void add_names(struct buf *out, const struct s3_signing *s)
{
	for (size_t i = 0; i < s->header_count; i++)
		buf_fmt(out, "%s%.*s", i ? ";" : "", STR_FMT(s->headers[i].name));
}

/* The request in the one form that both sides can make. */
static struct str canonical(struct arena *a, const struct s3_signing *s)
{
	struct buf b = {.arena = a};
	buf_fmt(&b, "%.*s\n%.*s\n%.*s\n", STR_FMT(s->method), STR_FMT(s->path), STR_FMT(s->query));
	for (size_t i = 0; i < s->header_count; i++)
		buf_fmt(&b, "%.*s:%.*s\n", STR_FMT(s->headers[i].name),
			STR_FMT(str_trim(s->headers[i].value)));
	buf_byte(&b, '\n');
	add_names(&b, s);
	buf_fmt(&b, "\n%.*s", STR_FMT(s->payload));
	return buf_view(&b);
}

static struct str signature(struct arena *a, const struct s3_signing *s)
{
	char date[S3_DATE], digits[S3_PAYLOAD];
	struct str scope = scope_of(a, s), request = canonical(a, s);
	s3_date(s->seconds, date);
	s3_payload(request.at, request.len, digits);
	const char *text =
		arena_fmt(a, "%s\n%s\n%.*s\n%s", algorithm, date, STR_FMT(scope), digits);
	uint8_t key[HASH_MAX];
	const char *first = arena_fmt(a, "AWS4%.*s", STR_FMT(s->keys->secret));
	hmac_sha256(str_of(first), str_from(date, DAY), key);
	hmac_sha256(str_from(key, SHA256), s->region, key);
	hmac_sha256(str_from(key, SHA256), s->service, key);
	hmac_sha256(str_from(key, SHA256), STR("aws4_request"), key);
	hmac_sha256(str_from(key, SHA256), str_of(text), key);
	hex_encode(key, SHA256, digits);
	return str_copy(a, str_of(digits));
}

struct str s3_authorization(struct arena *a, const struct s3_signing *s)
{
	struct buf b = {.arena = a};
	struct str scope = scope_of(a, s), signed_by = signature(a, s);
	buf_fmt(&b, "%s Credential=%.*s/%.*s, SignedHeaders=", algorithm, STR_FMT(s->keys->access),
		STR_FMT(scope));
	add_names(&b, s);
	buf_fmt(&b, ", Signature=%.*s", STR_FMT(signed_by));
	return buf_view(&b);
}

struct str s3_presigned(struct arena *a, const struct s3_signing *s, int64_t lifetime)
{
	char date[S3_DATE];
	s3_date(s->seconds, date);
	struct str scope = scope_of(a, s);
	struct s3_pair pairs[6];
	size_t count = 0;
	pairs[count++] = (struct s3_pair){STR("X-Amz-Algorithm"), str_of(algorithm)};
	pairs[count++] = (struct s3_pair){STR("X-Amz-Credential"),
		str_of(arena_fmt(a, "%.*s/%.*s", STR_FMT(s->keys->access), STR_FMT(scope)))};
	pairs[count++] = (struct s3_pair){STR("X-Amz-Date"), str_of(date)};
	pairs[count++] = (struct s3_pair){
		STR("X-Amz-Expires"), str_of(arena_fmt(a, "%lld", (long long)lifetime))};
	struct buf names = {.arena = a};
	add_names(&names, s);
	pairs[count++] = (struct s3_pair){STR("X-Amz-SignedHeaders"), buf_view(&names)};
	if (s->keys->token.len)
		pairs[count++] = (struct s3_pair){STR("X-Amz-Security-Token"), s->keys->token};
	struct buf query = {.arena = a};
	s3_query(&query, pairs, count);
	struct s3_signing all = *s;
	all.query = buf_view(&query);
	struct str signed_by = signature(a, &all);
	buf_fmt(&query, "&X-Amz-Signature=%.*s", STR_FMT(signed_by));
	return buf_view(&query);
}
