/*
 * Whole packs that a client fetches by itself, beside the pack that it is sent (gitprotocol-v2(5)
 * "packfile-uris"): the lines that say where they are, and the files that are there.
 */
#ifndef WIRE_PACKFILE_URI_H
#define WIRE_PACKFILE_URI_H

#include "net/http.h"
#include "wire/lines.h"
#include "wire/upload_request.h"

/* Below the repository's own URL, where the dumb protocol has them too. */
#define PACKFILE_PREFIX "objects/pack/pack-"
#define PACKFILE_SUFFIX ".pack"

/* For a client that takes URIs of `protocols` ("http,https") and reaches us at `origin`
 * ("https://git.example.org"): the section, unless there is nothing for it. Just before the pack.
 * They are the bucket's where clients reach it by a protocol that this one takes, else ours. */
enum err packfile_uri_section(struct ctx *c, struct fetch *f, struct str protocols,
	struct str origin, struct lines *to) MUST;

/* Answers with the pack of that name, or the part of it that is asked for. As smart_http_serve. */
enum err packfile_uri_serve(struct core *core, const struct actor *who, struct str repo,
	struct str hash, struct http_exchange *x) MUST;

#endif
