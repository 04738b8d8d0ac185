/*
 * NIMBUS_BLOB as an address: s3://BUCKET[/PREFIX]?endpoint=URL&region=NAME&style=path|virtual
 *
 * All parameters may be left out: then it is AWS, in the region of AWS_REGION, else us-east-1. The
 * style is "virtual" (the bucket in the host's name) where there is no endpoint and the bucket's
 * name has no dot, else "path". PREFIX is percent-decoded and may be any UTF-8 text without control
 * characters.
 */
#ifndef DRIVER_S3_ADDRESS_H
#define DRIVER_S3_ADDRESS_H

#include "base/ctx.h"
#include "base/str.h"

struct s3_address {
	struct str origin; /* "https://host:port": a URL is this, then the path */
	struct str host;   /* as the header Host has it */
	struct str root;   /* encoded, before every key: "/bucket" or "" */
	struct str bucket, region;
	struct str prefix; /* of every key: empty, or ends with '/' */
};

/* ERR_INVALID with what is wrong. In c->arena. `region`: where the URL names none; may be empty. */
enum err s3_address_parse(struct ctx *c, struct str url, struct str region, struct s3_address *out)
	MUST;

/*
 * The same bucket and prefix, by the address that others have of the bucket: http(s)://HOST[:PORT],
 * and a path where the bucket's name is not in the host's. ERR_INVALID. In c->arena.
 */
enum err s3_address_public(struct ctx *c, struct str url, struct s3_address *a) MUST;

#endif
