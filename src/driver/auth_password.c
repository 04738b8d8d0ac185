/*
 * Passwords, stored as argon2id. A hash costs 19 MiB and some 30 ms, on purpose: so at most two are
 * made at once, and a success is remembered for minutes, under a key that dies with the process.
 * The stored hash is part of what is remembered: a new password is seen at once.
 */
#include "driver/driver.h"

#include "base/host.h"
#include "meta/user.h"

#include <pthread.h>
#include <sodium.h>
#include <stdlib.h>

enum {
	PASSES = 2,
	MEMORY = 19 << 20,
	AT_ONCE = 2,
	REMEMBERED = 512, /* in sets of WAYS */
	WAYS = 4,
	REMEMBER_US = 300000000,
	PROOF = 32,
};

struct proof {
	unsigned char hash[PROOF];
	int64_t expires; /* world->monotonic(); 0: free */
};

struct auth_password {
	struct auth auth;
	struct db *db;
	pthread_mutex_t lock;
	pthread_cond_t free_again;
	int hashing;
	unsigned char key[crypto_generichash_KEYBYTES];
	struct proof proofs[REMEMBERED];
};

/* What an unknown user's password is compared with, so that it takes as long. No password fits. */
static const char dummy[] = "$argon2id$v=19$m=19456,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA$"
			    "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

static enum err nobody(struct ctx *c)
{
	return fail(c, ERR_UNAUTH, "the username or the password is wrong");
}

/* Waits until fewer than AT_ONCE hashes are being made. */
static enum err hashing_begin(struct ctx *c, struct auth_password *a)
{
	pthread_mutex_lock(&a->lock);
	enum err kind = OK;
	while (a->hashing >= AT_ONCE && !(kind = ctx_check(c))) {
		struct timespec end;
		clock_gettime(CLOCK_MONOTONIC, &end);
		end.tv_nsec += 100000000;
		end.tv_sec += end.tv_nsec / 1000000000;
		end.tv_nsec %= 1000000000;
		pthread_cond_clockwait(&a->free_again, &a->lock, CLOCK_MONOTONIC, &end);
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

static void proof_of(struct auth_password *a, const struct credential *cred, const char *stored,
	unsigned char out[PROOF])
{
	uint64_t lengths[2] = {cred->username.len, cred->secret.len};
	crypto_generichash_state state;
	crypto_generichash_init(&state, a->key, sizeof a->key, PROOF);
	crypto_generichash_update(&state, (const unsigned char *)lengths, sizeof lengths);
	crypto_generichash_update(
		&state, (const unsigned char *)cred->username.at, cred->username.len);
	crypto_generichash_update(&state, (const unsigned char *)cred->secret.at, cred->secret.len);
	crypto_generichash_update(&state, (const unsigned char *)stored, strlen(stored));
	crypto_generichash_final(&state, out, PROOF);
}

static struct proof *proof_set(struct auth_password *a, const unsigned char hash[PROOF])
{
	size_t set = (hash[0] | (size_t)hash[1] << 8) % (REMEMBERED / WAYS);
	return &a->proofs[set * WAYS];
}

static bool proof_known(struct auth_password *a, const unsigned char hash[PROOF], int64_t now)
{
	bool known = false;
	pthread_mutex_lock(&a->lock);
	struct proof *set = proof_set(a, hash);
	for (size_t i = 0; i < WAYS; i++)
		known |= set[i].expires > now && sodium_memcmp(set[i].hash, hash, PROOF) == 0;
	pthread_mutex_unlock(&a->lock);
	return known;
}

static void proof_remember(struct auth_password *a, const unsigned char hash[PROOF], int64_t now)
{
	pthread_mutex_lock(&a->lock);
	struct proof *set = proof_set(a, hash), *oldest = set;
	for (size_t i = 1; i < WAYS; i++) {
		if (set[i].expires < oldest->expires)
			oldest = &set[i];
	}
	memcpy(oldest->hash, hash, PROOF);
	oldest->expires = now + REMEMBER_US;
	pthread_mutex_unlock(&a->lock);
}

/* The user and what is stored for them; `dummy` for one who is unknown or has no password. */
static enum err look_up(struct ctx *c, struct auth_password *a, const struct credential *cred,
	struct user *user, const char **stored)
{
	*stored = dummy;
	if (username_check(c, cred->username) || cred->secret.len > PASSWORD_MAX) {
		ctx_clear(c);
		return OK;
	}
	DB_TX *tx = NULL;
	struct str password;
	TRY(db_begin(c, a->db, DB_READ, &tx));
	enum err kind = meta_user_get_by_name(c, tx, cred->username, user);
	if (!kind)
		kind = meta_user_password(c, tx, user->id, &password);
	if (kind == ERR_NOT_FOUND) {
		ctx_clear(c);
		return OK;
	}
	if (!kind && password.len)
		*stored = str_dup(c->arena, password);
	return kind;
}

static enum err password_authenticate(
	struct ctx *c, struct auth *self, const struct credential *cred, struct actor *who)
{
	struct auth_password *a = (struct auth_password *)self;
	if (cred->kind != CREDENTIAL_PASSWORD || str_starts(cred->secret, STR(TOKEN_PREFIX)))
		return fail(c, ERR_UNSUPPORTED, "this is no password");
	struct user user;
	const char *stored;
	TRY(look_up(c, a, cred, &user, &stored));
	unsigned char proof[PROOF];
	proof_of(a, cred, stored, proof);
	bool right = stored != dummy && proof_known(a, proof, c->world->monotonic());
	if (!right) {
		size_t len = cred->secret.len <= PASSWORD_MAX ? cred->secret.len : 0;
		TRY(hashing_begin(c, a));
		right = crypto_pwhash_str_verify(stored, len ? cred->secret.at : "", len) == 0;
		hashing_end(a);
		if (!right || stored == dummy)
			return nobody(c);
		proof_remember(a, proof, c->world->monotonic());
	}
	*who = meta_user_actor(&user);
	return OK;
}

static enum err password_enrol(
	struct ctx *c, struct auth *self, struct str secret, struct str *stored)
{
	struct auth_password *a = (struct auth_password *)self;
	if (str_starts(secret, STR(TOKEN_PREFIX)))
		return fail(c, ERR_UNSUPPORTED, "this is no password");
	TRY(password_check(c, secret));
	char *text = arena_alloc(c->arena, crypto_pwhash_STRBYTES);
	TRY(hashing_begin(c, a));
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
	sodium_memzero(a, sizeof *a);
	free(a);
}

static const struct auth_ops password_ops = {
	.authenticate = password_authenticate,
	.enrol = password_enrol,
	.close = password_close,
};

struct auth *auth_password_open(struct db *db, const struct world *world)
{
	struct auth_password *a = calloc(1, sizeof *a);
	if (!a || sodium_init() < 0)
		host_panic("passwords cannot be hashed on this machine");
	a->auth.ops = &password_ops;
	a->db = db;
	pthread_mutex_init(&a->lock, NULL);
	pthread_cond_init(&a->free_again, NULL);
	world->random(a->key, sizeof a->key);
	return &a->auth;
}
