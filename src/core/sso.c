#include "core/sso.h"

#include "base/address.h"
#include "base/hex.h"
#include "base/uri.h"
#include "core/audit.h"
#include "core/grant.h"
#include "core/identity.h"
#include "core/invitation.h"
#include "core/permit.h"
#include "core/record.h"
#include "core/secret.h"
#include "meta/identity.h"
#include "meta/user.h"

enum {
	BEGIN_SECONDS = 60, /* within this … */
	BEGIN_MAX = 60,     /* … one address begins so many: each takes room in the kv */
	ANEW_SECONDS = 300, /* how old a proof made anew may be when the browser comes back */
	NAMES_MAX = 100,    /* "ada", "ada-2" … "ada-100" */
};

/* What is kept between the two halves. */
struct flow {
	struct provider_flow provider;
	enum sso_purpose purpose;
	int64_t user_id; /* who was signed in; 0: nobody */
	/* name: the provider's; browser: its hash; invitation: its digest, in base64url */
	struct str name, browser, next, invitation;
};

static struct str key_of(struct ctx *c, struct str state)
{
	char hash[65];
	secret_hash("sso state", state, hash);
	return str_of(arena_fmt(c->arena, "sso/%s", hash));
}

static struct str hash_of(struct ctx *c, struct str browser)
{
	char hash[65];
	secret_hash("sso browser", browser, hash);
	return str_copy(c->arena, str_from(hash, 64));
}

static enum err put_flow(struct ctx *c, struct core *core, const struct flow *flow)
{
	const char *text = arena_fmt(c->arena, "%d %lld %.*s %.*s %.*s %.*s %.*s %.*s %.*s",
		flow->purpose, (long long)flow->user_id, STR_FMT(flow->name),
		STR_FMT(flow->browser), STR_FMT(flow->provider.nonce),
		STR_FMT(flow->provider.verifier), STR_FMT(flow->provider.redirect),
		STR_FMT(flow->invitation), STR_FMT(flow->next));
	return kv_put(c, core->kv, key_of(c, flow->provider.state), str_of(text), SSO_SECONDS);
}

static bool read_flow(struct str text, struct str state, struct flow *out)
{
	uint64_t purpose, user_id;
	*out = (struct flow){.provider.state = state};
	bool ok = str_to_u64(str_cut(&text, ' '), &purpose) && purpose <= SSO_INVITED;
	ok = str_to_u64(str_cut(&text, ' '), &user_id) && user_id <= INT64_MAX && ok;
	out->purpose = ok ? (enum sso_purpose)purpose : SSO_SIGN_IN;
	out->user_id = ok ? (int64_t)user_id : 0;
	out->name = str_cut(&text, ' ');
	out->browser = str_cut(&text, ' ');
	out->provider.nonce = str_cut(&text, ' ');
	out->provider.verifier = str_cut(&text, ' ');
	out->provider.redirect = str_cut(&text, ' ');
	out->invitation = str_cut(&text, ' ');
	out->next = text;
	return ok && out->provider.verifier.len;
}

/* To who waits it is all one why a provider gives no answer. */
static enum err as_unavailable(struct ctx *c, enum err kind)
{
	if (kind != ERR_TIMEOUT)
		return kind;
	c->error.kind = ERR_UNAVAILABLE;
	return ERR_UNAVAILABLE;
}

/* One word each: what comes from a browser is put together with others in the kv. */
static bool is_one_word(struct str text, size_t max)
{
	for (size_t i = 0; i < text.len; i++)
		if ((unsigned char)text.at[i] <= ' ' || text.at[i] == 0x7f)
			return false;
	return text.len && text.len <= max;
}

static enum err check_person(struct ctx *c, const struct actor *who)
{
	if (actor_is_anonymous(who))
		return fail(c, ERR_UNAUTH, "sign in first");
	if (actor_has_key(who))
		return fail(c, ERR_DENIED,
			"a key cannot connect an account, or prove a person: sign in with a "
			"browser");
	return OK;
}

static enum err check_begin(
	struct ctx *c, struct core *core, const struct actor *who, const struct sso_begin *what)
{
	int64_t count;
	struct invitation invitation;
	char text[ADDRESS_GROUP_MAX];
	const char *key =
		arena_fmt(c->arena, "sso-begin/%.*s", STR_FMT(address_group(what->peer, text)));
	bool signed_in = what->purpose == SSO_CONNECT || what->purpose == SSO_PROVE;
	if (signed_in)
		TRY(check_person(c, who));
	if (!is_one_word(what->next, SSO_NEXT_MAX) || !is_one_word(what->browser, SSO_BROWSER_MAX))
		return fail(c, ERR_INVALID, "where to go after signing in is no short path");
	TRY(kv_count(c, core->kv, str_of(key), BEGIN_SECONDS, &count));
	if (what->peer.len && count > BEGIN_MAX)
		return fail(c, ERR_RATE_LIMITED,
			"too many sign-ins were begun from your address: wait a minute");
	return what->purpose == SSO_INVITED
		       ? invitation_look(c, core, what->invitation, &invitation)
		       : OK;
}

