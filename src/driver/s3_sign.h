/*
 * AWS Signature Version 4: of a request by its headers, and of an address that anyone may use.
 *
 * Pure: the time and the keys are given. Paths and queries are encoded here and only here, so that
 * what is signed is what is sent.
 * https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-authenticating-requests.html
 */
#ifndef DRIVER_S3_SIGN_H
#define DRIVER_S3_SIGN_H

#include "base/buf.h"

struct s3_keys {
	struct str access, secret;
	struct str token; /* of a session; empty: none */
};

/* A header (its name in lower case) or a parameter of a query (neither part encoded). */
struct s3_pair {
	struct str name, value;
};

struct s3_signing {
	const struct s3_keys *keys;
	struct str method;
	struct str path;               /* encoded, with its '/' at the beginning */
	struct str query;              /* as s3_query makes it */
	const struct s3_pair *headers; /* sorted by name; host and x-amz-date among them */
	size_t header_count;
	struct str payload; /* SHA-256 in hexadecimal digits, or "UNSIGNED-PAYLOAD" */
	struct str region, service;
	int64_t seconds; /* since 1970 */
};

enum { S3_DATE = 17, S3_PAYLOAD = 65 };

/* "20130524T000000Z" */
void s3_date(int64_t seconds, char out[S3_DATE]);

/* The SHA-256 of bytes as the digits that a signature wants. */
void s3_payload(const void *bytes, size_t len, char out[S3_PAYLOAD]);

/* Any bytes as the path of an object: '/' stays, all but unreserved bytes are encoded. */
void s3_path(struct buf *out, struct str key);

/* Sorts the pairs, and writes them as a query: "a=1&b=%20". */
void s3_query(struct buf *out, struct s3_pair *pairs, size_t count);

/* The value of the header Authorization. In the arena. */
struct str s3_authorization(struct arena *a, const struct s3_signing *s);

/*
 * The query, signature included, by which anyone may send this request, with these headers, for
 * `lifetime` seconds. Of `s`, the query is not looked at; x-amz-date need not be a header. In the arena.
 */
struct str s3_presigned(struct arena *a, const struct s3_signing *s, int64_t lifetime);

#endif
