/*
 * The cookie of a known browser (core/known_browser.h): as it is, which nobody can make up, and signed as
 * this instance would, where what was signed has to be that account's, with its present password, and not too old.
 */
#include "fuzz/fuzz.h"

#include "base/buf.h"
#include "base/hex.h"
#include "base/hmac.h"
#include "core/instance.h"
#include "core/known_browser.h"
#include "driver/driver.h"

static const struct str key = {"0123456789abcdef0123456789abcdef", 32};

/* An instance with its owner alone. */
static struct core *home(void)
{
	static struct core core;
	static struct arena arena;
	struct instance instance;
	struct ctx c;
	if (core.db)
		return &core;
	arena_init(&arena);
	ctx_init(&c, &arena, os_world());
	ASSERT(db_sqlite_open(&c, ":memory:", &core.db) == OK);
	core.auth[core.auth_count++] = auth_password_open(core.db, NULL);
	ASSERT(instance_start(&c, &core, STR("owner"), STR("correct horse"), &instance) == OK);
	core.nonce_key = key;
	return &core;
}

static struct str id_of(struct ctx *c, struct str text)
{
	struct str id;
	ASSERT(known_browser_check(c, home(), text, STR("owner"), &id) == OK);
	return id;
}

static void check_signed(struct ctx *c, struct str part)
{
	uint8_t digest[HASH_MAX];
	enum { FIELDS = 3 /* whose, of which password, since when */ };
	struct str rest = part;
	uint64_t fields[FIELDS];
	struct buf text = {.arena = c->arena};
	buf_cstr(&text, "device ");
	buf_str(&text, part);
	hmac_sha256(key, buf_view(&text), digest);
	struct str signature = base64url_encode(c->arena, str_from(digest, 32));
	struct str id = id_of(
		c, str_of(arena_fmt(c->arena, "%.*s.%.*s", STR_FMT(part), STR_FMT(signature))));
	if (!id.len)
		return;
	ASSERT(str_eq(id, str_cut(&rest, '.')));
	for (size_t i = 0; i < FIELDS; i++)
		ASSERT(str_to_u64(str_cut(&rest, '.'), &fields[i]));
	uint64_t now = (uint64_t)(c->world->clock() / 1000000);
	ASSERT(fields[0] == 1 && fields[1] == 1 && fields[2] + KNOWN_BROWSER_SECONDS > now);
}

static void fuzz_one(struct ctx *c, struct str input)
{
	ASSERT(!id_of(c, input).len);
	if (str_find(input, 0) == input.len)
		check_signed(c, input);
}