enum err sso_begin(struct ctx *c, struct core *core, const struct actor *who,
	const struct sso_begin *what, struct str *url)
{
	struct provider *p;
	TRY(identity_provider(c, core, what->provider, &p));
	TRY(check_begin(c, core, who, what));
	struct flow flow = {
		.provider = {.state = secret_make(c),
			.nonce = secret_make(c),
			.verifier = secret_make(c),
			.redirect = what->redirect,
			.anew = what->purpose == SSO_CONNECT || what->purpose == SSO_PROVE},
		.purpose = what->purpose,
		.user_id = who->user_id,
		.name = what->provider,
		.browser = hash_of(c, what->browser),
		.next = what->next,
		.invitation = base64url_encode(c->arena, invitation_digest(c, what->invitation)),
	};
	enum err kind = provider_begin(c, p, &flow.provider, url);
	if (kind == ERR_UNSUPPORTED)
		return fail(c, ERR_NOT_FOUND, "people cannot sign in with %s", p->label);
	TRY(as_unavailable(c, kind));
	return put_flow(c, core, &flow);
}

static enum err no_flow(struct ctx *c)
{
	return fail(c, ERR_UNAUTH,
		"this sign-in was begun in another browser, is used up, or took longer than ten "
		"minutes: begin it again");
}

/* Once, and for the browser that began it: of what another brings, nothing is used up. */
static enum err take_flow(
	struct ctx *c, struct core *core, const struct sso_answer *answer, struct flow *out)
{
	struct str state, text;
	if (!uri_param(c->arena, answer->query, STR("state"), &state))
		return no_flow(c);
	enum err kind = kv_get(c, core->kv, key_of(c, state), &text);
	if (!kind && !read_flow(text, state, out))
		return no_flow(c);
	struct str browser = hash_of(c, answer->browser);
	bool same = !kind && out->browser.len == browser.len &&
		    bytes_equal_secret(out->browser.at, browser.at, browser.len) &&
		    str_eq(out->name, answer->provider);
	if (!kind && !same)
		return no_flow(c);
	if (!kind)
		kind = kv_take(c, core->kv, key_of(c, state), &text);
	return kind == ERR_NOT_FOUND ? no_flow(c) : kind;
}

/* Somebody whom a provider proved, in the transaction in which they become an account. */
struct entry {
	struct db_tx *tx;
	const struct provider *provider;
	const struct provider_person *person;
	const struct flow *flow;
	struct identity identity; /* id 0: no account is connected with them */
	struct user user;
	struct str via, peer;
};

static struct str said_name(const struct provider_person *person)
{
	return person->username.len ? person->username
	       : person->name.len   ? person->name
				    : person->email;
}

static struct identity identity_of(const struct entry *e)
{
	return (struct identity){
		.provider = str_of(e->provider->name),
		.issuer = e->person->issuer,
		.subject = e->person->subject,
		.name = said_name(e->person),
		.email = e->person->email,
	};
}

static enum err find_account(struct ctx *c, struct entry *e)
{
	enum err kind =
		meta_identity_find(c, e->tx, e->person->issuer, e->person->subject, &e->identity);
	if (kind == ERR_NOT_FOUND) {
		ctx_clear(c);
		return OK;
	}
	TRY(kind);
	return meta_user_get(c, e->tx, e->identity.user_id, &e->user);
}

static struct actor actor_of(const struct entry *e)
{
	struct actor who = meta_user_actor(&e->user);
	who.via = e->via;
	who.peer = e->peer;
	return who;
}

static enum err link(struct ctx *c, struct entry *e)
{
	const struct actor who = actor_of(e);
	e->identity = identity_of(e);
	return identity_link(c, e->tx, &who, &e->user, &e->identity);
}

/* The transaction excludes all others: the name stays free until it is taken. */
static enum err find_name(struct ctx *c, struct entry *e)
{
	const struct provider_person *person = e->person;
	struct str said = person->username.len ? person->username : person->email;
	struct str base = username_derive(c->arena, said);
	struct user other;
	for (int i = 1; i <= NAMES_MAX; i++) {
		struct str name =
			i == 1 ? base : str_of(arena_fmt(c->arena, "%.*s-%d", STR_FMT(base), i));
		enum err kind = meta_user_get_by_name(c, e->tx, name, &other);
		if (kind == ERR_NOT_FOUND) {
			ctx_clear(c);
			e->user = (struct user){.username = name};
			return OK;
		}
		TRY(kind);
	}
	return fail(c, ERR_DENIED,
		"too many people are called \"%.*s\" here: ask the owner for an invitation with a "
		"username",
		STR_FMT(base));
}

