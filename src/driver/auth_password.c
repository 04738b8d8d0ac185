/*
 * Passwords, stored as argon2id. A hash costs 19 MiB and some 30 ms, on purpose: so half the processors
 * at most make them at once, only so many wait for that and not for long, and a success is left in the kv
 * for minutes, for the other processes: a fact about a password and a stored hash, which is no proof any
 * more when another is stored.
 */
#include "driver/driver.h"

#include "base/buf.h"
#include "base/hex.h"
#include "base/hmac.h"
#include "base/host.h"
#include "meta/instance.h"
#include "meta/user.h"
#include "model/token.h"
#include "os/thread.h"

#include <pthread.h>
#include <sodium.h>
#include <stdlib.h>

enum {
	PASSES = 2,
	MEMORY = 19 << 20,
	WAITING_MAX = 16, /* for each hash that may be made at once */
	WAIT_US = 5000000,
	PROOF_SECONDS = 300,
};

struct auth_password {
	struct auth auth;
	struct db *db;
	struct kv *kv;
	pthread_mutex_t lock;
	pthread_cond_t free_again;
	int at_once, hashing, waiting;
};

/* What an unknown user's password is compared with, so that it takes as long. No password fits. */
static const char dummy[] = "$argon2id$v=19$m=19456,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA$"
			    "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

static enum err nobody(struct ctx *c)
{
	return fail(c, ERR_UNAUTH, "the username or the password is wrong");
}

static enum err too_many(struct ctx *c)
{
	c->retry_after = WAIT_US / 1000000;
	return fail(c, ERR_RATE_LIMITED,
		"too many passwords are being checked just now: try again in some seconds");
}

/* Under the lock. */
static enum err wait_for_turn(struct ctx *c, struct auth_password *a)
{
	int64_t until = c->world->monotonic() + WAIT_US;
	while (a->hashing >= a->at_once) {
		struct timespec end;
		TRY(ctx_check(c));
		if (c->world->monotonic() >= until)
			return too_many(c);
		clock_gettime(CLOCK_MONOTONIC, &end);
		end.tv_nsec += 100000000;
		end.tv_sec += end.tv_nsec / 1000000000;
		end.tv_nsec %= 1000000000;
		pthread_cond_clockwait(&a->free_again, &a->lock, CLOCK_MONOTONIC, &end);
	}
	return OK;
}

/* Until fewer than at_once hashes are being made. *waited: it was not at once. */
static enum err hashing_begin(struct ctx *c, struct auth_password *a, bool *waited)
{
	enum err kind = OK;
	pthread_mutex_lock(&a->lock);
	*waited = a->hashing >= a->at_once;
	if (*waited && a->waiting >= a->at_once * WAITING_MAX) {
		kind = too_many(c);
	} else {
		a->waiting++;
		kind = wait_for_turn(c, a);
		a->waiting--;
	}
	if (!kind)
		a->hashing++;
	pthread_mutex_unlock(&a->lock);
	return kind;
}

static void hashing_end(struct auth_password *a)
{
	pthread_mutex_lock(&a->lock);
	a->hashing--;
	pthread_cond_signal(&a->free_again);
	pthread_mutex_unlock(&a->lock);
}

/* What is known of a user: `stored` is `dummy` for one who is unknown, has no password, or
 * has ended. */
struct known {
	struct user user;
	const char *stored;
	struct str key; /* of proofs; empty: there is none */
};

static enum err nothing_is_ok(struct ctx *c, enum err kind)
{
	if (kind != ERR_NOT_FOUND)
		return kind;
	ctx_clear(c);
	return OK;
}

static enum err look_up_user(
	struct ctx *c, struct db_tx *tx, struct str username, struct known *out)
{
	struct str password = {0};
	TRY(nothing_is_ok(c, meta_user_get_by_name(c, tx, username, &out->user)));
	/* Of nobody too: so that both take as many questions. */
	TRY(nothing_is_ok(c, meta_user_password(c, tx, out->user.id, &password)));
	if (password.len && !user_has_ended(&out->user, db_now(tx)))
		out->stored = str_dup(c->arena, password);
	return OK;
}

static enum err look_up(
	struct ctx *c, struct auth_password *a, const struct credential *cred, struct known *out)
{
	*out = (struct known){.stored = dummy};
	DB_TX *tx = NULL;
	TRY(db_begin(c, a->db, DB_READ, &tx));
	TRY(nothing_is_ok(c, meta_instance_get(c, tx, META_PROOF_KEY, &out->key)));
	/* What cannot be a name is looked for too: a name that nobody has. */
	bool possible = !username_check(c, cred->username);
	if (!possible)
		ctx_clear(c);
	TRY(look_up_user(c, tx, possible ? cred->username : STR(""), out));
	if (cred->secret.len > PASSWORD_MAX)
		out->stored = dummy;
	return OK;
}

