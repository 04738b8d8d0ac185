/*
 * Whose keys sign: those of the configuration, or those that a token of this workload is exchanged
 * for (STS AssumeRoleWithWebIdentity) and which are renewed before they expire. Safe for any number
 * of threads.
 */
#ifndef DRIVER_S3_KEYS_H
#define DRIVER_S3_KEYS_H

#include "driver/driver.h"
#include "driver/s3_http.h"

struct s3_identity;

/* ERR_INVALID where no keys are configured, or half of them. The texts of `options`,
 * and `http`, must outlive it. */
enum err s3_identity_open(struct ctx *c, const struct blob_s3_options *options, struct str region,
	struct s3_http *http, struct s3_identity **out) MUST;
void s3_identity_close(struct s3_identity *i);

/* The keys of this moment, in c->arena. ERR_UNAVAILABLE where none can be had. */
enum err s3_identity_keys(struct ctx *c, struct s3_identity *i, struct s3_keys *out) MUST;

/* The store says that these have expired (or that it does not like them, `expired` false): true where
 * others can be had. */
bool s3_identity_renew(
	struct ctx *c, struct s3_identity *i, const struct s3_keys *refused, bool expired);

#endif
