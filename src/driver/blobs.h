/*
 * How the drivers of blobs are opened; as driver/driver.h says, which has those of all other ports.
 */
#ifndef DRIVER_BLOBS_H
#define DRIVER_BLOBS_H

#include "port/blob.h"
#include "port/secret.h"

/* Files under the folder `root`, made when missing. `resident_max`: bytes of mapped files that may
 * be resident in all, 0: the default. */
enum err blob_local_open(struct ctx *c, const char *root, uint64_t resident_max, struct blob **out)
	MUST;
struct blob *blob_memory_open(void);

/*
 * A bounded cache in `folder` (made when missing) of what was read from `inner`, or published to it;
 * `inner` is not owned, and outlives it as c->world does, by whose clock a disk that failed is tried
 * again. For stores that lie far away, and whose keys are hashes of what they name: a blob that is here
 * is not asked for there, until it is removed through here.
 *
 * `max_bytes`: of disk; over it the blobs that were used least recently go, but none that is open
 * (so it may be over meanwhile). One that is larger is read past the cache. `resident_max`: as of
 * blob_local_open. What is read is fetched in chunks of 32 KiB, more and more of them in one
 * journey for who reads on. A disk that fails, or is full, costs memory and time and no request, but
 * a folder that cannot be used at all (ERR_DENIED …) is an error here.
 *
 * Several processes may use the folder at the same time. Each bounds what it found when it opened
 * it and what it added since.
 */
enum err blob_cached_open(struct ctx *c, struct blob *inner, const char *folder, uint64_t max_bytes,
	uint64_t resident_max, struct blob **out) MUST;

struct blob_cached_stats {
	/* How often a blob was opened, or a chunk of an open one touched first, that was at hand on
	 * disk; and how often the inner driver was asked for it. */
	uint64_t hits, misses;
	uint64_t bytes_fetched; /* those of read-ahead too */
	uint64_t evictions;     /* blobs */
	uint64_t damaged;       /* chunks and records that were not what had been written */
	uint64_t bytes, blobs;  /* in the folder now */
	bool disk_fails;        /* so that what is missing is served from memory */
};
void blob_cached_stats(struct blob *cached, struct blob_cached_stats *out);

/* Text is never NULL; "" where there is none. The texts must outlive the store. */
struct blob_s3_options {
	const char *url;        /* driver/s3_address.h */
	const char *public_url; /* of the bucket, for presigned addresses; "": as `url` says */
	const char *access_key, *secret_key, *session_token;
	const char *aws_access_key, *aws_secret_key, *aws_session_token; /* where those are not */
	/* Where those two or three that are set are looked up again; NULL: they stay. */
	const struct secret_set *keys;
	const char *role, *session_name, *token_file, *sts; /* nor these */
	const char *region;                                 /* where the URL names none */
	const char *ca;     /* a file of certificates to trust instead of the system's */
	const char *folder; /* for what is being written and read; made when missing */
	uint64_t resident_max;
	uint64_t put_max; /* bytes that one request carries at most; larger blobs go in parts */
	int64_t timeout;  /* milliseconds of silence after which a request has failed */
};

/*
 * Objects of a bucket of S3, or of what speaks like it. Asks the store once: ERR_INVALID where the
 * options, ERR_UNAVAILABLE where keys or bucket are wrong, or none can be had. A store that cannot be reached now is
 * no error.
 *
 * Verified is: what is written, by the store, against the SHA-256 that each request carries; that
 * each answer is the range that was asked for, of one and the same size; and a blob that arrives in
 * one answer, against the SHA-256 that was stored with it. What else may be damaged, git's own
 * checksums find.
 */
enum err blob_s3_open(struct ctx *c, const struct blob_s3_options *options, struct blob **out) MUST;

#endif