/*
 * A proof is an entry of the kv that says that a password is the one of which that is stored. Its
 * name and its value are each an HMAC of all three: who can read or write the kv, but not the
 * database, neither learns anything from it nor can make one.
 */
static struct str proof_part(
	struct ctx *c, const struct known *known, const struct credential *cred, const char *part)
{
	uint8_t digest[HASH_MAX];
	char hex[2 * HASH_MAX];
	struct buf text = {.arena = c->arena};
	buf_fmt(&text, "%s %zu %zu ", part, cred->username.len, cred->secret.len);
	buf_str(&text, cred->username);
	buf_str(&text, cred->secret);
	buf_cstr(&text, known->stored);
	hmac_sha256(known->key, buf_view(&text), digest);
	hex_encode(digest, HASH_MAX, hex);
	return str_copy(c->arena, str_from(hex, sizeof hex));
}

static struct str proof_name(
	struct ctx *c, const struct known *known, const struct credential *cred)
{
	struct str id = proof_part(c, known, cred, "name");
	return str_of(arena_fmt(c->arena, "login-proof/%.*s", STR_FMT(id)));
}

/* A kv that is lost knows of none. */
static bool proof_is_there(struct ctx *c, struct auth_password *a, const struct known *known,
	const struct credential *cred)
{
	struct str value, ours = proof_part(c, known, cred, "value");
	if (!known->key.len)
		return false;
	if (!kv_get(c, a->kv, proof_name(c, known, cred), &value))
		return value.len == ours.len && bytes_equal_secret(value.at, ours.at, ours.len);
	ctx_clear(c);
	return false;
}

static void proof_leave(struct ctx *c, struct auth_password *a, const struct known *known,
	const struct credential *cred)
{
	if (known->key.len && kv_put(c, a->kv, proof_name(c, known, cred),
				      proof_part(c, known, cred, "value"), PROOF_SECONDS))
		ctx_clear(c);
}

/* Many who come at once with one password wait for one of them. */
static enum err verify(struct ctx *c, struct auth_password *a, const struct known *known,
	const struct credential *cred)
{
	bool waited, right;
	size_t len = cred->secret.len <= PASSWORD_MAX ? cred->secret.len : 0;
	TRY(hashing_begin(c, a, &waited));
	right = waited && proof_is_there(c, a, known, cred);
	bool proven = right;
	if (!right)
		right = crypto_pwhash_str_verify(known->stored, len ? cred->secret.at : "", len) ==
			0;
	hashing_end(a);
	if (!right || known->stored == dummy)
		return nobody(c);
	if (!proven)
		proof_leave(c, a, known, cred);
	return OK;
}

static enum err password_authenticate(
	struct ctx *c, struct auth *self, const struct credential *cred, struct actor *who)
{
	struct auth_password *a = (struct auth_password *)self;
	if (cred->kind != CREDENTIAL_PASSWORD || secret_is_key(cred->secret))
		return fail(c, ERR_UNSUPPORTED, "this is no password");
	struct known known;
	TRY(look_up(c, a, cred, &known));
	/* Asked for the dummy too: so that both take as long. */
	if (!proof_is_there(c, a, &known, cred))
		TRY(verify(c, a, &known, cred));
	*who = meta_user_actor(&known.user);
	who->half = known.user.has_factor;
	return OK;
}

static enum err password_enrol(
	struct ctx *c, struct auth *self, struct str secret, struct str *stored)
{
	struct auth_password *a = (struct auth_password *)self;
	if (secret_is_key(secret))
		return fail(c, ERR_UNSUPPORTED, "this is no password");
	TRY(password_check(c, secret));
	char *text = arena_alloc(c->arena, crypto_pwhash_STRBYTES);
	bool waited;
	TRY(hashing_begin(c, a, &waited));
	int problem = crypto_pwhash_str_alg(
		text, secret.at, secret.len, PASSES, MEMORY, crypto_pwhash_ALG_ARGON2ID13);
	hashing_end(a);
	if (problem)
		return fail(c, ERR_UNAVAILABLE, "there is too little memory to hash a password");
	*stored = str_of(text);
	return OK;
}

static void password_close(struct auth *self)
{
	struct auth_password *a = (struct auth_password *)self;
	pthread_cond_destroy(&a->free_again);
	pthread_mutex_destroy(&a->lock);
	free(a);
}

static const struct auth_ops password_ops = {
	.authenticate = password_authenticate,
	.enrol = password_enrol,
	.close = password_close,
};

struct auth *auth_password_open(struct db *db, struct kv *kv)
{
	struct auth_password *a = calloc(1, sizeof *a);
	if (!a || sodium_init() < 0)
		host_panic("passwords cannot be hashed on this machine");
	a->auth.ops = &password_ops;
	a->db = db;
	a->kv = kv;
	a->at_once = thread_cores() / 2 > 1 ? thread_cores() / 2 : 1;
	pthread_mutex_init(&a->lock, NULL);
	pthread_cond_init(&a->free_again, NULL);
	return &a->auth;
}
