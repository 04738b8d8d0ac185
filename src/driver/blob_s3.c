/*
 * Blobs as objects of a bucket. What is being written lies in a local store's spool until it is
 * published; what is read is fetched by ranges.
 */
#include "driver/blob_key.h"
#include "driver/blob_s3_parts.h"
#include "driver/mapped.h"
#include "driver/pem_file.h"
#include "driver/s3_xml.h"

#include "base/hash.h"
#include "base/hex.h"
#include "os/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>

enum { MILLION = 1000000, RESIDENT_DEFAULT = 48 << 20, DAY = 86400, WEEK = 7 * DAY };

/* One range on its way, tried as often as need be. */
struct getting {
	struct s3_range *range;
	struct hash hash; /* of what arrived, from its beginning */
};

static enum err get_take(struct ctx *c, void *arg, uint64_t at, const void *bytes, size_t len)
{
	struct getting *g = arg;
	if (len > g->range->cap || at > g->range->cap - len)
		return fail(c, ERR_UNAVAILABLE,
			"the S3 store sends more than it was asked for: does it know ranges?");
	if (at == 0)
		hash_init(&g->hash, HASH_SHA256);
	hash_update(&g->hash, bytes, len);
	return g->range->take(c, g->range->take_arg, at, bytes, len);
}

/* "bytes 0-9/100" */
static bool read_content_range(struct str text, uint64_t *at, uint64_t *last, uint64_t *size)
{
	if (!str_skip(&text, STR("bytes ")))
		return false;
	struct str first = str_cut(&text, '-'), second = str_cut(&text, '/');
	return str_to_u64(first, at) && str_to_u64(second, last) && str_to_u64(text, size) &&
	       *at <= *last && *last < *size;
}

static enum err check_hash(struct ctx *c, struct getting *g, struct s3_exchange *x)
{
	uint8_t digest[HASH_MAX], stored[HASH_MAX];
	if (x->sha256.len != 2 * hash_size(HASH_SHA256) ||
		!hex_decode(x->sha256.at, hash_size(HASH_SHA256), stored))
		return OK;
	hash_final(&g->hash, digest);
	if (memcmp(digest, stored, hash_size(HASH_SHA256)) == 0)
		return OK;
	x->again = true;
	return fail(c, ERR_CORRUPT, "what came from the S3 store is not what was stored there");
}

/* Is the answer the range that was asked for, and all of it? */
static enum err check_range(struct ctx *c, void *arg, struct s3_exchange *x)
{
	struct getting *g = arg;
	struct s3_range *r = g->range;
	uint64_t at = 0, last = x->len - 1, size = x->len;
	if (x->status == 200 && r->at == 0 && x->content_length == 0) {
		r->len = r->size = 0;
		return OK;
	}
	/* 200: the whole blob, from a store that does not bother with ranges of all of it. */
	bool ok = x->status == 200 ? r->at == 0 && x->len && x->content_length == (int64_t)x->len
				   : x->status == 206 && read_content_range(x->content_range, &at,
								 &last, &size);
	uint64_t want = ok && size - r->at < r->cap ? size - r->at : r->cap;
	if (!ok || at != r->at || last - at + 1 != want || x->len != want) {
		x->again = true;
		return fail(c, ERR_UNAVAILABLE,
			"the S3 store answers %d \"%.*s\" with %llu bytes to a range of %zu at "
			"%llu",
			x->status, STR_FMT(str_until(x->content_range, 60)),
			(unsigned long long)x->len, r->cap, (unsigned long long)r->at);
	}
	r->len = (size_t)x->len;
	r->size = size;
	return x->len == size ? check_hash(c, g, x) : OK;
}

/* A range that begins where the blob ends, of which there is nothing to send. */
static enum err get_end(struct ctx *c, struct s3 *s, const char *key, struct s3_range *range)
{
	bool there;
	TRY(s3_head(c, s, key, &there, &range->size));
	range->len = 0;
	if (!there)
		return fail(c, ERR_NOT_FOUND, "there is no blob \"%s\"", key);
	if (range->at > range->size)
		return fail(c, ERR_CORRUPT, "%llu is past the end of a blob of %llu bytes",
			(unsigned long long)range->at, (unsigned long long)range->size);
	return OK;
}

