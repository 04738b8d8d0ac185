/* What the S3 driver does beyond the contract of all stores, and what it says when it cannot. */
#include "contract/contract.h"
#include "contract/s3.h"

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

static int get_address(struct ctx *c, struct blob *blob, struct str url, char text[100])
{
	struct s3_exchange x = {
		.method = "GET", .url = str_dup(c->arena, url), .take = collect, .take_arg = text};
	assert_ok(c, s3_http_send(c, ((struct s3 *)blob)->http, &x));
	return x.status;
}

static void anyone_may_get_by_an_address(void **state)
{
	struct world_of_s3 *w = world_of(state);
	struct ctx *c = &w->unit.ctx;
	char text[100];
	struct str url;
	put(c, w->blob, "a/b", "hello", 5);
	assert_ok(c, w->blob->ops->presign(c, w->blob, "a/b", 60, &url));
	assert_int_equal(get_address(c, w->blob, url, text), 200);
	assert_string_equal(text, "hello");
	char *altered = str_dup(c->arena, url);
	altered[url.len - 1] = altered[url.len - 1] == '0' ? '1' : '0';
	assert_int_equal(get_address(c, w->blob, str_of(altered), text), 403);
	assert_err(c, w->blob->ops->presign(c, w->blob, "a/b", 0, &url), ERR_INVALID);
	assert_err(c, w->blob->ops->presign(c, w->blob, "a/b", 604801, &url), ERR_INVALID);
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
	/* It is tried again, for the way may have done it. */
	c->deadline = c->world->monotonic() + 2000000;
	assert_err(c, blob_open(c, w->blob, "a/b", &e), ERR_CORRUPT);
	assert_err(c, blob_fetch(c, w->blob, "a/b", &part), ERR_CORRUPT);
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
	refused(c, &options, ERR_NOT_FOUND, "NIMBUS_S3_CA");
}

static void a_store_that_is_away_is_no_reason_not_to_start(void **state)
{
	struct world_of_s3 *w = world_of(state);
	struct ctx *c = &w->unit.ctx;
	struct blob_s3_options options = w->options;
	struct blob *blob;
	struct extent *e;
	options.url = "s3://bucket?endpoint=http://127.0.0.1:1";
	options.timeout = 1000;
	assert_ok(c, blob_s3_open(c, &options, &blob));
	c->deadline = c->world->monotonic() + 1000000;
	assert_err(c, blob_open(c, blob, "a/b", &e), ERR_UNAVAILABLE);
	assert_err(c, try_put(c, blob, "a/b", "x", 1), ERR_UNAVAILABLE);
	assert_true(c->world->monotonic() < c->deadline + 1000000);
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
		S3_TEST(who_goes_away_leaves_no_parts),
		S3_TEST(a_part_is_fetched_in_one_journey),
		S3_TEST(anyone_may_get_by_an_address),
		S3_TEST(the_bucket_may_be_in_the_hosts_name),
		S3_TEST(a_list_goes_on_over_its_pages),
		S3_TEST(threads_read_one_blob_from_all_sides),
		S3_TEST(bytes_that_were_altered_are_found),
		S3_TEST(the_store_refuses_bytes_that_changed_on_their_way),
		S3_TEST(what_is_wrong_shows_at_the_start),
		S3_TEST(a_store_that_is_away_is_no_reason_not_to_start),
		S3_TEST(a_large_blob_that_is_open_outlives_its_removal),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
