/* What the web edge reads from headers and paths. One line each: path, Authorization, X-Forwarded-For. */
#include "fuzz/fuzz.h"

#include "driver/driver.h"
#include "web/router.h"
#include "web/site.h"

static void check_route(struct ctx *c, struct str path)
{
	struct route_match match;
	enum route_answer answer = route_find(c->arena, STR("GET"), path, &match);
	if (answer != ROUTE_FOUND)
		return;
	for (size_t i = 0; i < match.param_count; i++) {
		ASSERT(match.params[i].value.len > 0);
		ASSERT(match.params[i].value.len <= path.len);
		ASSERT(!memchr(match.params[i].value.at, 0, match.params[i].value.len));
	}
}

/* Nobody can be proved where there is no driver, whatever the header says. */
static void check_authorization(struct ctx *c, struct str header)
{
	struct kv *kv = kv_memory_open(1 << 16, c->world);
	struct core core = {.kv = kv, .base_url = ""};
	struct web web = {.core = &core};
	struct http_header headers[] = {{STR("authorization"), header}};
	struct http_exchange x = {
		.ctx = c, .peer = STR("192.0.2.1"), .headers = headers, .header_count = 1};
	struct actor who;
	bool given;
	enum err err = web_authorize(c, &web, &x, &who, &given);
	ASSERT(given == header.len > 0);
	ASSERT(actor_is_anonymous(&who));
	ASSERT((err == OK) == !given);
	kv_close(kv);
}

static void check_forwarded(struct ctx *c, struct str header)
{
	struct proxies all;
	if (proxies_parse(c, STR("10.0.0.0/8,::1"), &all))
		return;
	struct str peer = STR("10.1.2.3");
	struct str client = proxies_client(&all, peer, header);
	/* What is believed is an address: ours or one from the header. */
	ASSERT(client.len > 0 && client.len < 46);
	ASSERT(str_eq(client, peer) || client.at >= header.at);
	struct proxies parsed;
	if (proxies_parse(c, header, &parsed))
		ctx_clear(c);
}

static void fuzz_one(struct ctx *c, struct str input)
{
	struct str rest = input;
	check_route(c, str_cut(&rest, '\n'));
	check_authorization(c, str_cut(&rest, '\n'));
	check_forwarded(c, rest);
	(void)web_is_local_path(input);
}
