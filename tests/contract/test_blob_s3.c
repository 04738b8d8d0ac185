/* What the S3 driver does beyond the contract of all stores, and what it says when it cannot. */
#include "contract/contract.h"
#include "contract/s3.h"

#include "os/file.h"

#include "base/hex.h"
#include "driver/blob_s3_parts.h"
#include "os/thread.h"

enum { PART = 16 << 20 };

struct world_of_s3 {
	struct unit unit;
	struct blob *blob;
	char *folder;
	struct blob_s3_options options;
};

static int setup(void **state)
{
	struct world_of_s3 *w = calloc(1, sizeof *w);
	struct ctx *c = &w->unit.ctx;
	arena_init(&w->unit.arena);
	ctx_init(c, &w->unit.arena, os_world());
	*state = w;
	if (!s3_is_there())
		return 0;
	w->folder = contract_folder();
	w->options = s3_options(c, w->folder, "own/");
	assert_ok(c, blob_s3_open(c, &w->options, &w->blob));
	return 0;
}

static int teardown(void **state)
{
	struct world_of_s3 *w = *state;
	blob_close(w->blob);
	if (w->folder)
		contract_remove_folder(w->folder);
	arena_done(&w->unit.arena);
	free(w);
	return 0;
}

static struct world_of_s3 *world_of(void **state)
{
	struct world_of_s3 *w = *state;
	if (!w->blob)
		skip();
	return w;
}

static char *pattern(struct ctx *c, size_t size)
{
	char *bytes = arena_raw(c->arena, size + 1);
	uint64_t x = size + 1;
	for (size_t i = 0; i < size; i++) {
		x ^= x << 13, x ^= x >> 7, x ^= x << 17;
		bytes[i] = (char)x;
	}
	return bytes;
}

static enum err try_put(
	struct ctx *c, struct blob *blob, const char *key, const char *bytes, size_t size)
{
	struct spool *spool;
	TRY(blob_create(c, blob, &spool));
	enum err kind = spool_append(c, spool, bytes, size);
	if (!kind)
		kind = blob_publish(c, blob, spool, key);
	extent_close(&spool->extent);
	return kind;
}

static void put(struct ctx *c, struct blob *blob, const char *key, const char *bytes, size_t size)
{
	assert_ok(c, try_put(c, blob, key, bytes, size));
}

static void same(struct ctx *c, struct extent *e, uint64_t at, const char *bytes, size_t len)
{
	const uint8_t *got;
	assert_ok(c, extent_window(c, e, at, len, &got));
	assert_memory_equal(got, bytes, len);
}

static void parts_become_one_blob(void **state)
{
	enum { SIZE = 2 * PART + 4321 };
	struct world_of_s3 *w = world_of(state);
	struct ctx *c = &w->unit.ctx;
	char *bytes = pattern(c, SIZE);
	struct extent *e;
	put(c, w->blob, "i/r/pack/big.pack", bytes, SIZE);
	put(c, w->blob, "i/r/pack/big.pack", "other", 5);
	put(c, w->blob, "i/r/pack/small.pack", "other", 5);
	put(c, w->blob, "i/r/pack/small.pack", bytes, SIZE);
	assert_ok(c, blob_open(c, w->blob, "i/r/pack/big.pack", &e));
	assert_int_equal(e->size, SIZE);
	same(c, e, SIZE - 1000, bytes + SIZE - 1000, 1000);
	same(c, e, PART - 500, bytes + PART - 500, 1000);
	for (size_t at = 0; at < SIZE; at += 1 << 20)
		same(c, e, at, bytes + at, SIZE - at < 1 << 20 ? SIZE - at : 1 << 20);
	extent_close(e);
	assert_ok(c, blob_open(c, w->blob, "i/r/pack/small.pack", &e));
	assert_int_equal(e->size, 5);
	extent_close(e);
}

