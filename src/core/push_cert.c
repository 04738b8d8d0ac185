#include "core/push_cert.h"

#include "base/buf.h"
#include "base/hex.h"
#include "base/hmac.h"

enum { MAC_BYTES = 20 };

static struct str nonce_at(struct ctx *c, const struct core *core, struct str repo, int64_t seconds)
{
	uint8_t digest[HASH_MAX];
	char hex[2 * MAC_BYTES];
	const char *what =
		arena_fmt(c->arena, "push-cert %.*s %lld", STR_FMT(repo), (long long)seconds);
	hmac_sha256(core->nonce_key, str_of(what), digest);
	hex_encode(digest, MAC_BYTES, hex);
	return str_of(arena_fmt(c->arena, "%lld-%.*s", (long long)seconds, 2 * MAC_BYTES, hex));
}

struct str push_nonce(struct ctx *c, const struct core *core, struct str repo, int64_t now)
{
	if (!core->nonce_key.len)
		return (struct str){0};
	return nonce_at(c, core, repo, now);
}

const char *nonce_status_name(enum nonce_status status)
{
	return status == NONCE_OK ? "OK" : "SLOP";
}

static enum err judge_nonce(struct ctx *c, const struct core *core, struct str repo,
	struct str nonce, int64_t now, enum nonce_status *out)
{
	struct str time = nonce;
	uint64_t given = 0;
	if (!nonce.len)
		return fail(c, ERR_INVALID, "the push certificate has no nonce");
	if (!core->nonce_key.len || !str_to_u64(str_cut(&time, '-'), &given) ||
		given > INT32_MAX * 16ull)
		return fail(c, ERR_INVALID, "the push certificate's nonce was not given here");
	struct str ours = nonce_at(c, core, repo, (int64_t)given);
	if (ours.len != nonce.len || !bytes_equal_secret(ours.at, nonce.at, nonce.len))
		return fail(c, ERR_INVALID, "the push certificate's nonce was not given here");
	int64_t age = now - (int64_t)given;
	if (age > NONCE_SLOP_SECONDS)
		return fail(c, ERR_INVALID, "the push certificate's nonce is too old: push again");
	*out = age > NONCE_FRESH_SECONDS ? NONCE_SLOP : NONCE_OK;
	return OK;
}

enum err push_cert_verify(struct ctx *c, const struct core *core, struct str repo, struct str text,
	int64_t now, struct push_signed *out)
{
	TRY(push_cert_parse(c, text, &out->cert));
	TRY_WHILE(c,
		sshsig_verify(c, out->cert.signature, STR("git"), out->cert.content, &out->signer),
		"checking the push certificate");
	return judge_nonce(c, core, repo, out->cert.nonce, now, &out->nonce);
}
