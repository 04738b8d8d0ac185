#include "main/dispatch.h"

#include "core/audit.h"
#include "main/worker.h"
#include "wire/smart_http.h"

static enum err serve_git(const struct web *web, struct actor *who, struct http_exchange *x)
{
	bool given = false;
	*who = ACTOR_ANONYMOUS;
	TRY(lane_enter(x->ctx, web, x));
	TRY(web_authorize(x->ctx, web, x, who, &given));
	TRY(lane_admit(x->ctx, web, x, who, NULL));
	if (!actor_is_anonymous(who))
		x->who = str_dup(x->ctx->arena, who->username);
	TRY(smart_http_serve(web->core, who, web_origin(web, x), x));
	if (str_ends(x->path, STR("/git-receive-pack")))
		worker_poke();
	return OK;
}

void dispatch(void *arg, struct http_exchange *x)
{
	const struct web *web = arg;
	if (web_redirect_to_https(web, x)) {
		/* Answered. */
	} else if (!smart_http_is_git(x)) {
		web_serve(web, x);
	} else {
		struct actor who;
		enum err err = serve_git(web, &who, x);
		audit_error(x->ctx, web->core, &who, x->method, x->path);
		if (err && !x->status)
			web_refuse(x, err);
	}
	/* For the log: who is behind our proxies. */
	x->peer = web_peer(web, x);
}
