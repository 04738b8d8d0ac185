/*
 * The text of an API token: "nbs_", TOKEN_RANDOM random characters of [A-Za-z0-9], and
 * TOKEN_CHECKSUM more that are the CRC-32 of all before them in base 62, most significant first.
 *
 * So people and secret scanners recognise one, and what is mistyped or made up is refused before
 * anything is asked. Tokens of earlier versions are the same without a checksum, and good for ever.
 */
#ifndef MODEL_TOKEN_H
#define MODEL_TOKEN_H

#include "base/str.h"

#define TOKEN_PREFIX "nbs_"

/* Does it look like an API key: this one, a minted one (model/minted.h) or any JWT, and not like a
 * password? */
bool secret_is_key(struct str secret);

enum { TOKEN_RANDOM = 43, TOKEN_CHECKSUM = 6 };

/* `random` is TOKEN_RANDOM characters. In the arena. */
struct str token_text(struct arena *a, struct str random);

/* Could it be one? */
bool token_text_ok(struct str text);

#endif