static bool may_sign_up(const struct entry *e)
{
	switch (e->provider->sign_up) {
	case PROVIDER_SIGN_UP_ALL: return true;
	case PROVIDER_SIGN_UP_GROUPS: return e->person->grant_count > 0;
	case PROVIDER_SIGN_UP_INVITED: break;
	}
	return false;
}

static enum err sign_up(struct ctx *c, struct entry *e)
{
	if (!may_sign_up(e))
		return fail(c, ERR_DENIED,
			"%s knows you, but no account here is connected with you. Ask the owner "
			"for an invitation; or, if you have an account, sign in to it and connect "
			"%s there, under Ways to sign in",
			e->provider->label, e->provider->label);
	TRY(find_name(c, e));
	TRY(meta_user_create(c, e->tx, &e->user, (struct str){0}));
	const struct actor who = actor_of(e);
	TRY(record_add(c, e->tx,
		&(struct record){.who = &who,
			.type = EVENT_COLLABORATOR_ADDED,
			.subject = e->user.username}));
	return link(c, e);
}

static enum err sign_in(struct ctx *c, struct entry *e)
{
	if (!e->identity.id)
		return sign_up(c, e);
	if (user_has_ended(&e->user, db_now(e->tx)))
		return fail(c, ERR_DENIED, "your account \"%.*s\" is at its end: ask the owner",
			STR_FMT(e->user.username));
	return OK;
}

static enum err accept_invitation(struct ctx *c, struct entry *e)
{
	struct str text = e->flow->invitation;
	char *bytes = arena_alloc(c->arena, text.len / 4 * 3 + 2);
	struct str digest = {.at = bytes};
	if (e->identity.id)
		return fail(c, ERR_EXISTS,
			"you have an account here already, \"%.*s\": sign in with %s. The "
			"invitation is not used up",
			STR_FMT(e->user.username), e->provider->label);
	if (!base64url_decode(text, bytes, &digest.len))
		return no_flow(c);
	TRY(find_name(c, e));
	TRY(invitation_use(c, e->tx, digest, &e->user, e->via));
	return link(c, e);
}

/* Whoever finds a browser that is signed in there as well is asked all the same. A provider that does not say when
 * it asked is believed: it was told to. */
static enum err check_anew(struct ctx *c, const struct entry *e)
{
	int64_t when = e->person->authenticated;
	if (when && when < db_now(e->tx) - ANEW_SECONDS)
		return fail(c, ERR_UNAUTH,
			"%s did not ask you again who you are: sign out there, and try once more",
			e->provider->label);
	return OK;
}

static enum err connect(struct ctx *c, const struct actor *who, struct entry *e)
{
	TRY(check_person(c, who));
	if (who->user_id != e->flow->user_id)
		return no_flow(c);
	TRY(check_anew(c, e));
	if (e->identity.id && e->identity.user_id != who->user_id)
		return fail(c, ERR_EXISTS,
			"another account here is connected with this person of %s: disconnect it "
			"there first, or sign in to %s as somebody else",
			e->provider->label, e->provider->label);
	if (e->identity.id)
		return OK;
	TRY(meta_user_get(c, e->tx, who->user_id, &e->user));
	e->identity = identity_of(e);
	return identity_link(c, e->tx, who, &e->user, &e->identity);
}

static enum err prove(struct ctx *c, struct core *core, const struct actor *who, struct entry *e)
{
	TRY(permit_self(c, core, e->tx, who));
	TRY(check_person(c, who));
	if (who->user_id != e->flow->user_id)
		return no_flow(c);
	if (e->identity.user_id != who->user_id)
		return fail(c, ERR_UNAUTH, "%s says that you are somebody else than \"%.*s\"",
			e->provider->label, STR_FMT(who->username));
	return check_anew(c, e);
}

static enum err enter(struct ctx *c, struct core *core, const struct actor *who, struct entry *e)
{
	switch (e->flow->purpose) {
	case SSO_SIGN_IN: return sign_in(c, e);
	case SSO_CONNECT: return connect(c, who, e);
	case SSO_PROVE: return prove(c, core, who, e);
	case SSO_INVITED: break;
	}
	return accept_invitation(c, e);
}

