#include "contract/ear.h"

#include "driver/driver.h"
#include "os/file.h"
#include "os/log.h"
#include "os/socket.h"
#include "os/thread.h"

#include <stdio.h>
#include <unistd.h>

static int64_t moved; /* microseconds */

static int64_t slow_clock(void)
{
	return os_world()->monotonic() / EAR_SLOWER + moved;
}

/* A machine with much to do may need longer than the driver's patience: by this clock it has more. */
static void be_patient(struct ctx *c)
{
	static struct world world;
	moved = 0;
	world = *os_world();
	world.monotonic = slow_clock;
	c->world = &world;
}

/* The administrator's URL of an empty database. Others use the server at the same time, but not this
 * database, these users and these channels. */
static const char *server(struct ctx *c)
{
	const char *url = getenv("NIMBUS_TEST_REDIS");
	if (!url) {
		printf("skip: NIMBUS_TEST_REDIS is not set: tests/run sets it where Redis is "
		       "installed\n");
		skip();
	}
	const char *own = arena_fmt(c->arena, "%.*s/1", (int)(strrchr(url, '/') - url), url);
	ear_redis(own, 1, (struct str[]){STR("FLUSHDB")});
	return own;
}

static void let_in(const char *url, struct str user)
{
	ear_redis(url, 9,
		(struct str[]){STR("ACL"), STR("SETUSER"), user, STR("on"), STR(">hush"),
			STR("~nimbus:*"), STR("resetchannels"), STR("&nimbus:*"), STR("+@all")});
}

static struct kv *open_as(struct ctx *c, const char *url, const char *user, const char *password)
{
	struct kv *kv;
	const char *place = strstr(url, "//") + 2;
	url = arena_fmt(c->arena, "redis://%s:%s@%s", user, password, place);
	assert_ok(c, kv_redis_open(c, url, &kv));
	return kv;
}

/* An ordinary one. */
static struct kv *open_as_ann(struct ctx *c, const char *url)
{
	let_in(url, STR("ann"));
	return open_as(c, url, "ann", "hush");
}

static void kill_clients(const char *url, struct str type)
{
	ear_redis(url, 6,
		(struct str[]){
			STR("CLIENT"), STR("KILL"), STR("USER"), STR("ann"), STR("TYPE"), type});
}

static void an_url_says_where_and_as_whom(void **state)
{
	struct ctx *c = *state;
	struct redis r;
	assert_ok(c, redis_init(c, &r, "redis://ann:p%40ss%3A%2f@redis.example:6380/7", c->world));
	assert_string_equal(r.host, "redis.example");
	assert_int_equal(r.port, 6380);
	assert_string_equal(r.user, "ann");
	assert_string_equal(r.password, "p@ss:/");
	assert_string_equal(r.database, "7");
	redis_done(&r);
	assert_ok(c, redis_init(c, &r, "redis://:only@[::1]:1", c->world));
	assert_string_equal(r.where, "::1:1");
	assert_string_equal(r.user, "");
	assert_string_equal(r.password, "only");
	redis_done(&r);
	assert_ok(c, redis_init(c, &r, "redis://host", c->world));
	assert_int_equal(r.port, 6379);
	assert_string_equal(r.database, "0");
	redis_done(&r);
}

static void an_url_that_makes_no_sense_is_refused_without_its_password(void **state)
{
	struct ctx *c = *state;
	static const char *const bad[] = {
		"",
		"localhost:6379",
		"http://localhost",
		"redis://",
		"redis:///0",
		"redis://u:hush@",
		"redis://u:hush@host:0",
		"redis://u:hush@host:65536",
		"redis://u:hush@host:no",
		"redis://u:hush@host/no",
		"redis://u:hush@host/0?x=1",
		"redis://u:hush@[::1",
		"redis://u:hush@[::1]6379",
		"redis://u:hush%zz@host",
		"redis://hush@host",
		"rediss://u:hush@host:0",
	};
	struct kv *kv;
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		assert_err(c, kv_redis_open(c, bad[i], &kv), ERR_INVALID);
		assert_null(strstr(c->error.text, "hush"));
	}
}

