/* The pages of second factors and passkeys. As view/page.h. */
#ifndef VIEW_PAGE_FACTOR_H
#define VIEW_PAGE_FACTOR_H

#include "model/factor.h"
#include "model/qr.h"
#include "model/recovery.h"
#include "view/page.h"

/* A form that a passkey fills in, by web/passkey.js; without options it is not shown. */
struct passkey_form {
	struct str options, ceremony; /* core/passkey.h */
	const char *action;           /* a path of ours, safe in an attribute */
	struct str next;
	struct str why; /* there are no passkeys here; empty: there are */
};
void view_passkey_form(struct buf *out, const struct page *p, const struct passkey_form *form);

/* The second factor that is asked for after the password. */
struct page_second {
	struct page page;
	struct str next;
	struct passkey_form passkey;
};
void view_second(struct buf *out, const struct page_second *p);

struct page_factors {
	struct page page;
	struct factors factors;
	struct passkey_form add;
	const struct recovery_code *fresh; /* RECOVERY_CODES of them, shown once; or NULL */
};
void view_factors(struct buf *out, const struct page_factors *p);

/* Setting up an authenticator app. */
struct page_totp {
	struct page page;
	struct qr qr;
	struct str text, sealed;
};
void view_totp(struct buf *out, const struct page_totp *p);

#endif
