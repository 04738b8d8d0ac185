#include "meta/rule.h"

#include "base/buf.h"
#include "base/vec.h"
#include "meta/instance.h"

static struct str body_of(struct ctx *c, const struct rule *rule)
{
	struct buf b = {.arena = c->arena};
	struct json_writer w = {.out = &b};
	json_begin_object(&w);
	rule_to_json(&w, rule);
	json_end_object(&w);
	return buf_view(&b);
}

/* A rule that cannot be read must not let anybody through. */
static enum err from_row(struct ctx *c, const struct db_value *row, struct rule *out)
{
	struct json *body;
	enum err err = json_parse(c, row[2].text, &body);
	if (!err)
		err = rule_from_json(c, body, out);
	if (err)
		return fail(c, ERR_CORRUPT, "rule %lld in the database cannot be read",
			(long long)row[0].integer);
	out->id = row[0].integer;
	out->pattern = row[1].text;
	return OK;
}

enum err meta_rule_list(struct ctx *c, struct db_tx *tx, const struct repo *repo, struct rules *out)
{
	static const char sql[] =
		"SELECT id, pattern, body FROM ref_rule WHERE repo_id = $1 ORDER BY id";
	DB_ROWS *rows = NULL;
	VEC_OF(struct rule) list = {.arena = c->arena};
	*out = (struct rules){0};
	if (!repo->rules)
		return OK;
	TRY(db_query(c, tx, sql, DB_ARGS(DB_I(repo->id)), &rows));
	for (;;) {
		struct db_value row[3];
		bool more;
		TRY(db_next(c, rows, row, &more));
		if (!more)
			break;
		TRY(from_row(c, row, vec_push(&list)));
	}
	*out = (struct rules){list.at, list.len};
	return OK;
}

static enum err count_again(struct ctx *c, struct db_tx *tx, int64_t repo_id)
{
	static const char sql[] =
		"UPDATE repo SET rules = "
		"(SELECT COUNT(*) FROM ref_rule WHERE repo_id = $1) WHERE id = $1";
	return db_run(c, tx, sql, DB_ARGS(DB_I(repo_id)), NULL);
}

static enum err none(struct ctx *c, int64_t id)
{
	return fail(c, ERR_NOT_FOUND, "there is no rule %lld", (long long)id);
}

enum err meta_rule_add(struct ctx *c, struct db_tx *tx, int64_t repo_id, struct rule *rule)
{
	static const char sql[] =
		"INSERT INTO ref_rule (repo_id, id, pattern, body) VALUES ($1, $2, $3, $4)";
	TRY(meta_instance_next_id(c, tx, STR("rule"), &rule->id));
	TRY(db_run(c, tx, sql,
		DB_ARGS(DB_I(repo_id), DB_I(rule->id), DB_T(rule->pattern), DB_T(body_of(c, rule))),
		NULL));
	return count_again(c, tx, repo_id);
}

enum err meta_rule_set(struct ctx *c, struct db_tx *tx, int64_t repo_id, const struct rule *rule)
{
	static const char sql[] =
		"UPDATE ref_rule SET pattern = $1, body = $2 WHERE repo_id = $3 AND id = $4";
	int64_t changed;
	TRY(db_run(c, tx, sql,
		DB_ARGS(DB_T(rule->pattern), DB_T(body_of(c, rule)), DB_I(repo_id), DB_I(rule->id)),
		&changed));
	return changed ? OK : none(c, rule->id);
}

enum err meta_rule_delete(struct ctx *c, struct db_tx *tx, int64_t repo_id, int64_t id)
{
	static const char sql[] = "DELETE FROM ref_rule WHERE repo_id = $1 AND id = $2";
	int64_t changed;
	TRY(db_run(c, tx, sql, DB_ARGS(DB_I(repo_id), DB_I(id)), &changed));
	return changed ? count_again(c, tx, repo_id) : none(c, id);
}
