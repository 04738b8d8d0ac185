/*
 * How main/ opens the drivers. Each gives a handle that its owner closes by its port's close; all
 * are safe for any number of threads. A decorator does not own what it wraps.
 */
#ifndef DRIVER_DRIVER_H
#define DRIVER_DRIVER_H

#include "driver/blobs.h"
#include "port/auth.h"
#include "port/db.h"
#include "port/highlight.h"
#include "port/hook.h"
#include "port/kv.h"
#include "port/markup.h"
#include "port/policy.h"
#include "port/provider.h"
#include "port/qr.h"
#include "port/regex.h"
#include "port/repack.h"
#include "port/secret.h"
#include "port/strength.h"

/* SQLite in the file `path`, made when missing. ":memory:": one that is gone at close. */
enum err db_sqlite_open(struct ctx *c, const char *path, struct db **out) MUST;

/* PostgreSQL (14 or newer) at `url` (postgres://…), by at most `connections` at once. */
enum err db_postgres_open(struct ctx *c, const char *url, size_t connections, struct db **out) MUST;
/*
 * The same with a URL, a user and a password (the last two may be empty) that may change. Connections of
 * before a change go on until one with the new login has succeeded; whoever needs a new one waits for
 * a few seconds while the server and the secret disagree.
 */
enum err db_postgres_open_as(
	struct ctx *c, const struct secret_set *login, size_t connections, struct db **out) MUST;
/* How many sessions other processes of ours have in it now, as far as the server tells. */
enum err db_postgres_others(struct ctx *c, struct db *postgres, int64_t *count) MUST;

/* At most `max_bytes` of keys and values: what expires first, or was used least lately, goes. */
struct kv *kv_memory_open(size_t max_bytes, const struct world *world);
/* The Redis of redis:// or rediss://user:password@host:port/database, connected to when something is asked: that
 * it is lost is no error here. ERR_INVALID of the URL, or of a file. c->world outlives it. */
enum err kv_redis_open(struct ctx *c, const char *url, struct kv **out) MUST;
/* The same with a login that may change, and files (driver/redis_link.h), or NULL. */
struct redis_files;
enum err kv_redis_open_as(struct ctx *c, const struct secret_set *login,
	const struct redis_files *files, struct kv **out) MUST;

/* Files; the reference is a file's name. One that changes is seen a second later. */
struct secret *secret_file_open(void);

/* Text is never NULL; "" where there is none. The texts must outlive the driver. Of token, role_id (with
 * secret_id) and kubernetes_role one is set: with that it signs in. */
struct vault_options {
	const char *address;
	const char *ca; /* a file of certificates to trust instead of the system's */
	const char *namespace;
	struct secret_source token, secret_id;
	const char *role_id;
	const char *kubernetes_role, *kubernetes_jwt; /* the file with this workload's token */
	const char *auth_path; /* where that way to sign in is mounted; "": as ever */
	int64_t timeout;       /* milliseconds that one request may take */
	int64_t refresh;       /* milliseconds after which what has no lease is read again */
};

/*
 * Vault, or OpenBao; the reference is PATH#FIELD with a path as in Vault's HTTP API, such as
 * secret/data/nimbus#password (key-value store, version 2) or database/creds/nimbus#username. Talks to
 * Vault when something is asked. ERR_INVALID names the setting that makes no sense.
 */
enum err secret_vault_open(struct ctx *c, const struct vault_options *options, struct secret **out)
	MUST;

/* `kv`: for what one process found out, and spares the others. */
struct auth *auth_password_open(struct db *db, struct kv *kv);
struct auth *auth_token_open(struct db *db);
struct auth *auth_key_open(struct db *db);
/* `issuer`: as core->base_url, outlives it. */
struct auth *auth_access_open(struct db *db, const char *issuer);
/* Tokens of these providers, of whom an account is connected with. They outlive it. */
struct auth *auth_oidc_open(struct db *db, struct provider *const *providers, size_t count);
/* Names of clients' certificates: `accounts` is "dns:*.ci.example.org=robot, …". ERR_INVALID. */
enum err auth_mtls_open(struct ctx *c, struct db *db, const char *accounts, struct auth **out) MUST;

/* Text is never NULL; "" where there is none. The texts are copied. */
struct provider_oidc_options {
	const char *name;   /* "corp" */
	const char *prefix; /* what its variables are called, for messages: "NIMBUS_OIDC_CORP" */
	const char *issuer, *client_id, *client_secret; /* no client: nobody signs in by it */
	const char *audience; /* of tokens that programs may bring; "": none */
	const char *scopes, *username_claim, *groups_claim, *roles; /* driver/oidc_person.h */
	const char *ca, *label;
	const char *sign_up; /* "invited", "groups", "all": enum provider_sign_up */
};

/* An OpenID Connect provider; nothing is asked of it yet. ERR_INVALID names the variable;
 * ERR_UNSUPPORTED without libcurl. */
enum err provider_oidc_open(
	struct ctx *c, const struct provider_oidc_options *options, struct provider **out) MUST;

struct policy *policy_builtin_open(void);

/* Text is never NULL; "" where there is none. The token's source outlives it, the texts are copied. */
struct policy_opa_options {
	const char *url; /* "opa+https://host:8181", and the path of a rule where it is another */
	struct secret_source token;  /* a bearer; may be empty */
	const char *ca, *cert, *key; /* as of driver/http_call.h */
	int64_t timeout;             /* milliseconds that one question may take */
	int64_t cache; /* milliseconds that an answer is good for; 0: for one question */
};

/* Open Policy Agent. Nothing is asked of it yet. ERR_INVALID names the variable. */
enum err policy_opa_open(
	struct ctx *c, const struct policy_opa_options *options, struct policy **out) MUST;

/* With what cmake/grammars.cmake found; not there where it found nothing (NIMBUS_HIGHLIGHT). */
struct highlight *highlight_tree_sitter_open(void);
struct markup *markup_md4c_open(void);
struct strength *strength_zxcvbn_open(void);
struct qr_maker *qr_qrencode_open(void);
struct regex_engine *regex_pcre2_open(void);

/*
 * Webhooks over HTTP, to public addresses and to `hosts`: names of hosts, addresses and networks with commas between, or
 * "*" for all. ERR_INVALID. Without libcurl each post is ERR_UNSUPPORTED. What tests post to: driver/hook_memory.h.
 */
enum err hook_http_open(struct ctx *c, const char *hosts, struct hook **out) MUST;

/* `git pack-objects`, working in folders under `folder`; `idle`: with one thread, and only when the
 * machine has nothing else to do. *out NULL: there is no git here. */
enum err repack_git_open(struct ctx *c, const char *folder, bool idle, struct repack **out) MUST;

/*
 * Decorators for tests: the n-th operation from now (1: the next) fails with `kind`, once. n = 0:
 * none. Counting starts anew with each call.
 */
struct blob *blob_faulty_open(struct blob *inner);
void blob_faulty_set(struct blob *faulty, int64_t n, enum err kind);
int64_t blob_faulty_count(struct blob *faulty); /* operations so far */

struct db *db_faulty_open(struct db *inner);
void db_faulty_set(struct db *faulty, int64_t n, enum err kind);
int64_t db_faulty_count(struct db *faulty);

#endif