/* What they are called now, and what their groups are given now. */
static enum err refresh(struct ctx *c, struct entry *e)
{
	const struct actor who = actor_of(e);
	struct identity now = identity_of(e);
	now.id = e->identity.id;
	TRY(meta_identity_used(c, e->tx, &now));
	return grant_manage(c, e->tx, &who, &e->user,
		&(struct grant_managed){e->via, e->person->grants, e->person->grant_count});
}

static enum err become(struct ctx *c, struct core *core, const struct actor *who, struct entry *e,
	struct sso_end *out)
{
	DB_TX *tx = NULL;
	if (e->flow->purpose == SSO_CONNECT)
		TRY(permit_begin_account(c, core, who, DB_WRITE, &tx));
	else
		TRY(db_begin(c, core->db, DB_WRITE, &tx));
	e->tx = tx;
	TRY(find_account(c, e));
	out->joined = !e->identity.id && e->flow->purpose != SSO_CONNECT;
	TRY(enter(c, core, who, e));
	TRY(refresh(c, e));
	TRY(db_commit(c, &tx));
	out->who = actor_of(e);
	out->by = (struct session_by){
		.via = e->via,
		.identity_id = e->identity.id,
		.there = e->person->session,
		.id_token = e->person->id_token,
		.proved = e->person->authenticated,
	};
	return OK;
}

static void refuse(struct ctx *c, struct core *core, const struct sso_answer *answer,
	struct str via, struct str subject)
{
	audit_refuse(c, core,
		&(struct audit_refusal){
			.via = via,
			.peer = answer->peer,
			.action = STR(AUDIT_SIGN_IN),
			.subject = subject,
			.why = str_of(c->error.text),
		});
}

static enum err finish(struct ctx *c, struct core *core, const struct actor *who,
	const struct sso_answer *answer, struct entry *e, struct sso_end *out)
{
	struct provider *p;
	struct flow *flow = NEW(c->arena, struct flow);
	struct provider_person *person = NEW(c->arena, struct provider_person);
	TRY(identity_provider(c, core, answer->provider, &p));
	e->via = grant_source(c, str_of(p->name));
	TRY(take_flow(c, core, answer, flow));
	out->purpose = flow->purpose;
	out->next = flow->next;
	TRY(as_unavailable(c, provider_finish(c, p, &flow->provider, answer->query, person)));
	e->provider = p;
	e->flow = flow;
	e->person = person;
	return become(c, core, who, e, out);
}

enum err sso_finish(struct ctx *c, struct core *core, const struct actor *who,
	const struct sso_answer *answer, struct sso_end *out)
{
	struct entry e = {.peer = answer->peer};
	*out = (struct sso_end){.next = STR("/")};
	enum err kind = finish(c, core, who, answer, &e, out);
	if (kind == ERR_UNAUTH || kind == ERR_DENIED || kind == ERR_EXISTS)
		refuse(c, core, answer, e.via, e.person ? e.person->subject : (struct str){0});
	return kind;
}

struct str sso_sign_out(
	struct ctx *c, struct core *core, struct str via, struct str id_token, struct str back)
{
	struct provider *p;
	struct str url = {0};
	if (!str_skip(&via, STR("oidc:")))
		return url;
	if (identity_provider(c, core, via, &p) || provider_logout(c, p, id_token, back, &url)) {
		ctx_clear(c);
		return (struct str){0};
	}
	return url;
}

/* Where it is noted that a message did what it says, as long as it could come again. */
static struct str done_key(
	struct ctx *c, const struct provider_signed_out *message, int64_t *seconds)
{
	enum { LEEWAY = 120 };
	char hash[65];
	int64_t left = message->expires - c->world->clock() / 1000000 + LEEWAY;
	*seconds = left > LEEWAY ? left : LEEWAY;
	secret_hash("sso logout", message->id, hash);
	return str_of(
		arena_fmt(c->arena, "sso-logout/%.16s/%s", hash_of(c, message->issuer).at, hash));
}

/* One that came to nothing may come again; of two at the same time both end the same sessions. */
enum err sso_signed_out(struct ctx *c, struct core *core, struct str provider, struct str message)
{
	struct provider *p;
	struct provider_signed_out what;
	struct str value;
	int64_t seconds;
	size_t count;
	TRY(identity_provider(c, core, provider, &p));
	TRY(provider_signed_out(c, p, message, &what));
	struct str key = done_key(c, &what, &seconds);
	enum err kind = kv_get(c, core->kv, key, &value);
	if (!kind)
		return fail(c, ERR_UNAUTH, "this logout token came before");
	if (kind != ERR_NOT_FOUND)
		return kind;
	ctx_clear(c);
	TRY(session_end_there(c, core, &what, grant_source(c, provider), &count));
	return kv_put(c, core->kv, key, STR("1"), seconds);
}