enum err s3_get(struct ctx *c, struct s3 *s, const char *key, struct s3_range *range)
{
	struct getting g = {.range = range};
	struct s3_request r = {.method = "GET",
		.key = key,
		.take = get_take,
		.take_arg = &g,
		.check = check_range,
		.check_arg = &g};
	struct s3_exchange x = {0};
	if (range->cap == 0 || range->cap - 1 > UINT64_MAX - range->at)
		return get_end(c, s, key, range);
	s3_add_header(&r, STR("range"),
		str_of(arena_fmt(c->arena, "bytes=%llu-%llu", (unsigned long long)range->at,
			(unsigned long long)(range->at + range->cap - 1))));
	enum err kind = s3_call(c, s, &r, &x);
	/* Also of an empty blob, which has no first byte. */
	if (kind && x.status == 416) {
		ctx_clear(c);
		return get_end(c, s, key, range);
	}
	return kind;
}

enum err s3_head(struct ctx *c, struct s3 *s, const char *key, bool *there, uint64_t *size)
{
	const struct s3_request r = {.method = "HEAD", .key = key};
	struct s3_exchange x = {0};
	enum err kind = s3_call(c, s, &r, &x);
	*there = !kind;
	if (kind == ERR_NOT_FOUND) {
		ctx_clear(c);
		return OK;
	}
	TRY(kind);
	if (x.content_length < 0)
		return fail(
			c, ERR_UNAVAILABLE, "the S3 store does not say how large \"%s\" is", key);
	*size = (uint64_t)x.content_length;
	return OK;
}

static enum err s3_open(struct ctx *c, struct blob *self, const char *key, struct extent **out)
{
	TRY(blob_key_check(c, key));
	return s3_extent_open(c, (struct s3 *)self, key, out);
}

static enum err s3_create(struct ctx *c, struct blob *self, struct spool **out)
{
	return blob_create(c, ((struct s3 *)self)->spools, out);
}

static enum err s3_publish_op(
	struct ctx *c, struct blob *self, struct spool *spool, const char *key)
{
	TRY(blob_key_check(c, key));
	return s3_publish(c, (struct s3 *)self, &spool->extent, key);
}

static enum err s3_remove(struct ctx *c, struct blob *self, const char *key)
{
	struct s3 *s = (struct s3 *)self;
	const struct s3_request r = {.method = "DELETE", .key = key};
	struct s3_exchange x;
	TRY(blob_key_check(c, key));
	TRY(s3_extents_complete(c, s, key));
	enum err kind = s3_call(c, s, &r, &x);
	if (kind == ERR_NOT_FOUND)
		return ctx_clear(c), OK;
	return kind;
}

static enum err visit_one(
	struct ctx *c, struct s3 *s, const struct s3_xml *object, blob_visit *visit, void *arg)
{
	struct str key = s3_xml_text(object, "Key");
	struct blob_entry entry;
	int64_t modified;
	if (!str_skip(&key, s->address.prefix))
		return fail(c, ERR_UNAVAILABLE, "the S3 store lists what was not asked for");
	if (!str_to_u64(s3_xml_text(object, "Size"), &entry.size) ||
		!s3_xml_time(s3_xml_text(object, "LastModified"), &modified))
		return fail(c, ERR_UNAVAILABLE, "the S3 store lists \"%.*s\" without size or date",
			STR_FMT(str_until(key, 100)));
	entry.key = str_copy(c->arena, key);
	/* A store says what time it is to the second, and some are a second late with that. */
	int64_t now = s3_now(c, s);
	entry.age = now > modified ? now - modified : 0;
	/* What is no key of ours, others have put there. */
	if (blob_key_check(c, str_dup(c->arena, key)) != OK)
		return ctx_clear(c), OK;
	return visit(c, arg, &entry);
}

