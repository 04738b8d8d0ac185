/* What the files of the S3 driver share. */
#ifndef DRIVER_BLOB_S3_PARTS_H
#define DRIVER_BLOB_S3_PARTS_H

#include "base/host.h"
#include "driver/driver.h"
#include "driver/s3_address.h"
#include "driver/s3_http.h"
#include "driver/s3_keys.h"

#include <stdatomic.h>

struct s3_extent;

struct s3 {
	struct blob blob;
	struct arena arena;                 /* of the address */
	struct s3_address address, clients; /* for ourselves, and for who gets addresses from us */
	struct s3_http *http;
	struct s3_identity *identity;
	struct blob *spools; /* where what is being written lies */
	int scratch;         /* a folder for what is being read */
	uint64_t put_max;    /* bytes that one request may carry */
	struct resident *resident;
	atomic_bool unconditional; /* the store knows no If-None-Match */
	_Atomic int64_t ahead; /* seconds by which its clock is ahead of ours, as far as is known */
	struct host_lock lock;
	struct s3_extent *extents; /* all that are open, under the lock */
};

enum { S3_PAIRS = 8 };

/* A request for an object, or for the bucket where `key` is NULL. */
struct s3_request {
	const char *method, *key;
	struct s3_pair query[S3_PAIRS], headers[S3_PAIRS]; /* headers: beside those that sign */
	size_t query_count, header_count;
	const char *payload; /* SHA-256 of the body in digits; NULL: of none */
	const struct s3_body *body;
	bool patient, once; /* once: not tried again */
	s3_take *take;
	void *take_arg;
	/* Looks at a good answer: an error that it sets x->again with is tried again. May be NULL. */
	enum err (*check)(struct ctx *c, void *arg, struct s3_exchange *x);
	void *check_arg;
};

/*
 * Sends it, and again where that may help. ERR_NOT_FOUND for a 404 that is about the key or the
 * upload, ERR_EXISTS for 412; ERR_UNAVAILABLE for what the store refuses, or does not do.
 */
enum err s3_call(struct ctx *c, struct s3 *s, const struct s3_request *r, struct s3_exchange *x)
	MUST;

void s3_add_query(struct s3_request *r, struct str name, struct str value);
void s3_add_header(struct s3_request *r, struct str name, struct str value);

/* The time by the store's clock, for signatures: seconds since 1970. */
int64_t s3_now(struct ctx *c, const struct s3 *s);
/* Takes over the clock that an answer tells, if it does; returns by how many seconds ours was off. */
int64_t s3_set_clock(struct ctx *c, struct s3 *s, const struct s3_exchange *x);

/* A part of a blob; `take` gets its bytes. */
struct s3_range {
	uint64_t at;
	size_t cap;
	s3_take *take;
	void *take_arg;
	uint64_t size; /* answered: of the blob */
	size_t len;    /* answered: of the part */
};

/* ERR_NOT_FOUND; ERR_CORRUPT past the end, and where the bytes are not those that were stored. */
enum err s3_get(struct ctx *c, struct s3 *s, const char *key, struct s3_range *range) MUST;
/* Whether it is there, and its size. */
enum err s3_head(struct ctx *c, struct s3 *s, const char *key, bool *there, uint64_t *size) MUST;

/* blob_s3_extent.c */
enum err s3_extent_open(struct ctx *c, struct s3 *s, const char *key, struct extent **out) MUST;
/* Fetches what is lacking of those that are open under this key, before it is removed. */
enum err s3_extents_complete(struct ctx *c, struct s3 *s, const char *key) MUST;

/* blob_s3_write.c */
enum err s3_publish(struct ctx *c, struct s3 *s, struct extent *from, const char *key) MUST;

#endif
