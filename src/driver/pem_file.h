/*
 * Settings that name files of certificates and keys (PEM, RFC 7468), looked into at the start: so that what
 * is wrong with one is told then, by its name, and not when a service is first asked.
 */
#ifndef DRIVER_PEM_FILE_H
#define DRIVER_PEM_FILE_H

#include "base/ctx.h"

/* The certificates to trust. ERR_INVALID: they cannot be read, or there are none. NULL and "" are OK. */
enum err pem_file_check_trust(struct ctx *c, const char *setting, const char *path) MUST;

/* Our own certificate and its key: both, or neither (NULL or ""). */
struct pem_pair {
	const char *cert_setting, *cert, *key_setting, *key;
};

/* ERR_INVALID: one of them is missing or cannot be read, or they do not belong together. */
enum err pem_file_check_pair(struct ctx *c, const struct pem_pair *pair) MUST;

#endif
