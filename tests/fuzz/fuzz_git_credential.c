#include "fuzz/fuzz.h"

#include "model/git_credential.h"

/* Where a secret may go is https, or this machine; and what git is answered, it reads as it was meant. */
static void fuzz_one(struct ctx *c, struct str input)
{
	struct git_credential asked, again;
	struct buf out = {.arena = c->arena};
	struct str origin;
	if (git_credential_read(c, input, &asked)) {
		ASSERT(c->error.kind == ERR_INVALID);
		return;
	}
	ASSERT(str_find(asked.host, '\n') == asked.host.len);
	if (git_credential_origin(c->arena, &asked, &origin)) {
		struct str same;
		ASSERT(origin.len <= ORIGIN_MAX);
		ASSERT(str_starts(origin, STR("https://")) || str_starts(origin, STR("http://")));
		ASSERT(url_origin(c->arena, origin, &same) && str_eq(origin, same));
	}
	const struct git_credential_answer answer = {asked.username, STR("a.b.c"), 1};
	git_credential_write(&out, &asked, &answer);
	ASSERT(git_credential_read(c, buf_view(&out), &again) == OK);
	ASSERT(str_is(again.secret, "a.b.c"));
}