/* Opens one at a Redis over TLS, by other words of its URL and another file of certificates. */
static struct kv *open_over_tls(struct ctx *c, const char *host, const char *ca)
{
	struct kv *kv;
	const char *url = getenv("NIMBUS_TEST_REDIS_TLS");
	if (!url) {
		printf("skip: NIMBUS_TEST_REDIS_TLS is not set: tests/run sets it where Redis is "
		       "installed\n");
		skip();
	}
	const char *own = ear_cut_ca(c->arena, &url);
	const char *there = arena_fmt(c->arena, "rediss://%s%s", host, strrchr(url, ':'));
	const struct secret_set login = {{{NULL, there}}};
	assert_ok(c, kv_redis_open_as(c, &login, &(struct redis_files){.ca = ca ? ca : own}, &kv));
	return kv;
}

/* After a pause, if there is one. */
static void fails_because(struct ctx *c, struct kv *kv, const char *why)
{
	struct str value;
	moved += REDIS_PAUSE_US;
	assert_err(c, kv_get(c, kv, STR("a"), &value), ERR_UNAVAILABLE);
	if (!strstr(c->error.text, why))
		fail_msg("no \"%s\" in: %s", why, c->error.text);
	ctx_clear(c);
}

static void over_tls_it_has_to_prove_its_name(void **state)
{
	struct ctx *c = *state;
	struct str value;
	be_patient(c);
	struct kv *kv = open_over_tls(c, "localhost", NULL);
	assert_ok(c, kv_put(c, kv, STR("a"), STR("b"), 60));
	assert_ok(c, kv_get(c, kv, STR("a"), &value));
	assert_str(value, "b");
	kv_close(kv);
	kv = open_over_tls(c, "127.0.0.1", NULL);
	fails_because(c, kv, "IP address mismatch");
	kv_close(kv);
	kv = open_over_tls(c, "localhost", "");
	fails_because(c, kv, "self-signed certificate");
	kv_close(kv);
}

static void certificates_to_trust_are_read_again_after_a_failure(void **state)
{
	struct ctx *c = *state;
	struct str value;
	char path[64];
	be_patient(c);
	kv_close(open_over_tls(c, "localhost", NULL));
	const char *url = getenv("NIMBUS_TEST_REDIS_TLS"), *ca = ear_cut_ca(c->arena, &url);
	const char *other = arena_fmt(c->arena, "%.*s/other.pem", (int)(strrchr(ca, '/') - ca), ca);
	snprintf(path, sizeof path, "/tmp/nimbus-ca-%d", getpid());
	assert_int_equal(symlink(other, path), 0);
	struct kv *kv = open_over_tls(c, "localhost", path);
	fails_because(c, kv, "self-signed certificate");
	assert_int_equal(unlink(path), 0);
	fails_because(c, kv, path);
	assert_int_equal(symlink(ca, path), 0);
	moved += REDIS_PAUSE_US;
	assert_err(c, kv_get(c, kv, STR("none"), &value), ERR_NOT_FOUND);
	assert_int_equal(unlink(path), 0);
	kv_close(kv);
	assert_err(c,
		kv_redis_open_as(c, &(struct secret_set){{{NULL, url}}},
			&(struct redis_files){.ca = path}, &kv),
		ERR_INVALID);
	assert_non_null(strstr(c->error.text, path));
}

static void over_tls_a_connection_that_rests_is_idle(void **state)
{
	struct ctx *c = *state;
	struct redis r;
	struct redis_link *conn;
	struct redis_reply reply;
	be_patient(c);
	kv_close(open_over_tls(c, "localhost", NULL));
	const char *url = getenv("NIMBUS_TEST_REDIS_TLS"), *ca = ear_cut_ca(c->arena, &url);
	assert_ok(c, redis_init(c, &r, url, c->world));
	r.trust.files.ca = ca;
	int64_t limit = redis_limit(c, &r);
	assert_ok(c, redis_connect(c, &r, limit, &conn));
	assert_true(redis_is_idle(conn));
	struct buf out = {.arena = c->arena};
	redis_command(&out, 1, (struct str[]){STR("QUIT")});
	assert_ok(c, redis_send(c, &r, conn, buf_view(&out), limit));
	assert_ok(c, redis_receive(c, &r, conn, limit, &reply));
	/* It tells once: whoever hears of it closes the connection. */
	bool idle;
	while ((idle = redis_is_idle(conn)) && c->world->monotonic() < limit)
		usleep(1000);
	assert_false(idle);
	assert_err(c, redis_receive(c, &r, conn, limit, &reply), ERR_UNAVAILABLE);
	redis_disconnect(conn);
	redis_done(&r);
}

