#include "core/secret.h"

#include "base/hash.h"
#include "base/hex.h"

struct str secret_make(struct ctx *c)
{
	uint8_t random[32];
	c->world->random(random, sizeof random);
	return base64url_encode(c->arena, str_from(random, sizeof random));
}

struct str secret_word(struct ctx *c, size_t len)
{
	static const char letters[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
	enum { COUNT = sizeof letters - 1, FAIR = 256 - 256 % COUNT };
	char *word = arena_alloc(c->arena, len + 1);
	for (size_t done = 0; done < len;) {
		uint8_t random[32];
		c->world->random(random, sizeof random);
		for (size_t i = 0; i < sizeof random && done < len; i++) {
			if (random[i] < FAIR) /* else the first letters were likelier */
				word[done++] = letters[random[i] % COUNT];
		}
	}
	return str_from(word, len);
}

void secret_hash(const char *label, struct str secret, char out[65])
{
	struct hash h;
	uint8_t digest[HASH_MAX];
	hash_init(&h, HASH_SHA256);
	hash_update(&h, label, strlen(label) + 1);
	hash_update(&h, secret.at, secret.len);
	hash_final(&h, digest);
	hex_encode(digest, 32, out);
	out[64] = 0;
}

struct str secret_hidden(struct str target)
{
	static const char *const links[] = {"/sign-in/", "/new-password/", "/invitation/"};
	for (size_t i = 0; i < sizeof links / sizeof *links; i++)
		if (str_starts(target, str_of(links[i])))
			return str_of(links[i]);
	return str_until(target, str_find_str(target, STR("signature=")));
}
