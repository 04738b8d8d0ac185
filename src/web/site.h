/*
 * The site: everything that is served over HTTP but git itself. main/ makes one and hands it every
 * exchange that is not git's; all threads share it.
 */
#ifndef WEB_SITE_H
#define WEB_SITE_H

#include "core/core.h"
#include "core/login.h"
#include "core/session.h"
#include "net/http.h"
#include "web/lane.h"
#include "web/proxy.h"
#include "web/web.h"

#include <stdatomic.h>

struct live_hub;
struct web_about;

enum secure_cookies { SECURE_AUTO, SECURE_ALWAYS, SECURE_NEVER };

struct web {
	struct core *core;
	atomic_bool draining; /* /readyz says no from then on */
	struct proxies proxies;
	struct lanes *lanes;
	struct live_hub *live; /* web/live.h */
	enum secure_cookies secure;
	uint64_t body_max;
	uint64_t upload_max;    /* of all files that come with a form */
	int redirect_port;      /* of https: who comes without it is sent there; 0: nobody is */
	int64_t request_micros; /* how long a page or a call may take */
	const char *version;
	const struct web_about *about; /* web/about.h; NULL where nothing is served */
	const char *owner;             /* the instance's owner's username */
};

/* From now on /readyz answers 503, so that load balancers send their requests elsewhere. */
void web_drain(struct web *web);

/* Answers the exchange, whatever it is. */
void web_serve(const struct web *web, struct http_exchange *x);

/* Who sent the exchange, by proxies that are trusted: the address as text. */
struct str web_peer(const struct web *web, const struct http_exchange *x);
/* Sends who should have come by https there; false when this exchange may go on. */
bool web_redirect_to_https(const struct web *web, struct http_exchange *x);

/* "https://git.example.org": base_url, or how this client reached us. In the exchange's arena. */
struct str web_origin(const struct web *web, const struct http_exchange *x);

/*
 * Who the Authorization header proves; *given says whether there was one (*who is anonymous
 * without). ERR_UNAUTH when it is wrong, ERR_RATE_LIMITED after too many. git and the API alike
 * come here.
 */
enum err web_authorize(struct ctx *c, const struct web *web, const struct http_exchange *x,
	struct actor *who, bool *given) MUST;
/* Where they gave no credentials: by their certificate, if one was shown and an account works by it. */
enum err web_authorize_client(struct ctx *c, const struct web *web, const struct http_exchange *x,
	struct actor *who) MUST;

/* What to send with a 401. */
#define WEB_CHALLENGE "Basic realm=\"Nimbus Git\", charset=\"UTF-8\""

/* Answers `kind` (the context's error), which the exchange has no reply for yet. For git's paths.
 */
void web_refuse(struct http_exchange *x, enum err kind);

#endif
