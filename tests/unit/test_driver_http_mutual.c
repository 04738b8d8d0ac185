/* Both ends of a call show a certificate: the other one is openssl's own server. */
#include "unit.h"

#include "base/buf.h"
#include "driver/http_call.h"
#include "os/file.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

static char folder[] = "/tmp/nimbus-mutual-XXXXXX";

#define KEY "-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2"

static int make_authority(void **state)
{
	(void)state;
	assert_non_null(mkdtemp(folder));
	assert_int_equal(chdir(folder), 0);
	return system(
		"exec 2>/dev/null; openssl req -x509 " KEY
		" -subj /CN=Root -keyout ca.key -out ca.pem &&"
		"openssl req -x509 " KEY " -subj /CN=s -CA ca.pem -CAkey ca.key -set_serial 0x5EED"
		" -addext subjectAltName=DNS:localhost,URI:spiffe://x/role/auth"
		" -addext basicConstraints=CA:FALSE -keyout s.key -out s.pem &&"
		"openssl req -x509 " KEY " -subj /CN=c -CA ca.pem -CAkey ca.key"
		" -addext subjectAltName=DNS:me -addext basicConstraints=CA:FALSE"
		" -keyout c.key -out c.pem");
}

static int remove_authority(void **state)
{
	(void)state;
	assert_int_equal(chdir("/"), 0);
	char command[64];
	fmt_into(command, sizeof command, "rm -r %s", folder);
	return system(command);
}

struct service {
	pid_t pid;
	const char *url;
};

/* It wants a certificate of ca.pem. */
static struct service service_start(struct ctx *c)
{
	int out[2], port = 0;
	assert_int_equal(pipe(out), 0);
	struct service s = {.pid = fork()};
	if (!s.pid) {
		dup2(out[1], STDOUT_FILENO);
		close(out[0]);
		execlp("openssl", "openssl", "s_server", "-accept", "127.0.0.1:0", "-cert", "s.pem",
			"-key", "s.key", "-CAfile", "ca.pem", "-Verify", "1",
			"-verify_return_error", "-www", (char *)NULL);
		_exit(127);
	}
	close(out[1]);
	FILE *lines = fdopen(out[0], "re");
	char line[256];
	while (!port && fgets(line, sizeof line, lines))
		if (sscanf(line, "ACCEPT 127.0.0.1:%d", &port) != 1)
			port = 0;
	assert_int_not_equal(port, 0);
	fclose(lines);
	s.url = arena_fmt(c->arena, "https://localhost:%d/", port);
	return s;
}

static void service_stop(struct service *s)
{
	kill(s->pid, SIGKILL);
	waitpid(s->pid, NULL, 0);
}

static const struct http_client_options mutual = {
	.service = "the oracle", .ca = "ca.pem", .cert = "c.pem", .key = "c.key"};

static enum err ask(
	struct ctx *c, const struct http_client_options *options, struct http_answer *out)
{
	struct service s = service_start(c);
	const struct http_call call = {.method = "GET", .url = s.url, .timeout_ms = 20000};
	struct http_client *h;
	assert_ok(c, http_client_open(c, options, &h));
	enum err kind = http_call(c, h, &call, out);
	http_client_close(h);
	service_stop(&s);
	return kind;
}

static void list_revoked(struct ctx *c, const char *text)
{
	assert_ok(c, file_write(c, "revoked", str_of(text), 0600));
}

static void both_show_theirs(void **state)
{
	struct ctx *c = *state;
	struct http_client_options options = mutual;
	struct http_answer answer;
	list_revoked(c, "# nobody\n1\n");
	assert_ok(c, ask(c, &options, &answer));
	assert_int_equal(answer.status, 200);
	options.names = "dns:other, uri:spiffe://x/role/*";
	options.revoked = "revoked";
	assert_ok(c, ask(c, &options, &answer));
	assert_int_equal(answer.status, 200);
}

static void without_ours_there_is_no_answer(void **state)
{
	struct ctx *c = *state;
	struct http_client_options options = mutual;
	struct http_answer answer;
	options.cert = options.key = NULL;
	assert_err(c, ask(c, &options, &answer), ERR_UNAVAILABLE);
}

static void a_service_by_another_name_is_not_trusted(void **state)
{
	struct ctx *c = *state;
	struct http_client_options options = mutual;
	struct http_answer answer;
	options.names = "uri:spiffe://x/role/git";
	assert_err(c, ask(c, &options, &answer), ERR_UNAVAILABLE);
	ctx_clear(c);
	assert_int_equal(ask(c, &options, &answer), ERR_UNAVAILABLE);
	assert_non_null(strstr(c->error.text, "not trusted"));
	ctx_clear(c);
}

static void a_revoked_service_is_not_trusted(void **state)
{
	struct ctx *c = *state;
	struct http_client_options options = mutual;
	struct http_answer answer;
	list_revoked(c, "5e:ed\n");
	options.revoked = "revoked";
	assert_int_equal(ask(c, &options, &answer), ERR_UNAVAILABLE);
	assert_non_null(strstr(c->error.text, "revoked"));
	ctx_clear(c);
}

static void a_list_that_has_gone_means_nobody(void **state)
{
	struct ctx *c = *state;
	struct http_client_options options = mutual;
	struct http_client *h;
	struct http_answer answer;
	struct service s = service_start(c);
	const struct http_call call = {.method = "GET", .url = s.url, .timeout_ms = 20000};
	list_revoked(c, "1\n");
	options.revoked = "revoked";
	assert_ok(c, http_client_open(c, &options, &h));
	assert_int_equal(unlink("revoked"), 0);
	assert_err(c, http_call(c, h, &call, &answer), ERR_UNAVAILABLE);
	http_client_close(h);
	service_stop(&s);
}

static void what_makes_no_sense_is_told_at_once(void **state)
{
	struct ctx *c = *state;
	struct http_client *h;
	struct http_client_options options = mutual;
	options.key = "";
	assert_err(c, http_client_open(c, &options, &h), ERR_INVALID);
	options = mutual;
	options.cert = "nowhere.pem";
	assert_err(c, http_client_open(c, &options, &h), ERR_INVALID);
	options = mutual;
	options.names = "auth";
	assert_err(c, http_client_open(c, &options, &h), ERR_INVALID);
	options = mutual;
	options.revoked = "ca.pem";
	assert_err(c, http_client_open(c, &options, &h), ERR_INVALID);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT_TEST(both_show_theirs),
		UNIT_TEST(without_ours_there_is_no_answer),
		UNIT_TEST(a_service_by_another_name_is_not_trusted),
		UNIT_TEST(a_revoked_service_is_not_trusted),
		UNIT_TEST(a_list_that_has_gone_means_nobody),
		UNIT_TEST(what_makes_no_sense_is_told_at_once),
	};
	return cmocka_run_group_tests(tests, make_authority, remove_authority);
}
