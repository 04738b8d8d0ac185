#include "core/rule.h"

#include "base/buf.h"
#include "core/permit.h"
#include "core/record.h"
#include "meta/rule.h"

/* A change of the repository's rules; DB_READ: only a look at them. */
static struct permit_need change_of(struct str repo, enum db_mode mode)
{
	return (struct permit_need){repo, OPERATION_REPOSITORY_CHANGE, .mode = mode};
}

/* `rule`: as it is now; NULL: it is gone. */
static enum err record_rule(struct ctx *c, struct db_tx *tx, const struct actor *who,
	const struct repo *repo, int64_t id, const struct rule *rule)
{
	struct buf b = {.arena = c->arena};
	struct json_writer w = {.out = &b};
	json_begin_object(&w);
	json_member_int(&w, "id", id);
	json_member_bool(&w, "deleted", !rule);
	if (rule) {
		json_member_str(&w, "pattern", rule->pattern);
		rule_to_json(&w, rule);
	}
	json_end_object(&w);
	return record_add(c, tx,
		&(struct record){.who = who,
			.type = EVENT_RULE_CHANGED,
			.repo = repo,
			.data = buf_view(&b)});
}

enum err rule_list(struct ctx *c, struct core *core, const struct actor *who, struct str repo,
	struct rules *out)
{
	DB_TX *tx = NULL;
	struct repo found;
	const struct permit_need need = change_of(repo, DB_READ);
	TRY(permit_begin_repo(c, core, who, &need, &tx, &found));
	return meta_rule_list(c, tx, &found, out);
}

static enum err store(struct ctx *c, struct db_tx *tx, const struct repo *repo, struct rule *rule)
{
	if (rule->id)
		return meta_rule_set(c, tx, repo->id, rule);
	if (repo->rules >= RULES_MAX)
		return fail(c, ERR_INVALID, "a repository has at most %d rules", RULES_MAX);
	return meta_rule_add(c, tx, repo->id, rule);
}

static enum err check_seen(
	struct ctx *c, struct db_tx *tx, const struct repo *repo, struct expected *expected)
{
	struct rules now;
	if (!expected || !expected->rule)
		return OK;
	TRY(meta_rule_list(c, tx, repo, &now));
	return expected_rule(c, expected, &now);
}

enum err rule_put(struct ctx *c, struct core *core, const struct actor *who, struct str repo,
	struct rule *rule)
{
	return rule_put_seen(c, core, who, repo, rule, NULL);
}

enum err rule_put_seen(struct ctx *c, struct core *core, const struct actor *who, struct str repo,
	struct rule *rule, struct expected *expected)
{
	DB_TX *tx = NULL;
	struct repo found;
	const struct permit_need need = change_of(repo, DB_WRITE);
	TRY(permit_begin_repo(c, core, who, &need, &tx, &found));
	TRY(rule_check(c, rule));
	TRY(check_seen(c, tx, &found, expected));
	TRY(store(c, tx, &found, rule));
	TRY(record_rule(c, tx, who, &found, rule->id, rule));
	return db_commit(c, &tx);
}

enum err rule_delete(
	struct ctx *c, struct core *core, const struct actor *who, struct str repo, int64_t id)
{
	return rule_delete_seen(c, core, who, repo, id, NULL);
}

enum err rule_delete_seen(struct ctx *c, struct core *core, const struct actor *who,
	struct str repo, int64_t id, struct expected *expected)
{
	DB_TX *tx = NULL;
	struct repo found;
	const struct permit_need need = change_of(repo, DB_WRITE);
	TRY(permit_begin_repo(c, core, who, &need, &tx, &found));
	TRY(check_seen(c, tx, &found, expected));
	TRY(meta_rule_delete(c, tx, found.id, id));
	TRY(record_rule(c, tx, who, &found, id, NULL));
	return db_commit(c, &tx);
}
