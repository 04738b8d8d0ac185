#include "unit.h"

#include "net/http.h"

#include <arpa/inet.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/socket.h>
#include <unistd.h>

static pthread_key_t key;
static atomic_int kept, freed;

/* As a library does that keeps something for each thread. */
static void free_late(void *what)
{
	usleep(200000);
	atomic_fetch_add((atomic_int *)what, 1);
}

static void answer(void *arg, struct http_exchange *x)
{
	(void)arg;
	if (!pthread_getspecific(key)) {
		pthread_setspecific(key, &freed);
		atomic_fetch_add(&kept, 1);
	}
	usleep(20000);
	(void)!http_reply(x, 200, "text/plain", STR("ok\n")); /* who asked sees what came of it */
}

static int ask_for(int port, char letter)
{
	char request[] = "GET /x HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
	struct sockaddr_in to = {.sin_family = AF_INET,
		.sin_port = htons((uint16_t)port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	request[5] = letter;
	assert_int_equal(connect(fd, (struct sockaddr *)&to, sizeof to), 0);
	assert_int_equal(write(fd, request, strlen(request)), (ssize_t)strlen(request));
	return fd;
}

static void who_closes_it_is_told_when_its_threads_have_ended(void **state)
{
	enum { ASKED = 4 };
	struct ctx *c = *state;
	struct http_server *s;
	int fds[ASKED];
	char begin[9];
	const struct http_config config = {
		.world = os_world(), .listen = {STR("127.0.0.1:0")}, .handler = answer};
	assert_int_equal(pthread_key_create(&key, free_late), 0);
	assert_ok(c, http_open(c, &config, &s));
	assert_ok(c, http_start(c, s));
	for (int i = 0; i < ASKED; i++)
		fds[i] = ask_for(http_port(s), 'x');
	for (int i = 0; i < ASKED; i++) {
		assert_int_equal(recv(fds[i], begin, sizeof begin, MSG_WAITALL), sizeof begin);
		close(fds[i]);
	}
	assert_true(http_drain(s, 10000));
	http_close(s);
	assert_true(atomic_load(&kept) > 0);
	assert_int_equal(atomic_load(&freed), atomic_load(&kept));
	pthread_key_delete(key);
}

/* The paths that were answered, one letter each, in their order; and how many of each are under work. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static char order[64];
static int under_work[128], most_at_once[128];
static pthread_cond_t turned = PTHREAD_COND_INITIALIZER;
static bool shut; /* what is under work stays under work */

static void answer_slowly(void *arg, struct http_exchange *x)
{
	(void)arg;
	int letter = x->raw_path.at[1];
	pthread_mutex_lock(&lock);
	order[strlen(order)] = (char)letter;
	if (++under_work[letter] > most_at_once[letter])
		most_at_once[letter] = under_work[letter];
	pthread_cond_broadcast(&turned);
	while (shut)
		pthread_cond_wait(&turned, &lock);
	pthread_mutex_unlock(&lock);
	usleep(30000);
	pthread_mutex_lock(&lock);
	under_work[letter]--;
	pthread_mutex_unlock(&lock);
	(void)!http_reply(x, 200, "text/plain", STR("ok\n"));
}

/* Each letter is a flow; p is of the first lane, and g and h are of one group. */
static void by_letter(void *arg, const struct http_ask *asked, struct http_flow *out)
{
	(void)arg;
	char letter = asked->raw_path.at[1];
	*out = (struct http_flow){.key = (uint64_t)letter,
		.group = letter == 'g' || letter == 'h',
		.lane = letter == 'p' ? 0 : 1,
		.page = letter == 'b'};
}

/* The answer's status; all of it is in `text`. */
static int status_of(int fd, char *text, size_t size)
{
	ssize_t len = recv(fd, text, size - 1, MSG_WAITALL);
	assert_true(len > 12);
	text[len] = 0;
	close(fd);
	return (text[9] - '0') * 100 + (text[10] - '0') * 10 + text[11] - '0';
}

static struct http_server *open_lanes(struct ctx *c, int queue_max, int wait_ms)
{
	struct http_server *s;
	const struct http_config config = {.world = os_world(),
		.listen = {STR("127.0.0.1:0")},
		.handler = answer_slowly,
		.classify = by_letter,
		.workers = 4,
		.threads_max = 32,
		.queue_max = queue_max,
		.flow_workers = 2,
		.group_workers = 1,
		.lanes = {{.name = "first"}, {.name = "second",
						     .workers = 3,
						     .wait_ms = wait_ms,
						     .busy_page = "<h1>Busy</h1>"}}};
	memset(order, 0, sizeof order);
	memset(most_at_once, 0, sizeof most_at_once);
	assert_ok(c, http_open(c, &config, &s));
	assert_ok(c, http_start(c, s));
	return s;
}

static void close_lanes(struct http_server *s)
{
	assert_true(http_drain(s, 10000));
	http_close(s);
}

static void shut_gate(void)
{
	pthread_mutex_lock(&lock);
	shut = true;
	pthread_mutex_unlock(&lock);
}

static void open_gate(void)
{
	pthread_mutex_lock(&lock);
	shut = false;
	pthread_cond_broadcast(&turned);
	pthread_mutex_unlock(&lock);
}

static void wait_until_begun(size_t count)
{
	struct timespec latest;
	clock_gettime(CLOCK_REALTIME, &latest);
	latest.tv_sec += 60;
	pthread_mutex_lock(&lock);
	while (strlen(order) < count)
		assert_int_equal(pthread_cond_timedwait(&turned, &lock, &latest), 0);
	pthread_mutex_unlock(&lock);
}

static void wait_until_answered(const int *fds, int len, int count)
{
	for (int tries = 0; tries < 6000; tries++) {
		int answered = 0;
		for (int i = 0; i < len; i++) {
			struct pollfd p = {.fd = fds[i], .events = POLLIN};
			answered += poll(&p, 1, 0) == 1;
		}
		if (answered >= count)
			return;
		usleep(10000);
	}
	fail_msg("%s", "the answers did not come");
}

static void a_loop_of_one_flow_keeps_nobody_waiting(void **state)
{
	enum { LOOP = 20 };
	struct ctx *c = *state;
	struct http_server *s = open_lanes(c, 1024, 0);
	int fds[LOOP + 2];
	char text[512];
	shut_gate();
	for (int i = 0; i < LOOP; i++)
		fds[i] = ask_for(http_port(s), 'a');
	wait_until_begun(2);
	fds[LOOP] = ask_for(http_port(s), 'b');
	fds[LOOP + 1] = ask_for(http_port(s), 'p');
	wait_until_begun(4); /* the first two are still under work */
	open_gate();
	for (int i = 0; i < LOOP + 2; i++)
		assert_int_equal(status_of(fds[i], text, sizeof text), 200);
	close_lanes(s);
	assert_int_equal(strlen(order), LOOP + 2);
	assert_int_equal(most_at_once['a'], 2);
	assert_memory_equal(order, "aa", 2);
	assert_true(memchr(order, 'b', 4) && memchr(order, 'p', 4));
}

static void a_lane_and_a_group_have_bounds(void **state)
{
	struct ctx *c = *state;
	struct http_server *s = open_lanes(c, 1024, 0);
	int fds[12];
	char text[512];
	for (int i = 0; i < 12; i++)
		fds[i] = ask_for(http_port(s), "ghabghabghab"[i]);
	for (int i = 0; i < 12; i++)
		assert_int_equal(status_of(fds[i], text, sizeof text), 200);
	close_lanes(s);
	assert_true(most_at_once['g'] == 1 && most_at_once['h'] == 1);
	assert_true(most_at_once['a'] <= 2 && most_at_once['b'] <= 2);
}

static void who_waits_too_long_is_told_to_come_later(void **state)
{
	enum { MANY = 60, UNDER_WORK = 3 };
	struct ctx *c = *state;
	struct http_server *s = open_lanes(c, 1024, 100);
	int fds[MANY], refused = 0;
	char text[512];
	shut_gate();
	for (int i = 0; i < MANY; i++)
		fds[i] = ask_for(http_port(s), i % 2 ? 'a' : 'b');
	wait_until_answered(fds, MANY, MANY - UNDER_WORK);
	open_gate();
	for (int i = 0; i < MANY; i++) {
		int status = status_of(fds[i], text, sizeof text);
		refused += status == 503;
		assert_true(status == 200 || status == 503);
		if (status == 503)
			assert_non_null(strstr(text, "Retry-After: "));
		if (status == 503)
			assert_int_equal(strstr(text, "<h1>Busy</h1>") != NULL, i % 2 == 0);
	}
	assert_int_equal(refused, MANY - UNDER_WORK);
	close_lanes(s);
}

static void a_flow_has_a_part_of_the_line_only(void **state)
{
	enum { MANY = 30, PART = 64 / 8, UNDER_WORK = 2 };
	struct ctx *c = *state;
	struct http_server *s = open_lanes(c, 64, 0);
	int fds[MANY + 1], refused = 0;
	char text[512];
	shut_gate();
	for (int i = 0; i < UNDER_WORK; i++)
		fds[i] = ask_for(http_port(s), 'a');
	wait_until_begun(UNDER_WORK);
	for (int i = UNDER_WORK; i < MANY; i++)
		fds[i] = ask_for(http_port(s), 'a');
	wait_until_answered(fds, MANY, MANY - PART - UNDER_WORK);
	fds[MANY] = ask_for(http_port(s), 'b');
	open_gate();
	for (int i = 0; i < MANY; i++)
		refused += status_of(fds[i], text, sizeof text) == 429;
	assert_int_equal(status_of(fds[MANY], text, sizeof text), 200);
	assert_int_equal(refused, MANY - PART - UNDER_WORK);
	close_lanes(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT_TEST(who_closes_it_is_told_when_its_threads_have_ended),
		UNIT_TEST(a_loop_of_one_flow_keeps_nobody_waiting),
		UNIT_TEST(a_lane_and_a_group_have_bounds),
		UNIT_TEST(who_waits_too_long_is_told_to_come_later),
		UNIT_TEST(a_flow_has_a_part_of_the_line_only),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