/* One page of keys, after `token`; the next token, empty at the end, is kept in c's arena. */
static enum err list_page(struct ctx *c, struct s3 *s, struct str prefix, struct str *token,
	const struct s3_xml **out)
{
	struct s3_request r = {.method = "GET"};
	struct s3_exchange x;
	struct s3_xml *root = NULL;
	s3_add_query(&r, STR("list-type"), STR("2"));
	s3_add_query(&r, STR("prefix"), prefix);
	if (token->len)
		s3_add_query(&r, STR("continuation-token"), *token);
	TRY(s3_call(c, s, &r, &x));
	(void)s3_set_clock(c, s, &x);
	TRY_WHILE(c, s3_xml_answer(c, x.text, &root), "listing the bucket");
	struct str next = s3_xml_text(root, "NextContinuationToken");
	bool more = str_is(s3_xml_text(root, "IsTruncated"), "true");
	if (!str_is(root->name, "ListBucketResult") ||
		(more && (!next.len || str_eq(next, *token))))
		return fail(c, ERR_UNAVAILABLE, "the S3 store's list makes no sense");
	*token = more ? next : STR("");
	*out = root;
	return OK;
}

static enum err visit_page(
	struct ctx *c, struct s3 *s, const struct s3_xml *root, blob_visit *visit, void *arg)
{
	for (const struct s3_xml *e = root->first; e; e = e->next)
		if (str_is(e->name, "Contents"))
			TRY(visit_one(c, s, e, visit, arg));
	return OK;
}

static enum err s3_list(
	struct ctx *c, struct blob *self, const char *prefix, blob_visit *visit, void *arg)
{
	struct s3 *s = (struct s3 *)self;
	const char *all = arena_fmt(c->arena, "%.*s%s", STR_FMT(s->address.prefix), prefix);
	char *token = NULL; /* outlives the page that it was in */
	enum err kind = OK;
	do {
		struct arena arena;
		struct ctx own = *c;
		const struct s3_xml nothing = {0}, *root = &nothing;
		struct str next = str_of(token ? token : "");
		arena_init(&arena);
		own.arena = &arena;
		kind = list_page(&own, s, str_of(all), &next, &root);
		if (kind)
			c->error = own.error;
		else
			kind = visit_page(c, s, root, visit, arg);
		free(token);
		token = !kind && next.len ? strndup(next.at, next.len) : NULL;
		arena_done(&arena);
	} while (token);
	return kind;
}

static enum err part_take(struct ctx *c, void *arg, uint64_t at, const void *bytes, size_t len)
{
	const struct blob_part *part = arg;
	(void)c;
	memcpy(part->to + at, bytes, len);
	return OK;
}

static enum err s3_fetch(struct ctx *c, struct blob *self, const char *key, struct blob_part *part)
{
	struct s3_range range = {
		.at = part->at, .cap = part->cap, .take = part_take, .take_arg = part};
	TRY(blob_key_check(c, key));
	TRY(s3_get(c, (struct s3 *)self, key, &range));
	part->len = range.len;
	part->size = range.size;
	return OK;
}

