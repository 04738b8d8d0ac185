#include "unit.h"

#include "net/http.h"

#include <arpa/inet.h>
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

static int ask(int port)
{
	static const char request[] = "GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
	struct sockaddr_in to = {.sin_family = AF_INET,
		.sin_port = htons((uint16_t)port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int fd = socket(AF_INET, SOCK_STREAM, 0);
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
		fds[i] = ask(http_port(s));
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT_TEST(who_closes_it_is_told_when_its_threads_have_ended),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
