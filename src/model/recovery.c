#include "model/recovery.h"

#include "base/base32.h"
#include "base/buf.h"
#include "base/hash.h"
#include "base/hex.h"

enum { CODE = 10, GROUP = 4 }; /* bytes, characters */

static const char label[] = "nimbus recovery code";

static void hash_code(const uint8_t code[CODE], char out[RECOVERY_HASH])
{
	struct hash h;
	uint8_t digest[HASH_MAX];
	hash_init(&h, HASH_SHA256);
	hash_update(&h, label, sizeof label);
	hash_update(&h, code, CODE);
	hash_final(&h, digest);
	hex_encode(digest, hash_size(HASH_SHA256), out);
	out[RECOVERY_HASH - 1] = 0;
}

void recovery_make(struct ctx *c, struct recovery_code codes[RECOVERY_CODES])
{
	for (size_t i = 0; i < RECOVERY_CODES; i++) {
		uint8_t code[CODE];
		c->world->random(code, CODE);
		const char *text = crockford_encode(c->arena, str_from(code, CODE)).at;
		fmt_into(codes[i].text, RECOVERY_TEXT, "%.*s-%.*s-%.*s-%s", GROUP, text, GROUP,
			text + GROUP, GROUP, text + 2 * GROUP, text + 3 * GROUP);
		hash_code(code, codes[i].hash);
	}
}

bool recovery_hash(struct str typed, char hash[RECOVERY_HASH])
{
	uint8_t code[CODE];
	if (!crockford_decode(str_trim(typed), code, CODE))
		return false;
	hash_code(code, hash);
	return true;
}
