#include "meta/push_cert.h"

enum err meta_push_cert_add(
	struct ctx *c, struct db_tx *tx, int64_t repo_id, const struct push_cert_row *row)
{
	static const char sql[] =
		"INSERT INTO push_cert (repo_id, version, key_type, key, fingerprint, nonce, "
		"certificate) VALUES ($1, $2, $3, $4, $5, $6, $7)";
	return db_change(c, tx, sql,
		DB_ARGS(DB_I(repo_id), DB_I(row->version), DB_T(row->key_type), DB_T(row->key),
			DB_T(row->fingerprint), DB_T(row->nonce), DB_B(row->certificate)));
}

enum err meta_push_cert_get(struct ctx *c, struct db_tx *tx, int64_t repo_id, int64_t version,
	struct push_cert_row *out)
{
	static const char sql[] = "SELECT key_type, key, fingerprint, nonce, certificate "
				  "FROM push_cert WHERE repo_id = $1 AND version = $2";
	struct db_value row[5];
	TRY(db_row(c, tx, sql, DB_ARGS(DB_I(repo_id), DB_I(version)), row));
	*out = (struct push_cert_row){.version = version,
		.key_type = row[0].text,
		.key = row[1].text,
		.fingerprint = row[2].text,
		.nonce = row[3].text,
		.certificate = row[4].text};
	return OK;
}