/* How many uploads are begun and not ended under our prefix. */
static size_t uploads_of(struct ctx *c, struct blob *blob)
{
	struct s3 *s = (struct s3 *)blob;
	struct s3_request r = {.method = "GET"};
	struct s3_exchange x;
	s3_add_query(&r, STR("uploads"), STR(""));
	s3_add_query(&r, STR("prefix"), s->address.prefix);
	assert_ok(c, s3_call(c, s, &r, &x));
	size_t count = 0;
	for (struct str rest = x.text; rest.len; count++) {
		rest = str_from_index(rest, str_find_str(rest, STR("<UploadId>")));
		if (!str_skip(&rest, STR("<UploadId>")))
			break;
	}
	return count;
}

/* A blob of one request has its SHA-256 beside it, one of parts has none. */
static bool is_of_one_request(struct ctx *c, struct blob *blob, const char *key)
{
	const struct s3_request r = {.method = "HEAD", .key = key};
	struct s3_exchange x;
	assert_ok(c, s3_call(c, (struct s3 *)blob, &r, &x));
	return x.sha256.len != 0;
}

static void one_request_carries_what_it_may(void **state)
{
	enum { MOST = 20 << 20 };
	struct world_of_s3 *w = world_of(state);
	struct ctx *c = &w->unit.ctx;
	struct blob_s3_options options = w->options;
	struct blob *blob;
	struct extent *e;
	char *bytes = pattern(c, MOST + 1);
	options.put_max = MOST;
	assert_ok(c, blob_s3_open(c, &options, &blob));
	put(c, blob, "a/whole", bytes, MOST);
	put(c, blob, "a/parts", bytes, MOST + 1);
	put(c, blob, "a/whole", bytes + 1, MOST);
	assert_true(is_of_one_request(c, blob, "a/whole"));
	assert_false(is_of_one_request(c, blob, "a/parts"));
	assert_ok(c, blob_open(c, blob, "a/whole", &e));
	assert_int_equal(e->size, MOST);
	for (size_t at = 0; at < MOST; at += 1 << 20)
		same(c, e, at, bytes + at, 1 << 20);
	extent_close(e);
	blob_close(blob);
}

static bool is_late(void *arg)
{
	int *left = arg;
	return --*left <= 0;
}

static void who_goes_away_leaves_no_parts(void **state)
{
	enum { SIZE = 2 * PART + 1, STEPS = 40 };
	struct world_of_s3 *w = world_of(state);
	struct ctx *c = &w->unit.ctx;
	char *bytes = pattern(c, SIZE);
	struct spool *spool;
	struct extent *e;
	int left = STEPS;
	assert_ok(c, blob_create(c, w->blob, &spool));
	assert_ok(c, spool_append(c, spool, bytes, SIZE));
	c->canceled = is_late;
	c->canceled_arg = &left;
	assert_err(c, blob_publish(c, w->blob, spool, "a/b"), ERR_CANCELED);
	c->canceled = NULL;
	assert_int_equal(uploads_of(c, w->blob), 0);
	assert_err(c, blob_open(c, w->blob, "a/b", &e), ERR_NOT_FOUND);
	assert_ok(c, blob_publish(c, w->blob, spool, "a/b"));
	extent_close(&spool->extent);
}

