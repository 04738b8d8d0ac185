#include "fuzz/fuzz.h"

#include "model/webhook.h"

/* What is let through names one host, as whoever reads it does, and nothing that ends a header line. */
static void check_url(struct ctx *c, struct str url)
{
	if (webhook_url_check(c, url)) {
		ctx_clear(c);
		return;
	}
	struct str host = webhook_url_host(url), shown = webhook_url_shown(url);
	ASSERT(url.len <= WEBHOOK_URL_MAX && host.len && shown.len <= url.len);
	ASSERT(str_find(shown, '?') == shown.len);
	for (size_t i = 0; i < url.len; i++)
		ASSERT(url.at[i] > ' ' && url.at[i] < 0x7f && url.at[i] != '\\');
	for (size_t i = 0; i < host.len; i++)
		ASSERT(!memchr("@/?#%[]", host.at[i], 7));
}

static void fuzz_one(struct ctx *c, struct str input)
{
	struct str events, again;
	struct json *json;
	check_url(c, input);
	struct str said = webhook_said(c->arena, input);
	ASSERT(said.len <= WEBHOOK_SAID_MAX && str_is_utf8(said));
	for (size_t i = 0; i < said.len; i++)
		ASSERT((uint8_t)said.at[i] >= ' ' && said.at[i] != 0x7f);
	if (webhook_events_parse(c, input, &events) == OK) {
		ASSERT(events.len <= input.len);
		ASSERT(webhook_events_parse(c, events, &again) == OK && str_eq(events, again));
	}
	ctx_clear(c);
	if (json_parse(c, input, &json) == OK && webhook_events_from_json(c, json, &events) == OK)
		ASSERT(webhook_events_parse(c, events, &again) == OK && str_eq(events, again));
}
