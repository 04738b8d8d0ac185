/* How somebody at this machine reaches the instance. */
#ifndef MAIN_URL_H
#define MAIN_URL_H

#include "main/config.h"

/*
 * NIMBUS_URL, or "http://127.0.0.1:8080" of the first address of NIMBUS_LISTEN ("0.0.0.0:8080"), or
 * https and the first of NIMBUS_TLS_LISTEN where that one is empty.
 * `port`: the one that was taken, 0: the one that is written there. In c->arena.
 */
const char *local_url(struct ctx *c, const struct config *config, int port);

#endif