static void a_part_is_fetched_in_one_journey(void **state)
{
	struct world_of_s3 *w = world_of(state);
	struct ctx *c = &w->unit.ctx;
	uint8_t room[100];
	struct blob_part part = {.at = 3, .to = room, .cap = 4};
	put(c, w->blob, "a/ten", "0123456789", 10);
	put(c, w->blob, "a/none", "", 0);
	assert_ok(c, blob_fetch(c, w->blob, "a/ten", &part));
	assert_int_equal(part.len, 4);
	assert_int_equal(part.size, 10);
	assert_memory_equal(room, "3456", 4);
	part = (struct blob_part){.at = 8, .to = room, .cap = sizeof room};
	assert_ok(c, blob_fetch(c, w->blob, "a/ten", &part));
	assert_int_equal(part.len, 2);
	assert_memory_equal(room, "89", 2);
	part = (struct blob_part){.at = 10, .to = room, .cap = sizeof room};
	assert_ok(c, blob_fetch(c, w->blob, "a/ten", &part));
	assert_int_equal(part.len, 0);
	assert_int_equal(part.size, 10);
	part = (struct blob_part){.to = room};
	assert_ok(c, blob_fetch(c, w->blob, "a/ten", &part));
	assert_int_equal(part.size, 10);
	part = (struct blob_part){.to = room, .cap = sizeof room};
	assert_ok(c, blob_fetch(c, w->blob, "a/none", &part));
	assert_int_equal(part.len + part.size, 0);
	part = (struct blob_part){.at = 11, .to = room, .cap = sizeof room};
	assert_err(c, blob_fetch(c, w->blob, "a/ten", &part), ERR_CORRUPT);
	part = (struct blob_part){.to = room, .cap = sizeof room};
	assert_err(c, blob_fetch(c, w->blob, "a/nine", &part), ERR_NOT_FOUND);
	assert_err(c, blob_fetch(c, w->blob, "../ten", &part), ERR_INVALID);
}

static enum err collect(struct ctx *c, void *arg, uint64_t at, const void *bytes, size_t len)
{
	char *to = arg;
	(void)c;
	assert_true(at + len < 100);
	memcpy(to + at, bytes, len);
	to[at + len] = 0;
	return OK;
}

/* The status of a plain request without credentials. */
static int ask(struct ctx *c, struct blob *blob, struct s3_exchange *x)
{
	assert_ok(c, s3_http_send(c, ((struct s3 *)blob)->http, x));
	return x->status;
}

static int get_address(struct ctx *c, struct blob *blob, struct str url, char text[100])
{
	struct s3_exchange x = {
		.method = "GET", .url = str_dup(c->arena, url), .take = collect, .take_arg = text};
	return ask(c, blob, &x);
}

static int put_address(
	struct ctx *c, struct blob *blob, const struct blob_address *to, const char *bytes)
{
	const struct s3_body body = {.bytes = str_of(bytes)};
	const struct s3_pair header = {to->header, to->value};
	struct s3_exchange x = {.method = "PUT",
		.url = str_dup(c->arena, to->url),
		.headers = &header,
		.header_count = to->header.len ? 1 : 0,
		.body = &body};
	return ask(c, blob, &x);
}

static struct blob_address grant(
	struct ctx *c, struct blob *blob, const char *key, const char *sha256)
{
	struct blob_address address;
	const struct blob_grant grant = {key, 60, sha256};
	assert_ok(c, blob_presign(c, blob, &grant, &address));
	return address;
}

/* `url` with the first of `from` made `to`, which is as long. */
static struct str altered(struct ctx *c, struct str url, const char *from, const char *to)
{
	char *text = str_dup(c->arena, url), *at = strstr(text, from);
	assert_non_null(at);
	memcpy(at, to, strlen(to));
	return str_of(text);
}

