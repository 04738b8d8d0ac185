/* What follows "Basic ": what is read can be written again as it came. */
#include "fuzz/fuzz.h"

#include "base/buf.h"
#include "base/hex.h"
#include "model/token.h"
#include "web/credentials.h"

static void fuzz_one(struct ctx *c, struct str input)
{
	struct credential cred;
	enum err kind = credentials_basic(c, input, &cred);
	if (kind) {
		ASSERT(kind == ERR_UNAUTH && c->error.kind == ERR_UNAUTH);
		return;
	}
	ASSERT(!memchr(cred.secret.at, 0, cred.secret.len));
	if (cred.kind == CREDENTIAL_TOKEN) {
		ASSERT(secret_is_key(cred.secret) && !cred.username.len);
		return;
	}
	ASSERT(str_find(cred.username, ':') == cred.username.len);
	struct buf plain = {.arena = c->arena};
	buf_str(&plain, cred.username);
	buf_byte(&plain, ':');
	buf_str(&plain, cred.secret);
	ASSERT(str_eq(base64_encode(c->arena, buf_view(&plain)), str_trim(input)));
}