static void who_speaks_no_tls_is_as_good_as_lost(void **state)
{
	struct ctx *c = *state;
	struct kv *kv;
	struct str value;
	const char *url = strchr(server(c), ':');
	assert_ok(c, kv_redis_open(c, arena_fmt(c->arena, "rediss%s", url), &kv));
	assert_err(c, kv_get(c, kv, STR("a"), &value), ERR_UNAVAILABLE);
	kv_close(kv);
}

static void a_closed_connection_is_noticed_before_it_is_used(void **state)
{
	struct ctx *c = *state;
	be_patient(c);
	const char *url = server(c);
	struct kv *kv = open_as_ann(c, url);
	struct str value;
	int64_t count;
	assert_ok(c, kv_put(c, kv, STR("a"), STR("one"), 60));
	kill_clients(url, STR("normal"));
	assert_ok(c, kv_count(c, kv, STR("n"), 60, &count));
	assert_int_equal(count, 1);
	kill_clients(url, STR("normal"));
	assert_ok(c, kv_take(c, kv, STR("a"), &value));
	assert_str(value, "one");
	kv_close(kv);
}

static void it_signs_in_and_says_when_it_is_refused(void **state)
{
	struct ctx *c = *state;
	be_patient(c);
	const char *url = server(c);
	struct str value;
	struct kv *kv = open_as_ann(c, url);
	assert_ok(c, kv_put(c, kv, STR("a"), STR("one"), 60));
	kv_close(kv);
	kv = open_as(c, url, "ann", "wrong");
	assert_err(c, kv_get(c, kv, STR("a"), &value), ERR_UNAVAILABLE);
	assert_non_null(strstr(c->error.text, "WRONGPASS"));
	kv_close(kv);
}

static void a_password_that_is_changed_is_used_for_new_connections(void **state)
{
	struct ctx *c = *state;
	be_patient(c);
	const char *url = server(c);
	char path[] = "/tmp/nimbus-redis-XXXXXX";
	struct secret *files = secret_file_open();
	struct kv *kv;
	struct str value;
	close(mkstemp(path));
	let_in(url, STR("ann"));
	assert_ok(c, file_write(c, path, STR("hush"), 0600));
	const struct secret_set login = {{{NULL, url}, {NULL, "ann"}, {files, path}}};
	assert_ok(c, kv_redis_open_as(c, &login, NULL, &kv));
	assert_ok(c, kv_put(c, kv, STR("a"), STR("one"), 60));
	ear_redis(url, 5,
		(struct str[]){
			STR("ACL"), STR("SETUSER"), STR("ann"), STR("resetpass"), STR(">other")});
	assert_ok(c, file_write(c, path, STR("other"), 0600));
	moved += 1100000;
	kill_clients(url, STR("normal"));
	assert_ok(c, kv_get(c, kv, STR("a"), &value));
	assert_str(value, "one");
	kv_close(kv);
	secret_close(files);
	unlink(path);
}

static void what_the_server_refuses_fails_alone(void **state)
{
	struct ctx *c = *state;
	be_patient(c);
	const char *url = server(c);
	struct kv *kv = open_as_ann(c, url);
	struct str value;
	int64_t count;
	ear_redis(url, 3, (struct str[]){STR("LPUSH"), STR("nimbus:list"), STR("x")});
	assert_err(c, kv_get(c, kv, STR("list"), &value), ERR_UNAVAILABLE);
	assert_non_null(strstr(c->error.text, "WRONGTYPE"));
	assert_err(c, kv_count(c, kv, STR("list"), 60, &count), ERR_UNAVAILABLE);
	assert_non_null(strstr(c->error.text, "WRONGTYPE"));
	assert_ok(c, kv_put(c, kv, STR("a"), STR("one"), 60));
	assert_ok(c, kv_get(c, kv, STR("a"), &value));
	kv_close(kv);
}

static void a_value_has_a_bound(void **state)
{
	struct ctx *c = *state;
	be_patient(c);
	struct kv *kv = open_as_ann(c, server(c));
	struct str value, big = str_from(arena_alloc(c->arena, 2 << 20), 2 << 20);
	assert_err(c, kv_put(c, kv, STR("a"), big, 60), ERR_TOO_BIG);
	big.len = 1 << 20;
	assert_ok(c, kv_put(c, kv, STR("a"), big, 60));
	assert_ok(c, kv_get(c, kv, STR("a"), &value));
	assert_true(str_eq(value, big));
	kv_close(kv);
}