static void anyone_may_get_by_an_address(void **state)
{
	struct world_of_s3 *w = world_of(state);
	struct ctx *c = &w->unit.ctx;
	char text[100];
	put(c, w->blob, "a/b", "hello", 5);
	put(c, w->blob, "a/c", "other", 5);
	struct blob_address address = grant(c, w->blob, "a/b", NULL);
	assert_int_equal(address.header.len, 0);
	assert_int_equal(get_address(c, w->blob, address.url, text), 200);
	assert_string_equal(text, "hello");
	char last[2] = {address.url.at[address.url.len - 1] == '0' ? '1' : '0', 0};
	struct str wrong = str_of(arena_fmt(
		c->arena, "%.*s%s", STR_FMT(str_until(address.url, address.url.len - 1)), last));
	assert_int_equal(get_address(c, w->blob, wrong, text), 403);
	wrong = altered(c, address.url, "a/b?", "a/c?");
	assert_int_equal(get_address(c, w->blob, wrong, text), 403);
	wrong = altered(c, address.url, "Expires=60", "Expires=99");
	assert_int_equal(get_address(c, w->blob, wrong, text), 403);
	struct s3_exchange x = {.method = "DELETE", .url = str_dup(c->arena, address.url)};
	assert_int_equal(ask(c, w->blob, &x), 403);
	assert_int_equal(put_address(c, w->blob, &address, "hullo"), 403);
	assert_int_equal(get_address(c, w->blob, address.url, text), 200);
	assert_string_equal(text, "hello");
	for (int64_t seconds = 0; seconds <= 604801; seconds += 604801)
		assert_err(c,
			blob_presign(
				c, w->blob, &(struct blob_grant){"a/b", seconds, NULL}, &address),
			ERR_INVALID);
	assert_err(c, blob_presign(c, w->blob, &(struct blob_grant){"../b", 60, NULL}, &address),
		ERR_INVALID);
}

static void anyone_may_put_by_an_address_what_it_is_for(void **state)
{
	struct world_of_s3 *w = world_of(state);
	struct ctx *c = &w->unit.ctx;
	char digits[S3_PAYLOAD], text[100];
	struct extent *e;
	s3_payload("hello", 5, digits);
	struct blob_address good = grant(c, w->blob, "a/b", digits), wrong = good;
	assert_int_equal(get_address(c, w->blob, good.url, text), 403);
	bool hashed = strcmp(s3_told(c, "hashed"), "yes") == 0;
	assert_int_equal(put_address(c, w->blob, &good, "hullo"), hashed ? 400 : 403);
	wrong.header = (struct str){0};
	assert_int_equal(put_address(c, w->blob, &wrong, "hello"), 403);
	wrong = good;
	s3_payload("hullo", 5, digits);
	wrong.value = str_of(digits);
	assert_int_equal(put_address(c, w->blob, &wrong, "hullo"), 403);
	wrong = good;
	wrong.url = altered(c, good.url, "a/b?", "a/c?");
	assert_int_equal(put_address(c, w->blob, &wrong, "hello"), 403);
	assert_err(c, blob_open(c, w->blob, "a/b", &e), ERR_NOT_FOUND);
	assert_err(c, blob_open(c, w->blob, "a/c", &e), ERR_NOT_FOUND);
	/* A store that leaves the hash out of the signature takes nothing. */
	assert_int_equal(put_address(c, w->blob, &good, "hello"), hashed ? 200 : 403);
	if (!hashed)
		return;
	assert_ok(c, blob_open(c, w->blob, "a/b", &e));
	assert_int_equal(e->size, 5);
	same(c, e, 0, "hello", 5);
	extent_close(e);
}

static int64_t two_minutes_ago(void)
{
	return os_world()->clock() - 120 * INT64_C(1000000);
}

static void an_address_ends(void **state)
{
	struct world_of_s3 *w = world_of(state);
	struct ctx *c = &w->unit.ctx;
	const struct world *now = c->world;
	struct world then = *now;
	char digits[S3_PAYLOAD], text[100];
	put(c, w->blob, "a/b", "hello", 5);
	s3_payload("hello", 5, digits);
	then.clock = two_minutes_ago;
	c->world = &then;
	struct blob_address to_get = grant(c, w->blob, "a/b", NULL);
	struct blob_address to_put = grant(c, w->blob, "a/c", digits);
	c->world = now;
	assert_int_equal(get_address(c, w->blob, to_get.url, text), 403);
	assert_int_equal(put_address(c, w->blob, &to_put, "hello"), 403);
}

