#include "core/seal.h"

#include "base/bits.h"
#include "base/buf.h"
#include "base/hash.h"
#include "base/hex.h"

enum { VERSION = 1, NONCE_AT = 1 + SEAL_KEY_ID, CLOSED_AT = NONCE_AT + AEAD_NONCE };

static const char label[] = "nimbus seal key";

static void set_id(struct seal_key *key)
{
	struct hash h;
	uint8_t digest[HASH_MAX];
	hash_init(&h, HASH_SHA256);
	hash_update(&h, label, sizeof label);
	hash_update(&h, key->bytes, sizeof key->bytes);
	hash_final(&h, digest);
	memcpy(key->id, digest, sizeof key->id);
}

static bool read_key(struct ctx *c, struct str text, struct seal_key *out)
{
	size_t len = 0;
	char *bytes = arena_raw(c->arena, text.len + 2);
	bool hex = text.len == 2 * AEAD_KEY;
	if (hex ? !hex_decode(text.at, AEAD_KEY, bytes)
		: !base64_decode(text, bytes, &len) && !base64url_decode(text, bytes, &len))
		return false;
	if (!hex && len != AEAD_KEY)
		return false;
	memcpy(out->bytes, bytes, AEAD_KEY);
	set_id(out);
	return true;
}

static const struct seal_key *find_key(const struct seal_keys *keys, const void *id)
{
	for (size_t i = 0; i < keys->count; i++)
		if (memcmp(keys->at[i].id, id, SEAL_KEY_ID) == 0)
			return &keys->at[i];
	return NULL;
}

static bool is_between(char byte)
{
	return byte == ',' || byte == ' ' || byte == '\n' || byte == '\r' || byte == '\t';
}

enum err seal_keys_add(struct ctx *c, struct seal_keys *keys, struct str text)
{
	while (text.len) {
		size_t len = 0;
		struct seal_key key;
		while (len < text.len && !is_between(text.at[len]))
			len++;
		struct str word = str_until(text, len);
		text = str_from_index(text, len < text.len ? len + 1 : len);
		if (!word.len)
			continue;
		if (!read_key(c, word, &key))
			return fail(c, ERR_INVALID,
				"a key to seal with is 64 hexadecimal digits, or the base64 of 32 "
				"bytes");
		if (find_key(keys, key.id))
			continue;
		if (keys->count == SEAL_KEYS_MAX)
			return fail(c, ERR_INVALID, "there are more than %d keys to seal with",
				SEAL_KEYS_MAX);
		keys->at[keys->count++] = key;
	}
	return OK;
}

/* What it is bound to, and by what: none of it can be changed without being noticed. */
static struct str bound_bytes(
	struct ctx *c, const struct seal_bound *bound, const struct seal_key *key)
{
	struct buf b = {.arena = c->arena};
	uint8_t id[8];
	put_be64(id, (uint64_t)bound->id);
	buf_byte(&b, VERSION);
	buf_bytes(&b, key->id, sizeof key->id);
	buf_bytes(&b, id, sizeof id);
	buf_cstr(&b, bound->purpose);
	return buf_view(&b);
}

struct str seal_make(struct ctx *c, const struct seal_keys *keys, const struct seal_bound *bound,
	struct str secret)
{
	ASSERT(keys->count && secret.len <= SEAL_SECRET_MAX);
	const struct seal_key *key = &keys->at[0];
	size_t len = CLOSED_AT + secret.len + AEAD_TAG;
	uint8_t *out = arena_raw(c->arena, len);
	out[0] = VERSION;
	memcpy(out + 1, key->id, SEAL_KEY_ID);
	c->world->random(out + NONCE_AT, AEAD_NONCE);
	aead_close(key->bytes, out + NONCE_AT, bound_bytes(c, bound, key), secret, out + CLOSED_AT);
	return str_from(out, len);
}

enum err seal_open(struct ctx *c, const struct seal_keys *keys, const struct seal_bound *bound,
	struct str sealed, struct str *secret)
{
	const uint8_t *at = (const uint8_t *)sealed.at;
	if (sealed.len < CLOSED_AT + AEAD_TAG || at[0] != VERSION)
		return fail(c, ERR_DAMAGED, "what is sealed as %s is no seal", bound->purpose);
	const struct seal_key *key = find_key(keys, at + 1);
	if (!key)
		return fail(c, ERR_UNAVAILABLE,
			"the key %08x, with which this was sealed (%s), is not here: its operator "
			"sets it as NIMBUS_SEAL_KEY",
			(unsigned)get_be32(at + 1), bound->purpose);
	struct str closed = str_from_index(sealed, CLOSED_AT);
	uint8_t *out = arena_raw(c->arena, closed.len);
	if (!aead_open(key->bytes, at + NONCE_AT, bound_bytes(c, bound, key), closed, out))
		return fail(c, ERR_DAMAGED, "what is sealed as %s is not what was sealed",
			bound->purpose);
	*secret = str_from(out, closed.len - AEAD_TAG);
	return OK;
}

bool seal_is_old(const struct seal_keys *keys, struct str sealed)
{
	return keys->count && sealed.len > SEAL_KEY_ID &&
	       memcmp(sealed.at + 1, keys->at[0].id, SEAL_KEY_ID) != 0;
}
