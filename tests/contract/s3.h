/* The S3 server that tests/services.py started, as options of the driver. */
#ifndef TESTS_CONTRACT_S3_H
#define TESTS_CONTRACT_S3_H

#include "contract/contract.h"

#include "base/uri.h"
#include "driver/driver.h"

/* What NIMBUS_TEST_S3 says of `name`. */
static inline const char *s3_told(struct ctx *c, const char *name)
{
	struct str query = str_of(getenv("NIMBUS_TEST_S3")), value;
	(void)str_cut(&query, '?');
	assert_true(uri_param(c->arena, query, str_of(name), &value));
	return str_dup(c->arena, value);
}

/* "s3://BUCKET/PREFIX…" under which nothing is yet. */
static inline const char *s3_bucket(struct ctx *c, const char *prefix)
{
	struct str query = str_of(getenv("NIMBUS_TEST_S3")), bucket = str_cut(&query, '?');
	uint64_t random;
	c->world->random(&random, sizeof random);
	return arena_fmt(
		c->arena, "%.*s/%s%llx", STR_FMT(bucket), prefix, (unsigned long long)random);
}

/* Says why where there is no server. */
static inline bool s3_is_there(void)
{
	bool there = getenv("NIMBUS_TEST_S3") != NULL;
	if (!there)
		printf("skip: NIMBUS_TEST_S3 is not set: no S3 server\n");
	return there;
}

static inline struct blob_s3_options s3_options(
	struct ctx *c, const char *folder, const char *prefix)
{
	return (struct blob_s3_options){
		.url = arena_fmt(
			c->arena, "%s?endpoint=%s", s3_bucket(c, prefix), s3_told(c, "endpoint")),
		.public_url = "",
		.access_key = s3_told(c, "access"),
		.secret_key = s3_told(c, "secret"),
		.session_token = "",
		.aws_access_key = "",
		.aws_secret_key = "",
		.aws_session_token = "",
		.role = "",
		.session_name = "",
		.token_file = "",
		.sts = "",
		.region = "",
		.ca = "",
		.folder = folder,
		.resident_max = 8 << 20,
		.put_max = 16 << 20,
		.timeout = 20000,
	};
}

#endif