static void an_address_is_where_others_reach_the_bucket(void **state)
{
	struct world_of_s3 *w = world_of(state);
	struct ctx *c = &w->unit.ctx;
	struct blob_s3_options options = w->options;
	struct blob *blob;
	char text[100];
	struct str port = str_of(s3_told(c, "endpoint"));
	struct str bucket = str_of(options.url);
	port = str_from_index(port, str_find_last(port, ':'));
	(void)str_skip(&bucket, STR("s3://"));
	bucket = str_cut(&bucket, '/');
	options.public_url =
		arena_fmt(c->arena, "http://localhost%.*s/%.*s/", STR_FMT(port), STR_FMT(bucket));
	assert_ok(c, blob_s3_open(c, &options, &blob));
	put(c, blob, "a/b", "hello", 5);
	struct blob_address address = grant(c, blob, "a/b", NULL);
	assert_true(str_starts(address.url, str_of(options.public_url)));
	assert_int_equal(get_address(c, blob, address.url, text), 200);
	assert_string_equal(text, "hello");
	blob_close(blob);
	options.public_url = "localhost";
	assert_err(c, blob_s3_open(c, &options, &blob), ERR_INVALID);
}

static int64_t days_ahead(void)
{
	return os_world()->clock() + 40LL * 24 * 3600 * 1000000;
}

static int64_t days_behind(void)
{
	return os_world()->clock() - 40LL * 24 * 3600 * 1000000;
}

static enum err take_age(struct ctx *c, void *arg, const struct blob_entry *entry)
{
	(void)c;
	*(int64_t *)arg = entry->age;
	return OK;
}

/* A store takes signatures of its own time only. What refuses the first one tells that time. */
static void a_clock_that_is_wrong_is_put_right_by_the_store(void **state)
{
	struct world_of_s3 *w = world_of(state);
	struct ctx *c = &w->unit.ctx;
	struct world wrong = *os_world();
	int64_t (*const clocks[])(void) = {days_ahead, days_behind, os_world()->clock};
	c->world = &wrong;
	for (size_t i = 0; i < sizeof clocks / sizeof *clocks; i++) {
		const char *key = arena_fmt(c->arena, "clock/%zu", i);
		char text[100];
		struct extent *e;
		int64_t age = -1;
		wrong.clock = clocks[i];
		assert_err(c, blob_open(c, w->blob, key, &e), ERR_NOT_FOUND);
		put(c, w->blob, key, "hello", 5);
		struct blob_address address = grant(c, w->blob, key, NULL);
		assert_int_equal(get_address(c, w->blob, address.url, text), 200);
		assert_ok(c, blob_list(c, w->blob, key, take_age, &age));
		assert_true(age >= 0 && age < 60);
	}
}

static void the_bucket_may_be_in_the_hosts_name(void **state)
{
	struct world_of_s3 *w = world_of(state);
	struct ctx *c = &w->unit.ctx;
	struct blob_s3_options options = w->options;
	struct str endpoint = str_of(s3_told(c, "endpoint"));
	struct blob *blob;
	struct extent *e;
	options.url = arena_fmt(c->arena,
		"%s?style=virtual&region=us-east-1&endpoint=http://localhost%.*s",
		s3_bucket(c, "v/"),
		STR_FMT(str_from_index(endpoint, str_find_last(endpoint, ':'))));
	assert_ok(c, blob_s3_open(c, &options, &blob));
	assert_str(((struct s3 *)blob)->address.root, "");
	put(c, blob, "a/b", "hello", 5);
	assert_ok(c, blob_open(c, blob, "a/b", &e));
	same(c, e, 0, "hello", 5);
	extent_close(e);
	blob_close(blob);
}

static enum err count_key(struct ctx *c, void *arg, const struct blob_entry *entry)
{
	size_t *count = arg;
	(void)c;
	assert_int_equal(entry->size, 1);
	++*count;
	return OK;
}

