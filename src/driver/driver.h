/*
 * How main/ opens the drivers. Each gives a handle that its owner closes by its port's close; all
 * are safe for any number of threads. A decorator does not own what it wraps.
 */
#ifndef DRIVER_DRIVER_H
#define DRIVER_DRIVER_H

#include "port/auth.h"
#include "port/blob.h"
#include "port/db.h"
#include "port/kv.h"
#include "port/markup.h"
#include "port/policy.h"
#include "port/repack.h"

/* SQLite in the file `path`, made when missing. ":memory:": one that is gone at close. */
enum err db_sqlite_open(struct ctx *c, const char *path, struct db **out) MUST;

/* Files under the folder `root`, made when missing. `resident_max`: bytes of mapped files that may
 * be resident in all, 0: the default. */
enum err blob_local_open(struct ctx *c, const char *root, uint64_t resident_max, struct blob **out)
	MUST;
struct blob *blob_memory_open(void);

/* Text is never NULL; "" where there is none. The texts must outlive the store. */
struct blob_s3_options {
	const char *url; /* driver/s3_address.h */
	const char *access_key, *secret_key, *session_token;
	const char *aws_access_key, *aws_secret_key, *aws_session_token; /* where those are not */
	const char *role, *session_name, *token_file, *sts;              /* nor these */
	const char *region; /* where the URL names none */
	const char *ca;     /* a file of certificates to trust instead of the system's */
	const char *folder; /* for what is being written and read; made when missing */
	uint64_t resident_max;
	int64_t timeout; /* milliseconds of silence after which a request has failed */
};

/*
 * Objects of a bucket of S3, or of what speaks like it. Asks the store once: ERR_INVALID where the
 * options, ERR_UNAVAILABLE where keys or bucket are wrong, or none can be had. A store that cannot be reached now is
 * no error.
 *
 * Verified is: what is written, by the store, against the SHA-256 that each request carries; that
 * each answer is the range that was asked for, of one and the same size; and a blob that arrives in
 * one answer, against the SHA-256 that was stored with it (not for those over 16 MiB). What else
 * may be damaged, git's own checksums find.
 */
enum err blob_s3_open(struct ctx *c, const struct blob_s3_options *options, struct blob **out) MUST;

/* At most `max_bytes` of keys and values; over it, what expires first or was used least recently
 * goes. */
struct kv *kv_memory_open(size_t max_bytes, const struct world *world);

struct auth *auth_password_open(struct db *db, const struct world *world);
struct auth *auth_token_open(struct db *db);
struct policy *policy_builtin_open(void);
struct markup *markup_md4c_open(void);

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
