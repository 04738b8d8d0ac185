/*
 * One HTTP exchange with a store, over libcurl; and how long to go on trying.
 *
 * Safe for any number of threads: each exchange takes a handle with its open connections from a
 * pool. Bound by the context's deadline, by whether anybody still waits, and by how long the other
 * side may be silent. Redirections are not followed.
 */
#ifndef DRIVER_S3_HTTP_H
#define DRIVER_S3_HTTP_H

#include "base/extent.h"
#include "driver/s3_sign.h"

struct s3_http;

/* `ca`: a file of certificates to trust instead of the system's, or "". `timeout`: milliseconds of
 * silence (connecting included) after which an exchange has failed. */
enum err s3_http_open(struct ctx *c, const char *ca, int64_t timeout, struct s3_http **out) MUST;
void s3_http_close(struct s3_http *h);

/* What is sent, or takes the body of a good answer. */
struct s3_body {
	struct extent *extent; /* NULL: `bytes` */
	struct str bytes;
	uint64_t at, size; /* of the extent */
};

struct s3_exchange;
/* `at`: bytes of this answer before these; 0 begins anew, also when it is tried again. */
typedef enum err s3_take(struct ctx *c, void *arg, uint64_t at, const void *bytes, size_t len);

struct s3_exchange {
	const char *method, *url;
	const struct s3_pair *headers;
	size_t header_count;
	const struct s3_body *body; /* NULL: none */
	bool patient;               /* the answer may take its time */
	s3_take *take;              /* NULL: collected in `text` */
	void *take_arg;

	/* answered */
	int status;
	bool again;      /* it failed, but may not fail the next time */
	uint64_t len;    /* of the body */
	struct str text; /* the body, where nothing takes it; cut where it is no good answer */
	struct str etag, content_range, sha256, region;
	int64_t content_length; /* -1: not said */
	int64_t date;           /* the other side's clock, seconds since 1970; 0: not said */
};

/* OK with any status. Text is in c->arena. ERR_UNAVAILABLE, ERR_TIMEOUT at the deadline, what
 * ctx_check, `take` or the body say. */
enum err s3_http_send(struct ctx *c, struct s3_http *h, struct s3_exchange *x) MUST;

/* How often it was tried; zeroed before the first. */
struct s3_patience {
	int tries;
	int64_t begun;
};

/* After a try that failed with `kind`: waits and returns OK, or `kind` when it is enough. */
enum err s3_http_again(struct ctx *c, struct s3_http *h, struct s3_patience *p, enum err kind) MUST;

#endif