static enum err s3_presign(
	struct ctx *c, struct blob *self, const struct blob_grant *grant, struct blob_address *out)
{
	struct s3 *s = (struct s3 *)self;
	const struct s3_address *to = &s->clients;
	struct s3_keys keys;
	struct buf path = {.arena = c->arena};
	TRY(blob_key_check(c, grant->key));
	if (grant->seconds < 1 || grant->seconds > WEEK)
		return fail(c, ERR_INVALID, "an address for a blob lasts from 1 s to 7 days");
	TRY(s3_identity_keys(c, s->identity, &keys));
	buf_str(&path, to->root);
	buf_byte(&path, '/');
	s3_path(&path, to->prefix);
	s3_path(&path, str_of(grant->key));
	struct s3_pair headers[2] = {{STR("host"), to->host}};
	*out = (struct blob_address){0};
	if (grant->sha256) {
		out->header = STR("x-amz-content-sha256");
		out->value = str_copy(c->arena, str_of(grant->sha256));
		headers[1] = (struct s3_pair){out->header, out->value};
	}
	const struct s3_signing signing = {.keys = &keys,
		.method = grant->sha256 ? STR("PUT") : STR("GET"),
		.path = buf_view(&path),
		.headers = headers,
		.header_count = grant->sha256 ? 2 : 1,
		.payload = grant->sha256 ? out->value : STR("UNSIGNED-PAYLOAD"),
		.region = to->region,
		.service = STR("s3"),
		.seconds = s3_now(c, s)};
	struct str query = s3_presigned(c->arena, &signing, grant->seconds);
	out->url = str_of(arena_fmt(c->arena, "%.*s%.*s?%.*s", STR_FMT(to->origin),
		STR_FMT(buf_view(&path)), STR_FMT(query)));
	return OK;
}

static void s3_close(struct blob *self)
{
	struct s3 *s = (struct s3 *)self;
	blob_close(s->spools);
	s3_identity_close(s->identity);
	s3_http_close(s->http);
	if (s->resident)
		resident_close(s->resident);
	if (s->scratch >= 0)
		close(s->scratch);
	arena_done(&s->arena);
	free(s);
}

static const struct blob_ops s3_ops = {
	.open = s3_open,
	.create = s3_create,
	.publish = s3_publish_op,
	.remove = s3_remove,
	.list = s3_list,
	.fetch = s3_fetch,
	.presign = s3_presign,
	.close = s3_close,
};

/* Asks the store for one key: what is wrong for good shows here, and not at the first push. */
static enum err probe(struct ctx *c, struct s3 *s)
{
	struct s3_request r = {.method = "GET", .once = true};
	struct s3_exchange x = {0};
	s3_add_query(&r, STR("list-type"), STR("2"));
	s3_add_query(&r, STR("max-keys"), STR("1"));
	s3_add_query(&r, STR("prefix"), s->address.prefix);
	enum err kind = s3_call(c, s, &r, &x);
	if (kind && x.again)
		return ctx_clear(c), OK;
	return kind;
}

static struct s3_address keep(struct arena *arena, const struct s3_address *a)
{
	return (struct s3_address){str_copy(arena, a->origin), str_copy(arena, a->host),
		str_copy(arena, a->root), str_copy(arena, a->bucket), str_copy(arena, a->region),
		str_copy(arena, a->prefix)};
}

static enum err set_up(struct ctx *c, struct s3 *s, const struct blob_s3_options *o)
{
	struct s3_address a;
	TRY(s3_address_parse(c, str_of(o->url), str_of(o->region), &a));
	s->put_max = o->put_max;
	s->address = keep(&s->arena, &a);
	if (*o->public_url)
		TRY(s3_address_public(c, str_of(o->public_url), &a));
	s->clients = keep(&s->arena, &a);
	TRY(pem_file_check_trust(c, "NIMBUS_S3_CA", o->ca));
	TRY(s3_http_open(c, o->ca, o->timeout, &s->http));
	TRY(s3_identity_open(c, o, s->address.region, s->http, &s->identity));
	TRY(blob_local_open(c, o->folder, o->resident_max / 2, &s->spools));
	s->resident = resident_open(o->resident_max ? o->resident_max / 2 : RESIDENT_DEFAULT);
	s->scratch = open(o->folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (s->scratch < 0)
		return fail_errno(c, "open", o->folder);
	return probe(c, s);
}

enum err blob_s3_open(struct ctx *c, const struct blob_s3_options *options, struct blob **out)
{
	struct s3 *s = calloc(1, sizeof *s);
	if (!s)
		host_panic("out of memory");
	s->blob.ops = &s3_ops;
	s->scratch = -1;
	arena_init(&s->arena);
	enum err kind = set_up(c, s, options);
	if (kind)
		s3_close(&s->blob);
	else
		*out = &s->blob;
	return kind;
}
