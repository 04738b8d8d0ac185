#include "core/made_cache.h"
#include "core/session.h"
#include "web/internal.h"

#include "unit.h"

/* A visitor's request for a page, whose ETag is set already. */
struct visit {
	struct core core;
	struct http_exchange http;
	struct http_header headers[2];
	struct web_request r;
};

static void visit_init(struct ctx *c, struct visit *v, struct made_cache *made)
{
	*v = (struct visit){.core = {.made = made},
		.headers = {
			{STR("accept"), STR("text/html")}, {STR("accept-encoding"), STR("gzip")}}};
	v->http = (struct http_exchange){.ctx = c, .headers = v->headers, .header_count = 2};
	v->r = (struct web_request){.core = &v->core,
		.who = ACTOR_ANONYMOUS,
		.method = STR("GET"),
		.path = STR("/r/tree/main"),
		.query = STR("a=b"),
		.origin = STR("https://git.example.org"),
		.http = &v->http};
	web_header(&v->r, "ETag", STR("\"1\""));
}

static void keep(struct ctx *c, struct web_request *r)
{
	web_header(r, "Content-Encoding", STR("gzip"));
	web_keep_made(c, r, "text/html", STR("packed"));
}

static void set_etag(struct visit *v)
{
	web_header(&v->r, "ETag", STR("\"2\""));
}

static void set_path(struct visit *v)
{
	v->r.path = STR("/r/tree/other");
}

static void set_query(struct visit *v)
{
	v->r.query = STR("a=c");
}

static void set_origin(struct visit *v)
{
	v->r.origin = STR("https://git.example.com");
}

static void set_accept(struct visit *v)
{
	v->headers[0].value = STR("application/x-nimbus-diff");
}

static void set_no_gzip(struct visit *v)
{
	v->headers[1].value = STR("br");
}

static void set_who(struct visit *v)
{
	v->r.who = (struct actor){.user_id = 1, .username = STR("ann")};
}

static void set_session(struct visit *v)
{
	static const struct session session;
	v->r.session = &session;
}

static void set_half(struct visit *v)
{
	v->r.half = true;
}

static void set_probing(struct visit *v)
{
	v->r.probing = true;
}

static void what_was_made_is_for_who_sees_the_same(void **state)
{
	static void (*const others[])(struct visit *) = {set_etag, set_path, set_query, set_origin,
		set_accept, set_no_gzip, set_who, set_session, set_half, set_probing};
	struct ctx *c = *state;
	struct made_cache *made = made_cache_open();
	struct visit v;
	visit_init(c, &v, made);
	assert_false(web_find_made(c, &v.r));
	keep(c, &v.r);
	visit_init(c, &v, made);
	assert_true(web_find_made(c, &v.r));
	assert_str(v.r.made, "text/html\nETag: \"1\"\nContent-Encoding: gzip\n\npacked");
	for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
		visit_init(c, &v, made);
		others[i](&v);
		assert_false(web_find_made(c, &v.r));
		assert_int_equal(v.r.made.len, 0);
	}
	made_cache_close(made);
}

static void what_is_for_one_is_not_kept(void **state)
{
	struct ctx *c = *state;
	struct made_cache *made = made_cache_open();
	struct visit v, again;
	for (int i = 0; i < 3; i++) {
		visit_init(c, &v, made);
		if (i == 0)
			set_who(&v);
		assert_false(web_find_made(c, &v.r));
		if (i == 1)
			web_header(&v.r, "Set-Cookie", STR("a=b"));
		if (i < 2)
			keep(c, &v.r);
		else /* it was not packed */
			web_keep_made(c, &v.r, "text/html", STR("plain"));
		visit_init(c, &again, made);
		assert_false(web_find_made(c, &again.r));
	}
	made_cache_close(made);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT_TEST(what_was_made_is_for_who_sees_the_same),
		UNIT_TEST(what_is_for_one_is_not_kept),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