static void who_listens_is_told_of_a_gap_and_hears_on(void **state)
{
	struct ctx *c = *state;
	const char *url = server(c);
	struct kv *kv = open_as_ann(c, url);
	struct kv_sub *sub;
	struct ear *ear = NEW(c->arena, struct ear);
	assert_ok(c, kv_subscribe(c, kv, STR("den"), ear_hear, ear, &sub));
	assert_ok(c, kv_publish(c, kv, STR("den"), STR("a")));
	assert_true(ear_waits(ear, STR("a;")));
	assert_int_equal(ear_missed(ear), 0);
	kill_clients(url, STR("pubsub"));
	assert_true(ear_waits_for_a_gap(ear));
	ear_redis(url, 3, (struct str[]){STR("PUBLISH"), STR("nimbus:den"), STR("b")});
	assert_true(ear_waits(ear, STR("a;b;")));
	assert_int_equal(ear_missed(ear), 1);
	kv_unsubscribe(sub);
	kv_close(kv);
}

static void who_comes_while_it_is_lost_is_told_and_hears_later(void **state)
{
	struct ctx *c = *state;
	const char *url = server(c);
	struct kv *kv = open_as(c, url, "late", "hush");
	struct kv_sub *sub;
	struct str value;
	struct ear *ear = NEW(c->arena, struct ear);
	assert_err(c, kv_get(c, kv, STR("a"), &value), ERR_UNAVAILABLE);
	assert_ok(c, kv_subscribe(c, kv, STR("attic"), ear_hear, ear, &sub));
	assert_int_equal(ear_missed(ear), 0);
	let_in(url, STR("late"));
	assert_true(ear_waits_for_a_gap(ear));
	/* Who listens noticed for all: nobody has to wait for the end of a pause. */
	assert_ok(c, kv_publish(c, kv, STR("attic"), STR("a")));
	assert_true(ear_waits(ear, STR("a;")));
	assert_int_equal(ear_missed(ear), 1);
	ear_redis(url, 3, (struct str[]){STR("ACL"), STR("DELUSER"), STR("late")});
	kv_unsubscribe(sub);
	kv_close(kv);
}

static void who_does_not_wait_is_told_what_may_be_missing(void **state)
{
	struct ctx *c = *state;
	struct kv *kv = open_as_ann(c, server(c));
	struct kv_sub *sub;
	struct ear *ear = NEW(c->arena, struct ear);
	c->deadline = c->world->monotonic();
	assert_ok(c, kv_subscribe(c, kv, STR("cellar"), ear_hear, ear, &sub));
	assert_true(ear_waits_for_a_gap(ear));
	c->deadline = 0;
	assert_ok(c, kv_publish(c, kv, STR("cellar"), STR("a")));
	assert_true(ear_waits(ear, STR("a;")));
	kv_unsubscribe(sub);
	kv_close(kv);
}

static int64_t took(int64_t since)
{
	return os_world()->monotonic() - since;
}

/* One who takes connections, and says nothing. */
static const char *silent(struct ctx *c, int *fd)
{
	assert_ok(c, socket_listen(c, STR("127.0.0.1:0"), fd));
	return arena_fmt(c->arena, "redis://127.0.0.1:%d/0", socket_port(*fd));
}

/* How often somebody came to it since this was asked last: each try is a connection. */
static int64_t tries(int fd)
{
	struct socket_peer who;
	int64_t count = 0;
	for (int conn; (conn = socket_accept(fd, &who)) >= 0; count++)
		close(conn);
	return count;
}

static void who_does_not_answer_costs_one_time_out(void **state)
{
	struct ctx *c = *state;
	struct kv *kv;
	struct str value;
	int64_t count, began = os_world()->monotonic();
	int fd;
	assert_ok(c, kv_redis_open(c, silent(c, &fd), &kv));
	assert_err(c, kv_get(c, kv, STR("a"), &value), ERR_UNAVAILABLE);
	assert_true(took(began) >= REDIS_PATIENCE_US);
	assert_int_equal(tries(fd), 1);
	began = os_world()->monotonic();
	for (int i = 0; i < 100; i++)
		assert_err(c, kv_count(c, kv, STR("n"), 60, &count), ERR_UNAVAILABLE);
	/* None, unless this machine stood still for the pause. */
	assert_true(tries(fd) <= took(began) / REDIS_PAUSE_US);
	kv_close(kv);
	close(fd);
}

struct caller {
	struct kv *kv;
	enum err kind;
};

static void call(void *arg)
{
	struct caller *caller = arg;
	struct arena arena;
	struct ctx c;
	struct str value;
	arena_init(&arena);
	ctx_init(&c, &arena, os_world());
	caller->kind = kv_get(&c, caller->kv, STR("a"), &value);
	arena_done(&arena);
}

