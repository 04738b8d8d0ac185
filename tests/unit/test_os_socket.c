#include "unit.h"

#include "base/buf.h"
#include "os/file.h"
#include "os/socket.h"

#include <errno.h>
#include <poll.h>
#include <sys/socket.h>

static int dial(uint16_t port)
{
	struct sockaddr_in to = {.sin_family = AF_INET,
		.sin_port = htons(port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(connect(fd, (struct sockaddr *)&to, sizeof to), 0);
	return fd;
}

static void a_connection_is_accepted_with_its_address(void **state)
{
	struct ctx *c = *state;
	int made;
	assert_ok(c, socket_listen(c, STR("127.0.0.1:0"), &made));
	FD listener = made;
	assert_int_not_equal(socket_port(listener), 0);
	struct socket_peer peer;
	assert_int_equal(socket_accept(listener, &peer), -1);
	assert_int_equal(errno, EAGAIN);
	FD client = dial(socket_port(listener));
	assert_true(socket_wait(listener, POLLIN, 1000000) & POLLIN);
	FD server = socket_accept(listener, &peer);
	assert_true(server >= 0);
	assert_int_equal(peer.port, socket_port(client));
	char text[SOCKET_TEXT_MAX];
	assert_int_equal(socket_peer_text(&peer, text), 9);
	assert_string_equal(text, "127.0.0.1");

	assert_int_equal(socket_wait(server, POLLIN, 1000), 0);
	assert_int_equal(write(client, "x", 1), 1);
	assert_true(socket_wait(server, POLLIN, 1000000) & POLLIN);
	socket_finish(server);
	char byte;
	assert_int_equal(read(client, &byte, 1), 0);
}

static void a_reset_is_an_error_to_the_peer(void **state)
{
	struct ctx *c = *state;
	int made;
	assert_ok(c, socket_listen(c, STR("localhost:0"), &made));
	FD listener = made;
	FD client = dial(socket_port(listener));
	struct socket_peer peer;
	assert_true(socket_wait(listener, POLLIN, 1000000) & POLLIN);
	socket_reset(socket_accept(listener, &peer));
	char byte;
	assert_int_equal(read(client, &byte, 1), -1);
	assert_int_equal(errno, ECONNRESET);
}

static void a_bad_address_is_named(void **state)
{
	struct ctx *c = *state;
	int fd;
	const char *bad[] = {"", "8080", "127.0.0.1", "127.0.0.1:", "127.0.0.1:x",
		"127.0.0.1:65536", "127.0.0.1:-1", "[::1:80"};
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
		assert_err(c, socket_listen(c, str_of(bad[i]), &fd), ERR_INVALID);
}

static void a_taken_address_is_unavailable(void **state)
{
	struct ctx *c = *state;
	int made, fd;
	assert_ok(c, socket_listen(c, STR("127.0.0.1:0"), &made));
	FD listener = made;
	const char *same = arena_fmt(c->arena, "127.0.0.1:%d", socket_port(listener));
	assert_err(c, socket_listen(c, str_of(same), &fd), ERR_UNAVAILABLE);
	assert_err(c, socket_listen(c, STR("192.0.2.1:1"), &fd), ERR_UNAVAILABLE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT_TEST(a_connection_is_accepted_with_its_address),
		UNIT_TEST(a_reset_is_an_error_to_the_peer),
		UNIT_TEST(a_bad_address_is_named),
		UNIT_TEST(a_taken_address_is_unavailable),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
