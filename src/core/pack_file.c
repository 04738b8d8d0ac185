#include "core/pack_file.h"

#include "base/hash.h"
#include "base/hex.h"
#include "base/hmac.h"
#include "core/permit.h"
#include "meta/pack.h"
#include "meta/repo.h"

enum { MAC_BYTES = 32 };

static struct str signature_of(struct ctx *c, const struct core *core, struct str name,
	struct str hash, struct str expires)
{
	uint8_t digest[HASH_MAX];
	char *hex = arena_raw(c->arena, 2 * MAC_BYTES);
	const char *what = arena_fmt(c->arena, "pack-file %.*s %.*s %.*s", STR_FMT(name),
		STR_FMT(hash), STR_FMT(expires));
	hmac_sha256(core->nonce_key, str_of(what), digest);
	hex_encode(digest, MAC_BYTES, hex);
	return str_from(hex, 2 * MAC_BYTES);
}

enum err pack_file_address(struct ctx *c, struct core *core, const struct repo *repo,
	const struct oid *pack, struct str *url)
{
	struct blob_address address = {0};
	const struct blob_grant grant = {
		.key = meta_pack_key(c, core->instance, repo->id, pack, "pack"),
		.seconds = PACK_FILE_SECONDS};
	TRY(blob_presign(c, core->blob, &grant, &address));
	*url = address.url;
	return OK;
}

enum err pack_file_proof(struct ctx *c, struct core *core, const struct repo *repo,
	const struct oid *pack, struct pack_proof *out)
{
	char hex[OID_HEX_MAX];
	bool open = false;
	DB_TX *tx = NULL;
	*out = (struct pack_proof){0};
	TRY(permit_anybody(c, core, repo, OPERATION_REPOSITORY_FETCH, &open));
	if (open)
		return OK;
	ASSERT(core->nonce_key.len);
	TRY(db_begin(c, core->db, DB_READ, &tx));
	TRY(db_ask_time(c, tx));
	int64_t end = db_now(tx) + PACK_FILE_SECONDS;
	out->expires = str_of(arena_fmt(c->arena, "%lld", (long long)end));
	out->signature =
		signature_of(c, core, repo->name, str_of(oid_hex(pack, hex)), out->expires);
	return OK;
}

/* Before anything is looked up: what is not proved tells nothing of what there is. */
static enum err judge(
	struct ctx *c, const struct core *core, const struct pack_file_ask *ask, int64_t now)
{
	const struct pack_proof *p = &ask->proof;
	uint64_t end = 0;
	struct str ours = signature_of(c, core, ask->name, ask->hash, p->expires);
	if (!core->nonce_key.len || ours.len != p->signature.len ||
		!bytes_equal_secret(ours.at, p->signature.at, ours.len) ||
		!str_to_u64(p->expires, &end))
		return fail(c, ERR_DENIED, "the signature of this address is not ours");
	if ((uint64_t)now >= end)
		return fail(c, ERR_DENIED, "this address has expired: fetch again");
	return OK;
}

static enum err begin(struct ctx *c, struct core *core, const struct actor *who,
	const struct pack_file_ask *ask, struct db_tx **tx, struct repo *out)
{
	const struct permit_need need = {ask->name, OPERATION_REPOSITORY_FETCH, .mode = DB_READ};
	if (!ask->proof.signature.len)
		return permit_begin_repo(c, core, who, &need, tx, out);
	TRY(db_begin(c, core->db, DB_READ, tx));
	TRY(db_ask_time(c, *tx));
	TRY(judge(c, core, ask, db_now(*tx)));
	return meta_repo_get_by_name(c, *tx, ask->name, out);
}

enum err pack_file_open(struct ctx *c, struct core *core, const struct actor *who,
	const struct pack_file_ask *ask, struct pack_file *out)
{
	struct pack_files files = {0};
	struct repo repo;
	struct oid id;
	DB_TX *tx = NULL;
	TRY(begin(c, core, who, ask, &tx, &repo));
	if (oid_parse(repo.object_format, ask->hash, &id))
		TRY(meta_pack_files(
			c, tx, repo.id, str_from(id.hash, hash_size(repo.object_format)), &files));
	db_rollback(&tx);
	TRY(permit_anybody(c, core, &repo, OPERATION_REPOSITORY_FETCH, &out->open));
	if (!files.pack)
		return fail(c, ERR_NOT_FOUND, "there is no such pack here any more: fetch again");
	return blob_open(
		c, core->blob, meta_pack_key(c, core->instance, repo.id, &id, "pack"), &out->bytes);
}

void pack_file_close(struct pack_file *f)
{
	extent_close(f->bytes);
}
