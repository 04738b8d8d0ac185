/* driver/auth_kubernetes.c, driver/policy_kubernetes.c and driver/kube_api.c: what they make of answers. */
#include "core_house.h"
#include "http_peer.h"

#include "driver/kubernetes.h"

#include <stdlib.h>

/* The header says RS256; sub is system:serviceaccount:ci:runner, exp in the year 2100. Signed by nobody. */
#define TOKEN                                                                             \
	"eyJhbGciOiJSUzI1NiJ9."                                                           \
	"eyJzdWIiOiJzeXN0ZW06c2VydmljZWFjY291bnQ6Y2k6cnVubmVyIiwiZXhwIjo0MTAyNDQ0ODAwfQ." \
	"AAAA"

struct cluster {
	const char *says;
	int status, asked;
	char body[4000], path[200], authorization[100];
};

static void answer(void *arg, const struct peer_request *request, struct buf *out)
{
	struct cluster *k = arg;
	k->asked++;
	fmt_into(k->body, sizeof k->body, "%.*s", STR_FMT(request->body));
	fmt_into(k->path, sizeof k->path, "%.*s", STR_FMT(request->path));
	fmt_into(k->authorization, sizeof k->authorization, "%.*s",
		STR_FMT(peer_header(request, "authorization")));
	peer_say(out, k->status ? k->status : 201, k->says);
}

static struct kubernetes_options options_for(const char *url)
{
	static char file[] = "/tmp/nimbus-test-kube-XXXXXX";
	if (str_ends(str_of(file), STR("XXXXXX"))) {
		int fd = mkstemp(file);
		assert_true(fd >= 0);
		assert_int_equal(write(fd, " ours\n", 6), 6);
		close(fd);
	}
	return (struct kubernetes_options){.api = url,
		.host = "",
		.port = "",
		.ca = "",
		.token_file = file,
		.audiences = "nimbus, git",
		.accounts = "prod:*=other, group:team-?=anna, ci:run*=anna",
		.namespace = "",
		.timeout = 20000,
		.cache = 60000};
}

static enum err try(struct ctx *c, struct auth *a, const char *secret, struct actor *who)
{
	const struct credential cred = {CREDENTIAL_TOKEN, {0}, str_of(secret)};
	return auth_authenticate(c, a, &cred, who);
}

#define KNOWN(audience, username)                                          \
	"{\"status\": {\"authenticated\": true, \"audiences\": [" audience \
	"], \"user\": {\"username\": \"" username "\", \"groups\": [\"a\", \"b\"]}}}"
#define RUNNER "system:serviceaccount:ci:runner"

static void a_known_token_is_somebody_for_a_while(void **state)
{
	struct ctx *c = *state;
	struct actor anna = house_person(c, "anna"), who;
	struct cluster k = {.says = KNOWN("\"git\"", RUNNER)};
	struct http_peer *peer = peer_start(c, answer, &k);
	const struct kubernetes_options options = options_for(peer->url);
	struct auth *a;
	assert_ok(c, auth_kubernetes_open(c, &options, core_of(c)->db, &a));
	for (int i = 0; i < 2; i++) {
		assert_ok(c, try(c, a, TOKEN, &who));
		assert_int_equal(who.user_id, anna.user_id);
		assert_str(who.subject, RUNNER);
		assert_str(who.groups, "a\nb\n");
		assert_str(who.via, "kubernetes");
		assert_true(actor_has_key(&who));
		assert_true(scope_has_operation(who.scope, OPERATION_REPOSITORY_PUSH));
		assert_false(scope_has_operation(who.scope, OPERATION_ACCOUNT_CHANGE));
	}
	assert_int_equal(k.asked, 1);
	assert_string_equal(k.path, "/apis/authentication.k8s.io/v1/tokenreviews");
	assert_string_equal(k.authorization, "Bearer ours");
	assert_non_null(strstr(k.body, "\"audiences\":[\"nimbus\",\"git\"]"));
	house_moved += 60000000;
	k.says = "{\"status\": {\"authenticated\": false}}";
	for (int i = 0; i < 2; i++)
		assert_err(c, try(c, a, TOKEN, &who), ERR_UNAUTH);
	assert_int_equal(k.asked, 2);
	auth_close(a);
	peer_stop(peer);
}