static void after_a_pause_one_finds_out_for_all(void **state)
{
	struct ctx *c = *state;
	struct caller callers[4], first;
	struct thread threads[4];
	struct kv *kv;
	int fd;
	assert_ok(c, kv_redis_open(c, silent(c, &fd), &kv));
	first.kv = kv;
	call(&first);
	assert_int_equal(tries(fd), 1);
	usleep(REDIS_PAUSE_US + 50000);
	int64_t began = os_world()->monotonic();
	for (int i = 0; i < 4; i++) {
		callers[i].kv = kv;
		assert_ok(c, thread_start(c, "caller", call, &callers[i], &threads[i]));
	}
	for (int i = 0; i < 4; i++) {
		thread_join(&threads[i]);
		assert_int_equal(callers[i].kind, ERR_UNAVAILABLE);
	}
	/* More than the one only when a thread began after that one's time and the next pause. */
	int64_t most = 1 + took(began) / (REDIS_PATIENCE_US + REDIS_PAUSE_US);
	assert_in_range(tries(fd), 1, most);
	kv_close(kv);
	close(fd);
}

static void no_call_outlives_its_deadline(void **state)
{
	struct ctx *c = *state;
	struct kv *kv;
	struct str value;
	int fd;
	be_patient(c);
	int64_t began = c->world->monotonic();
	assert_ok(c, kv_redis_open(c, silent(c, &fd), &kv));
	c->deadline = began + 100000 / EAR_SLOWER;
	assert_err(c, kv_get(c, kv, STR("a"), &value), ERR_TIMEOUT);
	assert_in_range(c->world->monotonic() - began, 100000 / EAR_SLOWER, REDIS_PATIENCE_US / 2);
	c->deadline = began;
	assert_err(c, kv_get(c, kv, STR("a"), &value), ERR_TIMEOUT);
	kv_close(kv);
	close(fd);
}

static void without_a_server_all_fails_at_once_and_one_may_listen(void **state)
{
	struct ctx *c = *state;
	struct kv *kv;
	struct kv_sub *sub;
	struct str value;
	struct ear *ear = NEW(c->arena, struct ear);
	be_patient(c);
	int64_t began = c->world->monotonic();
	assert_ok(c, kv_redis_open(c, "redis://127.0.0.1:1/0", &kv));
	assert_err(c, kv_get(c, kv, STR("a"), &value), ERR_UNAVAILABLE);
	assert_err(c, kv_put(c, kv, STR("a"), STR("x"), 60), ERR_UNAVAILABLE);
	assert_err(c, kv_publish(c, kv, STR("room"), STR("x")), ERR_UNAVAILABLE);
	assert_ok(c, kv_subscribe(c, kv, STR("room"), ear_hear, ear, &sub));
	assert_true(c->world->monotonic() - began < REDIS_PATIENCE_US / 2);
	kv_unsubscribe(sub);
	kv_close(kv);
	assert_int_equal(ear_missed(ear), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT_TEST(an_url_says_where_and_as_whom),
		UNIT_TEST(an_url_that_makes_no_sense_is_refused_without_its_password),
		UNIT_TEST(over_tls_it_has_to_prove_its_name),
		UNIT_TEST(certificates_to_trust_are_read_again_after_a_failure),
		UNIT_TEST(over_tls_a_connection_that_rests_is_idle),
		UNIT_TEST(who_speaks_no_tls_is_as_good_as_lost),
		UNIT_TEST(a_closed_connection_is_noticed_before_it_is_used),
		UNIT_TEST(it_signs_in_and_says_when_it_is_refused),
		UNIT_TEST(a_password_that_is_changed_is_used_for_new_connections),
		UNIT_TEST(what_the_server_refuses_fails_alone),
		UNIT_TEST(a_value_has_a_bound),
		UNIT_TEST(who_listens_is_told_of_a_gap_and_hears_on),
		UNIT_TEST(who_comes_while_it_is_lost_is_told_and_hears_later),
		UNIT_TEST(who_does_not_wait_is_told_what_may_be_missing),
		UNIT_TEST(who_does_not_answer_costs_one_time_out),
		UNIT_TEST(after_a_pause_one_finds_out_for_all),
		UNIT_TEST(no_call_outlives_its_deadline),
		UNIT_TEST(without_a_server_all_fails_at_once_and_one_may_listen),
	};
	log_init(LOG_LEVEL_OFF, 1);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
