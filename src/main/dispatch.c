#include "main/dispatch.h"

#include "core/audit.h"
#include "core/watch.h"
#include "main/role.h"
#include "main/worker.h"
#include "wire/smart_http.h"

static enum err serve_git(const struct web *web, struct actor *who, struct http_exchange *x)
{
	bool given = false;
	*who = ACTOR_ANONYMOUS;
	TRY(lane_enter(x->ctx, web, x));
	TRY(web_authorize(x->ctx, web, x, who, &given));
	if (!given)
		TRY(web_authorize_client(x->ctx, web, x, who));
	TRY(lane_admit(x->ctx, web, x, who, NULL));
	if (!actor_is_anonymous(who))
		x->who = str_dup(x->ctx->arena, who->username);
	TRY(smart_http_serve(web->core, who, web_origin(web, x), x));
	if (str_ends(x->path, STR("/git-receive-pack")))
		worker_poke();
	return OK;
}

/* Whoever put this process behind that address is to know; there is nothing to hide. */
static enum err refuse_role(struct http_exchange *x, unsigned has, unsigned wants)
{
	return fail(x->ctx, ERR_NOT_FOUND,
		"this process serves --role=%s only; what was asked for is served by --role=%s",
		roles_print(x->ctx, has), roles_print(x->ctx, wants));
}

void dispatch(void *arg, struct http_exchange *x)
{
	const struct dispatcher *d = arg;
	const struct web *web = &d->web;
	bool is_git = smart_http_is_git(x);
	unsigned wanted = roles_for(x->path, is_git);
	if (web_redirect_to_https(web, x)) {
		/* Answered. */
	} else if (!(wanted & d->roles)) {
		web_refuse(x, refuse_role(x, d->roles, wanted));
	} else if (!is_git) {
		web_serve(web, x);
	} else {
		struct actor who;
		enum err err = serve_git(web, &who, x);
		audit_error(x->ctx, web->core, &who, x->method, x->path);
		if (err && !x->status)
			web_refuse(x, err);
	}
	watch_tell(x->ctx, web->core);
	/* For the log: who is behind our proxies. */
	x->peer = web_peer(web, x);
}