static void only_what_says_that_it_is_one_is_shown_to_the_cluster(void **state)
{
	struct ctx *c = *state;
	struct cluster k = {.says = "{}"};
	struct http_peer *peer = peer_start(c, answer, &k);
	const struct kubernetes_options options = options_for(peer->url);
	static const char *const others[] = {"", "hush", "nbs_abc", "eyJ", "eyJhbGciOiJSUzI1NiJ9..",
		/* sub is anna */
		"eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJhbm5hIn0.AAAA"};
	struct actor who;
	struct auth *a;
	struct str stored;
	assert_ok(c, auth_kubernetes_open(c, &options, core_of(c)->db, &a));
	for (size_t i = 0; i < sizeof others / sizeof *others; i++)
		assert_err(c, try(c, a, others[i], &who), ERR_UNSUPPORTED);
	assert_err(c, auth_enrol(c, a, STR("x"), &stored), ERR_UNSUPPORTED);
	assert_int_equal(k.asked, 0);
	auth_close(a);
	peer_stop(peer);
}

static void what_is_no_yes_is_a_no_or_no_answer(void **state)
{
	struct ctx *c = *state;
	static const struct {
		int status;
		const char *says;
		enum err kind;
	} all[] = {
		{201, "{\"status\": {}}", ERR_UNAUTH},
		{201, "{\"status\": {\"authenticated\": \"true\"}}", ERR_UNAUTH},
		{201, "{\"status\": {\"authenticated\": true}}", ERR_UNAUTH},
		{201, KNOWN("", RUNNER), ERR_UNAUTH},
		{201, KNOWN("\"https://kubernetes.default.svc\"", RUNNER), ERR_UNAUTH},
		{201, KNOWN("\"nimbus\"", "system:serviceaccount:ci:other"), ERR_UNAUTH},
		{201, KNOWN("\"nimbus\"", "system:serviceaccount:prod:runner"), ERR_UNAUTH},
		{201, "{}", ERR_UNAVAILABLE},
		{201, "{\"status\": true}", ERR_UNAVAILABLE},
		{200, "nonsense", ERR_UNAVAILABLE},
		{401, KNOWN("\"nimbus\"", RUNNER), ERR_UNAVAILABLE},
		{403, KNOWN("\"nimbus\"", RUNNER), ERR_UNAVAILABLE},
		{500, KNOWN("\"nimbus\"", RUNNER), ERR_UNAVAILABLE},
	};
	struct cluster k = {0};
	struct http_peer *peer = peer_start(c, answer, &k);
	struct kubernetes_options options = options_for(peer->url);
	struct actor who;
	struct auth *a;
	house_person(c, "anna");
	options.cache = 0;
	assert_ok(c, auth_kubernetes_open(c, &options, core_of(c)->db, &a));
	for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
		k.status = all[i].status;
		k.says = all[i].says;
		assert_err(c, try(c, a, TOKEN, &who), all[i].kind);
		assert_null(strstr(c->error.text, "eyJ"));
	}
	auth_close(a);
	peer_stop(peer);
}

static void the_owner_and_who_has_ended_are_nobodys_machine(void **state)
{
	struct ctx *c = *state;
	struct cluster k = {.says = KNOWN("\"nimbus\"", RUNNER)};
	struct http_peer *peer = peer_start(c, answer, &k);
	struct kubernetes_options options = options_for(peer->url);
	struct actor who;
	struct auth *a;
	options.accounts = "ci:*=owner";
	assert_ok(c, auth_kubernetes_open(c, &options, core_of(c)->db, &a));
	assert_err(c, try(c, a, TOKEN, &who), ERR_UNAUTH);
	auth_close(a);
	options.accounts = "ci:*=nobody";
	assert_ok(c, auth_kubernetes_open(c, &options, core_of(c)->db, &a));
	assert_err(c, try(c, a, TOKEN, &who), ERR_UNAUTH);
	auth_close(a);
	peer_stop(peer);
}

