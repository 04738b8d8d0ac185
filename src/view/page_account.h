/* The pages of accounts: signing in, one's own account, and the people of the instance. As view/page.h. */
#ifndef VIEW_PAGE_ACCOUNT_H
#define VIEW_PAGE_ACCOUNT_H

#include "model/device.h"
#include "model/identity.h"
#include "model/invitation.h"
#include "view/page.h"
#include "view/page_factor.h"

/* A provider to sign in with. */
struct sign_in_provider {
	const char *name, *label; /* "corp", "Example Corp" */
};

struct sign_in_providers {
	const struct sign_in_provider *list;
	size_t count;
};

/* The buttons that begin it. `next`: where to go then; `invitation`: what to accept by it, or empty. */
void view_sign_in_with(struct buf *out, const struct page *page,
	const struct sign_in_providers *providers, struct str next, struct str invitation);
void view_prove_with(struct buf *out, const struct page *page,
	const struct sign_in_providers *providers, struct str next);

struct page_sign_in {
	struct page page;
	struct str name, next;
	struct passkey_form passkey;
	struct sign_in_providers providers;
	bool passwords_owner_only;
};
void view_sign_in(struct buf *out, const struct page_sign_in *p);

/* What a good password is; the input says aria-describedby="password-help". */
void view_password_help(struct buf *out);

/* Choosing a password by a link that was sent. */
struct page_reset {
	struct page page;
	struct str name, secret;
};
void view_reset(struct buf *out, const struct page_reset *p);

struct page_invitation {
	struct page page;
	const struct invitation *invitation;
	struct str name, secret; /* name: what they typed */
	struct sign_in_providers providers;
	bool passwords_owner_only;
};
void view_invitation(struct buf *out, const struct page_invitation *p);

/* Proving again who one is. */
struct page_prove {
	struct page page;
	struct str next;
	bool has_password, has_factor;
	struct passkey_form passkey;
	struct sign_in_providers providers; /* that they are connected with */
};
void view_prove(struct buf *out, const struct page_prove *p);

/* On the way to a provider. */
struct page_away {
	struct page page;
	const char *label;
	struct str url; /* safe in an attribute */
};
void view_away(struct buf *out, const struct page_away *p);

enum account_tab { ACCOUNT_KEYS, ACCOUNT_IDENTITIES, ACCOUNT_FACTORS, ACCOUNT_SESSIONS };
/* The links between the pages of one's account. */
void view_account_tabs(struct buf *out, enum account_tab here);

struct page_account {
	struct page page;
	const struct token *tokens;
	size_t count;
	struct str fresh; /* the secret of a token just made: shown once */
	const struct signing_key *keys;
	size_t key_count;
	const struct device *devices;
	size_t device_count;
	const char *instance; /* its id, for whoever mints */
	bool has_password, passwords_owner_only;
};
void view_account(struct buf *out, const struct page_account *p);
/* Of it, the parts about tokens and about keys that mint some. */
void view_tokens(struct buf *out, const struct page_account *p);
void view_signing_keys(struct buf *out, const struct page_account *p);
void view_devices(struct buf *out, const struct page_account *p);

/* What a key is limited to; spent: of the bytes. */
void view_limits(struct buf *out, const struct scope *scope, int64_t spent);

/* A device that asks to be signed in, by a code or (redirect) by a browser that it opened. */
struct page_device {
	struct page page;
	struct str code;                      /* as it was typed */
	const struct device_request *request; /* NULL: nothing asks by it */
	int64_t days;                         /* that it stays signed in while nobody uses it */
	bool redirect;
	struct str state, challenge; /* of such a one, as they came */
};
void view_device(struct buf *out, const struct page_device *p);

/* A browser in which somebody is signed in. */
struct signed_in {
	struct str id;
	const char *browser; /* "Firefox on Linux" */
	struct str address;
	int64_t started, seen;
	bool here; /* it is this one */
};

struct page_sessions {
	struct page page;
	const struct signed_in *sessions;
	size_t count;
};
void view_sessions(struct buf *out, const struct page_sessions *p);

struct shown_identity {
	const struct identity *identity;
	const char *label; /* of its provider; NULL: that is there no more */
};

/* Somebody's ways to sign in: one's own, or for the owner another's. */
struct page_identities {
	struct page page;
	struct str username;
	bool own, has_password, password_counts;
	const struct shown_identity *identities;
	size_t count;
	struct sign_in_providers providers; /* to connect with */
};
void view_identities(struct buf *out, const struct page_identities *p);

struct page_collaborators {
	struct page page;
	const struct user *users;
	size_t count;
	const struct grant *grants;
	size_t grant_count;
	struct str fresh_name,
		fresh_link; /* somebody just added, and their sign-in link: shown once */
	const struct invitation *invitations;
	size_t invitation_count;
	struct str fresh_invitation; /* the link of one just made: shown once */
	bool fresh_reset;            /* it is one on which they choose a new password */
	bool factor_required;        /* everybody must have a second factor */
	bool passwords_owner_only;   /* nobody else is given one */
};
void view_collaborators(struct buf *out, const struct page_collaborators *p);

#endif
