/*
 * Settings that are secrets: where each is looked up, at the start and again. Who has opened them closes
 * them, after the drivers that use them.
 */
#ifndef MAIN_SECRETS_H
#define MAIN_SECRETS_H

#include "main/config.h"

/*
 * Opens what secrets come from, and fills in the values of those in Vault, which is asked only where a
 * setting names it. An error is one line that names the setting: ERR_INVALID; ERR_NOT_FOUND, ERR_DENIED,
 * ERR_UNAVAILABLE, ERR_TIMEOUT as Vault says.
 */
enum err secrets_open(struct ctx *c, struct config *config) MUST;
void secrets_close(struct config *config);

/* For a driver: lives as long as config and what secrets_open made. */
struct secret_source secrets_source(
	const struct config *config, const struct config_origin *origin);

#endif