static void a_list_goes_on_over_its_pages(void **state)
{
	enum { KEYS = 1003 };
	struct world_of_s3 *w = world_of(state);
	struct ctx *c = &w->unit.ctx;
	struct spool *spool;
	size_t count = 0;
	assert_ok(c, blob_create(c, w->blob, &spool));
	assert_ok(c, spool_append(c, spool, "x", 1));
	for (int i = 0; i < KEYS; i++)
		assert_ok(c, blob_publish(c, w->blob, spool, arena_fmt(c->arena, "a/%d", i)));
	extent_close(&spool->extent);
	assert_ok(c, blob_list(c, w->blob, "a/", count_key, &count));
	assert_int_equal(count, KEYS);
}

struct reading {
	struct thread thread;
	struct extent *extent;
	const char *bytes;
	uint64_t first;
	bool wrong;
};

static void read_all(void *arg)
{
	enum { STEP = 4099 };
	struct reading *r = arg;
	struct arena arena;
	struct ctx c;
	arena_init(&arena);
	ctx_init(&c, &arena, os_world());
	for (uint64_t done = 0; done < r->extent->size; done += STEP) {
		uint64_t at = (r->first + done) % r->extent->size, left = r->extent->size - at;
		size_t len = left < STEP ? (size_t)left : STEP;
		const uint8_t *got;
		if (extent_window(&c, r->extent, at, len, &got) ||
			memcmp(got, r->bytes + at, len) != 0)
			r->wrong = true;
	}
	arena_done(&arena);
}

static void threads_read_one_blob_from_all_sides(void **state)
{
	enum { SIZE = 9 << 20, THREADS = 4 };
	struct world_of_s3 *w = world_of(state);
	struct ctx *c = &w->unit.ctx;
	struct reading readings[THREADS];
	char *bytes = pattern(c, SIZE);
	struct extent *e;
	put(c, w->blob, "a/b", bytes, SIZE);
	assert_ok(c, blob_open(c, w->blob, "a/b", &e));
	for (int i = 0; i < THREADS; i++) {
		readings[i] = (struct reading){
			.extent = e, .bytes = bytes, .first = (uint64_t)i / 2 * SIZE / 2};
		assert_ok(
			c, thread_start(c, "reading", read_all, &readings[i], &readings[i].thread));
	}
	for (int i = 0; i < THREADS; i++) {
		thread_join(&readings[i].thread);
		assert_false(readings[i].wrong);
	}
	extent_close(e);
}

/* Each look at this clock takes a second: whoever waits between two tries has soon waited. */
static int64_t quick_clock(void)
{
	static _Atomic int64_t now;
	return atomic_fetch_add(&now, 1000000) + 1000000;
}

/* A blob that is not what its SHA-256 says, as a disk may make of it. */
static void bytes_that_were_altered_are_found(void **state)
{
	struct world_of_s3 *w = world_of(state);
	struct ctx *c = &w->unit.ctx;
	struct extent *e;
	uint8_t room[10];
	struct blob_part part = {.to = room, .cap = sizeof room};
	char digits[S3_PAYLOAD], other[S3_PAYLOAD];
	s3_payload("hello", 5, digits);
	s3_payload("hullo", 5, other);
	const struct s3_body body = {.bytes = STR("hello")};
	struct s3_request r = {.method = "PUT", .key = "a/b", .payload = digits, .body = &body};
	struct s3_exchange x;
	s3_add_header(&r, STR("x-amz-meta-sha256"), str_of(other));
	assert_ok(c, s3_call(c, (struct s3 *)w->blob, &r, &x));
	struct world quick = *c->world;
	quick.monotonic = quick_clock;
	c->world = &quick;
	/* It is tried again, for the way may have done it. */
	assert_err(c, blob_open(c, w->blob, "a/b", &e), ERR_CORRUPT);
	assert_non_null(strstr(c->error.text, "trying it 8 times"));
	assert_err(c, blob_fetch(c, w->blob, "a/b", &part), ERR_CORRUPT);
	assert_non_null(strstr(c->error.text, "trying it 8 times"));
	c->world = os_world();
}