static const struct actor machine = {.user_id = 3,
	.username = {"robot", 5},
	.limit = PERMISSION_ADMIN,
	.via = {"kubernetes", 10},
	.subject = {RUNNER, sizeof RUNNER - 1}};

static enum err access_of(struct ctx *c, struct policy *p, const struct actor *who,
	enum operation operation, struct policy_answer *out)
{
	const struct repo repo = {.id = 1, .name = STR("site")};
	const struct policy_question q = {
		.who = who, .operation = operation, .repo = &repo, .granted = PERMISSION_ADMIN};
	return policy_decide(c, p, &q, 1, out);
}

static void the_clusters_rules_take_the_place_of_grants(void **state)
{
	struct ctx *c = *state;
	struct cluster k = {.says = "{\"status\": {\"allowed\": true}}"};
	struct http_peer *peer = peer_start(c, answer, &k);
	struct kubernetes_options options = options_for(peer->url);
	struct actor person = {.user_id = 4, .limit = PERMISSION_ADMIN};
	struct policy_answer got;
	struct policy *p;
	options.cache = 0;
	options.namespace = "git";
	assert_ok(c, policy_kubernetes_open(c, &options, policy_builtin_open(), &p));
	assert_true(p->far);
	assert_ok(c, access_of(c, p, &person, OPERATION_REPOSITORY_DELETE, &got));
	assert_true(got.allowed);
	/* Nor does the cluster know what has a certificate, whatever that calls it. */
	struct actor other = machine;
	other.via = STR("certificate");
	assert_ok(c, access_of(c, p, &other, OPERATION_REPOSITORY_PUSH, &got));
	assert_true(got.allowed);
	assert_int_equal(k.asked, 0);
	assert_ok(c, access_of(c, p, &machine, OPERATION_REPOSITORY_PUSH, &got));
	assert_true(got.allowed);
	assert_int_equal(k.asked, 2);
	assert_string_equal(k.path, "/apis/authorization.k8s.io/v1/subjectaccessreviews");
	assert_non_null(
		strstr(k.body, "\"verb\":\"push\",\"namespace\":\"git\",\"name\":\"site\""));
	assert_non_null(strstr(k.body, "\"user\":\"" RUNNER "\""));
	k.says = "{\"status\": {\"allowed\": false}}";
	assert_ok(c, access_of(c, p, &machine, OPERATION_REPOSITORY_READ, &got));
	assert_false(got.allowed);
	assert_int_equal(got.level, PERMISSION_NONE);
	static const char *const wrong[] = {
		"{}", "{\"status\": {}}", "{\"status\": {\"allowed\": \"yes\"}}", "nonsense"};
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
		k.says = wrong[i];
		assert_err(c, access_of(c, p, &machine, OPERATION_REPOSITORY_READ, &got),
			ERR_UNAVAILABLE);
	}
	policy_close(p);
	peer_stop(peer);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		HOUSE_TEST(a_known_token_is_somebody_for_a_while),
		HOUSE_TEST(only_what_says_that_it_is_one_is_shown_to_the_cluster),
		HOUSE_TEST(what_is_no_yes_is_a_no_or_no_answer),
		HOUSE_TEST(the_owner_and_who_has_ended_are_nobodys_machine),
		HOUSE_TEST(the_clusters_rules_take_the_place_of_grants),
	};
	int failed = cmocka_run_group_tests_name("driver/kubernetes", tests, NULL, NULL);
	unlink(options_for("").token_file);
	return failed;
}
