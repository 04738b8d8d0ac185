/*
 * A bundle of the default branch, for clients that begin a clone with a file (gitformat-bundle(5),
 * gitprotocol-v2(5) "bundle-uri").
 */
#ifndef WIRE_BUNDLE_H
#define WIRE_BUNDLE_H

#include "core/fetch.h"

/* Below the repository's own URL. */
#define BUNDLE_NAME "default.bundle"

/* ERR_NOT_FOUND, before anything is written, while there is no commit on the default branch. */
enum err bundle_open(struct ctx *c, struct fetch *f) MUST;
/* After bundle_open: header and pack. */
enum err bundle_send(struct ctx *c, struct fetch *f, struct sink *to) MUST;

#endif