/* What was sent is not what was signed for. */
static void the_store_refuses_bytes_that_changed_on_their_way(void **state)
{
	struct world_of_s3 *w = world_of(state);
	struct ctx *c = &w->unit.ctx;
	char digits[S3_PAYLOAD];
	s3_payload("hello", 5, digits);
	const struct s3_body body = {.bytes = STR("hullo")};
	const struct s3_request r = {
		.method = "PUT", .key = "a/b", .payload = digits, .body = &body, .once = true};
	struct s3_exchange x;
	struct extent *e;
	assert_err(c, s3_call(c, (struct s3 *)w->blob, &r, &x), ERR_UNAVAILABLE);
	assert_int_equal(x.status, 400);
	assert_err(c, blob_open(c, w->blob, "a/b", &e), ERR_NOT_FOUND);
}

static void refused(
	struct ctx *c, const struct blob_s3_options *options, enum err kind, const char *why)
{
	struct blob *blob;
	assert_err(c, blob_s3_open(c, options, &blob), kind);
	if (!strstr(c->error.text, why))
		fail_msg("no \"%s\" in: %s", why, c->error.text);
}

static void what_is_wrong_shows_at_the_start(void **state)
{
	struct world_of_s3 *w = world_of(state);
	struct ctx *c = &w->unit.ctx;
	struct blob_s3_options options = w->options;
	options.secret_key = "wrong";
	refused(c, &options, ERR_UNAVAILABLE, "check NIMBUS_S3_SECRET_KEY");
	options.secret_key = "";
	refused(c, &options, ERR_INVALID, "only one is set");
	options.secret_key = "a\r\nb";
	refused(c, &options, ERR_INVALID, "a control character");
	options.access_key = options.secret_key = "";
	refused(c, &options, ERR_INVALID, "there are no keys");
	options.role = "arn:aws:iam::1:role/nimbus";
	options.token_file = "/nonexistent/token";
	refused(c, &options, ERR_UNAVAILABLE, "AWS_WEB_IDENTITY_TOKEN_FILE");
	options.sts = "sts.example.org";
	refused(c, &options, ERR_INVALID, "AWS_ENDPOINT_URL_STS");
	options.aws_access_key = "nobody";
	options.aws_secret_key = "nothing";
	refused(c, &options, ERR_UNAVAILABLE, "check NIMBUS_S3_ACCESS_KEY");
	options = w->options;
	options.url =
		arena_fmt(c->arena, "s3://no-such-bucket?endpoint=%s", s3_told(c, "endpoint"));
	refused(c, &options, ERR_UNAVAILABLE, "there is no such bucket");
	options.url = "s3://bucket?endpoint=nowhere";
	refused(c, &options, ERR_INVALID, "no address such as");
	options = w->options;
	options.ca = "/nonexistent/ca.pem";
	refused(c, &options, ERR_INVALID, "NIMBUS_S3_CA");
}

static void keys_that_were_changed_are_read_again_where_the_store_refuses(void **state)
{
	struct world_of_s3 *w = world_of(state);
	struct ctx *c = &w->unit.ctx;
	struct blob_s3_options options = w->options;
	struct secret *files = secret_file_open();
	const char *path = arena_fmt(c->arena, "%s/key", options.folder);
	const struct secret_set keys = {{{NULL, options.access_key}, {files, path}}};
	struct secret_values values;
	struct blob *blob;
	struct extent *e = NULL;
	assert_ok(c, file_write(c, path, str_of(options.secret_key), 0600));
	options.keys = &keys;
	assert_ok(c, blob_s3_open(c, &options, &blob));
	assert_ok(c, file_write(c, path, STR("wrong"), 0600));
	usleep(1100000);
	assert_ok(c, secret_set_read(c, &keys, &values));
	assert_str(values.parts[1].text, "wrong");
	assert_err(c, blob_open(c, blob, "a/b", &e), ERR_UNAVAILABLE);
	/* What is known is still the wrong one when this is signed for the first time. */
	usleep(1100000);
	assert_ok(c, secret_set_read(c, &keys, &values));
	assert_ok(c, file_write(c, path, str_of(options.secret_key), 0600));
	assert_err(c, blob_open(c, blob, "a/b", &e), ERR_NOT_FOUND);
	blob_close(blob);
	secret_close(files);
}

static void a_store_that_is_away_is_no_reason_not_to_start(void **state)
{
	struct world_of_s3 *w = world_of(state);
	struct ctx *c = &w->unit.ctx;
	struct blob_s3_options options = w->options;
	struct blob *blob;
	struct extent *e;
	struct world quick = *c->world;
	quick.monotonic = quick_clock;
	c->world = &quick;
	options.url = "s3://bucket?endpoint=http://127.0.0.1:1";
	assert_ok(c, blob_s3_open(c, &options, &blob));
	assert_err(c, blob_open(c, blob, "a/b", &e), ERR_UNAVAILABLE);
	assert_err(c, try_put(c, blob, "a/b", "x", 1), ERR_UNAVAILABLE);
	c->world = os_world();
	/* All its tries take five seconds at least. */
	c->deadline = c->world->monotonic() + 300000;
	enum err kind = blob_open(c, blob, "a/b", &e);
	assert_true(kind == ERR_UNAVAILABLE || kind == ERR_TIMEOUT);
	assert_true(c->world->monotonic() < c->deadline + 4000000);
	c->deadline = c->world->monotonic() - 1;
	assert_err(c, blob_open(c, blob, "a/b", &e), ERR_TIMEOUT);
	blob_close(blob);
}

static void a_large_blob_that_is_open_outlives_its_removal(void **state)
{
	enum { SIZE = 20 << 20 };
	struct world_of_s3 *w = world_of(state);
	struct ctx *c = &w->unit.ctx;
	char *bytes = pattern(c, SIZE);
	struct extent *e, *other;
	put(c, w->blob, "a/b", bytes, SIZE);
	assert_ok(c, blob_open(c, w->blob, "a/b", &e));
	assert_ok(c, blob_open(c, w->blob, "a/b", &other));
	assert_ok(c, blob_remove(c, w->blob, "a/b"));
	same(c, e, 0, bytes, SIZE);
	same(c, other, SIZE - 9, bytes + SIZE - 9, 9);
	extent_close(e);
	extent_close(other);
}

#define S3_TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		S3_TEST(parts_become_one_blob),
		S3_TEST(one_request_carries_what_it_may),
		S3_TEST(who_goes_away_leaves_no_parts),
		S3_TEST(a_part_is_fetched_in_one_journey),
		S3_TEST(anyone_may_get_by_an_address),
		S3_TEST(anyone_may_put_by_an_address_what_it_is_for),
		S3_TEST(an_address_ends),
		S3_TEST(an_address_is_where_others_reach_the_bucket),
		S3_TEST(a_clock_that_is_wrong_is_put_right_by_the_store),
		S3_TEST(the_bucket_may_be_in_the_hosts_name),
		S3_TEST(a_list_goes_on_over_its_pages),
		S3_TEST(threads_read_one_blob_from_all_sides),
		S3_TEST(bytes_that_were_altered_are_found),
		S3_TEST(the_store_refuses_bytes_that_changed_on_their_way),
		S3_TEST(what_is_wrong_shows_at_the_start),
		S3_TEST(keys_that_were_changed_are_read_again_where_the_store_refuses),
		S3_TEST(a_store_that_is_away_is_no_reason_not_to_start),
		S3_TEST(a_large_blob_that_is_open_outlives_its_removal),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
