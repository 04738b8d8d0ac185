/* core/audit.h, core/audit_read.h, meta/audit.h: chains, and every way to spoil one. */
#include "core_house.h"

#include "base/hex.h"
#include "core/audit_read.h"
#include "meta/migrate.h"

struct found {
	size_t count;
	char first[300];
};

static void note(void *arg, const char *text)
{
	struct found *f = arg;
	if (!f->count++)
		fmt_into(f->first, sizeof f->first, "%s", text);
}

static struct audit_verify verify_since(struct ctx *c, struct found *found, int64_t since)
{
	struct audit_verify v = {.problem = note, .arg = found, .since = since};
	*found = (struct found){0};
	assert_ok(c, audit_verify(c, core_of(c), &house_of(c)->owner, &v));
	assert_int_equal(v.problems, found->count);
	return v;
}

static void is_whole(struct ctx *c)
{
	struct found found;
	verify_since(c, &found, 0);
	if (found.count)
		fail_msg("%s", found.first);
}

/* What it says of one thing that is wrong. */
static const char *wrong(struct ctx *c)
{
	static struct found found;
	verify_since(c, &found, 0);
	assert_int_not_equal(found.count, 0);
	return found.first;
}

static enum err try_sql(struct ctx *c, const char *sql)
{
	DB_TX *tx = NULL;
	TRY(db_begin(c, house_of(c)->db, DB_WRITE, &tx));
	TRY(db_run(c, tx, sql, DB_NO_ARGS, NULL));
	return db_commit(c, &tx);
}

static void sql(struct ctx *c, const char *text)
{
	assert_ok(c, try_sql(c, text));
}

/* As somebody would who has the database in their hands. */
static void unlock(struct ctx *c)
{
	sql(c, "DROP TRIGGER audit_entry_changed");
	sql(c, "DROP TRIGGER audit_entry_deleted");
}

/* A chain of a repository with three entries. */
static struct repo fill(struct ctx *c)
{
	struct repo_change change = {.description = &STR("one")};
	struct repo repo = house_repo(c, "r", VISIBILITY_PRIVATE);
	assert_ok(c, repo_update(c, core_of(c), &house_of(c)->owner, STR("r"), &change, &repo));
	change.description = &STR("two");
	assert_ok(c, repo_update(c, core_of(c), &house_of(c)->owner, STR("r"), &change, &repo));
	assert_int_equal(repo.id, 1);
	return repo;
}

static void what_is_written_is_whole(void **state)
{
	struct ctx *c = *state;
	struct found found;
	fill(c);
	house_person(c, "ada");
	struct audit_verify v = verify_since(c, &found, 0);
	assert_int_equal(found.count, 0);
	assert_int_equal(v.chains, 2);
	assert_int_equal(v.entries, 5); /* the owner, ada; created, changed, changed */
	assert_int_equal(v.unchained, 0);
	assert_int_equal(v.head.sequence, 2);
}

static void the_hash_is_as_it_is_documented(void **state)
{
	(void)state;
	static const struct audit entry = {
		.chain = 7,
		.sequence = 1,
		.time = 1795448072000001,
		.user_id = 3,
		.username = {"ada", 3},
		.peer = {"::1", 3},
		.via = {"token 12", 8},
		.action = {"push", 4},
		.outcome = AUDIT_REFUSED,
		.subject = {"r", 1},
		.detail = {"{}", 2},
		.request = {"0af7", 4},
		.decision = {"d-1", 3},
	};
	uint8_t hash[HASH_MAX];
	char hex[2 * HASH_MAX + 1] = "";
	meta_audit_hash((struct str){0}, &entry, hash);
	hex_encode(hash, sizeof hash, hex);
	/* tests/audit_chain.py says the same. */
	assert_string_equal(
		hex, "6c02569fb4369e9e49525a16337e44daff180077dc740240043173dcbaf00929");
}

static void nothing_can_be_changed_or_deleted(void **state)
{
	struct ctx *c = *state;
	fill(c);
	assert_err(c, try_sql(c, "UPDATE audit_entry SET subject = 'x'"), ERR_CONFLICT);
	assert_err(c, try_sql(c, "DELETE FROM audit_entry"), ERR_CONFLICT);
	is_whole(c);
}

static void a_change_of_any_column_shows(void **state)
{
	struct ctx *c = *state;
	static const char *const changes[] = {
		"UPDATE audit_entry SET time = time + 1 WHERE chain = 1 AND sequence = 2",
		"UPDATE audit_entry SET account_id = 9 WHERE chain = 1 AND sequence = 2",
		"UPDATE audit_entry SET username = 'onwer' WHERE chain = 1 AND sequence = 2",
		"UPDATE audit_entry SET peer = '127.0.0.2' WHERE chain = 1 AND sequence = 2",
		"UPDATE audit_entry SET via = 'passworf' WHERE chain = 1 AND sequence = 2",
		"UPDATE audit_entry SET action = 'x' WHERE chain = 1 AND sequence = 2",
		"UPDATE audit_entry SET outcome = 1 WHERE chain = 1 AND sequence = 2",
		"UPDATE audit_entry SET subject = 's' WHERE chain = 1 AND sequence = 2",
		"UPDATE audit_entry SET detail = detail || ' ' WHERE chain = 1 AND sequence = 2",
		"UPDATE audit_entry SET request = 'x' WHERE chain = 1 AND sequence = 2",
		"UPDATE audit_entry SET decision = '1' WHERE chain = 1 AND sequence = 2",
		"UPDATE audit_entry SET hash = x'00' WHERE chain = 1 AND sequence = 2",
		"UPDATE audit_entry SET hash = NULL WHERE chain = 1 AND sequence = 2",
		("UPDATE audit_entry SET hash = (SELECT hash FROM audit_entry WHERE chain = 1 AND "
		 "sequence = 1) WHERE chain = 1 AND sequence = 2"),
	};
	fill(c);
	unlock(c);
	sql(c, "CREATE TABLE kept AS SELECT * FROM audit_entry");
	for (size_t i = 0; i < sizeof changes / sizeof *changes; i++) {
		sql(c, changes[i]);
		assert_string_equal(wrong(c),
			"chain 1, entry 2: it, or one before it, is not as it was written");
		sql(c, "DELETE FROM audit_entry");
		sql(c, "INSERT INTO audit_entry SELECT * FROM kept");
		is_whole(c);
	}
}

static void what_is_taken_out_shows(void **state)
{
	struct ctx *c = *state;
	static const struct {
		const char *sql, *says;
	} cases[] = {
		{"DELETE FROM audit_entry WHERE chain = 1 AND sequence = 2",
			"chain 1: entries 2 to 2 are missing"},
		{"DELETE FROM audit_entry WHERE chain = 1 AND sequence = 1",
			"chain 1: entries 1 to 1 are missing"},
		{"DELETE FROM audit_entry WHERE chain = 1 AND sequence > 1",
			"chain 1: its end is missing: entries 2 to 3"},
		{"DELETE FROM audit_entry WHERE chain = 0 AND sequence = 1",
			"the instance's chain: its end is missing: entries 1 to 1"},
		{"DELETE FROM audit_chain WHERE chain = 1",
			"chain 1: there are entries, but its head is missing"},
		{"UPDATE audit_chain SET hash = x'00' WHERE chain = 1",
			"chain 1: it does not end with the entry that its head names (3)"},
		{"UPDATE audit_chain SET sequence = 2 WHERE chain = 1",
			"chain 1: it does not end with the entry that its head names (2)"},
		{"UPDATE audit_chain SET cut = 1, cut_hash = (SELECT hash FROM audit_entry WHERE "
		 "chain = 1 AND sequence = 1) WHERE chain = 1",
			"chain 1: its start is missing (entries 1 to 1), and no entry says that it "
			"was cut off"},
	};
	fill(c);
	unlock(c);
	sql(c, "CREATE TABLE kept AS SELECT * FROM audit_entry");
	sql(c, "CREATE TABLE heads AS SELECT * FROM audit_chain");
	sql(c, "UPDATE audit_entry SET sequence = -sequence WHERE chain = 1 AND sequence > 1");
	sql(c, "UPDATE audit_entry SET sequence = 5 + sequence WHERE sequence < 0");
	assert_string_equal(
		wrong(c), "chain 1, entry 2: it, or one before it, is not as it was written");
	sql(c, "UPDATE audit_entry SET sequence = -sequence WHERE chain = 1 AND sequence > 1");
	sql(c, "UPDATE audit_entry SET sequence = 5 + sequence WHERE sequence < 0");
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		sql(c, cases[i].sql);
		assert_string_equal(wrong(c), cases[i].says);
		sql(c, "DELETE FROM audit_entry");
		sql(c, "DELETE FROM audit_chain");
		sql(c, "INSERT INTO audit_entry SELECT * FROM kept");
		sql(c, "INSERT INTO audit_chain SELECT * FROM heads");
		is_whole(c);
	}
}

/* Who cuts off an end and mends the head is found out by the anchor. */
static void an_anchor_knows_what_was_there(void **state)
{
	struct ctx *c = *state;
	size_t count;
	const char *head = NULL;
	struct found found;
	fill(c);
	assert_ok(c, audit_anchor(c, core_of(c), 3600, &count, &head));
	assert_int_equal(count, 1);
	assert_int_equal(strlen(head), 64);
	assert_str(house_audit(c).action, AUDIT_ANCHORED);
	assert_ok(c, audit_anchor(c, core_of(c), 3600, &count, &head));
	assert_int_equal(count, 0); /* not yet again */
	assert_int_equal(verify_since(c, &found, 0).anchors, 1);
	assert_int_equal(found.count, 0);
	unlock(c);
	sql(c, "DELETE FROM audit_entry WHERE chain = 1 AND sequence = 3");
	sql(c, "UPDATE audit_chain SET sequence = 2, hash = (SELECT hash FROM audit_entry WHERE "
	       "chain = 1 AND sequence = 2) WHERE chain = 1");
	assert_string_equal(wrong(c),
		"chain 1 has no entry 3, which it had when it was anchored (the instance's chain, "
		"entry 2): its end was cut off");
}

static void the_past_goes_when_it_is_told_to(void **state)
{
	struct ctx *c = *state;
	int64_t cut;
	struct found found;
	fill(c);
	assert_ok(c, audit_cut(c, core_of(c), 0, &cut));
	assert_int_equal(cut, 0); /* of today nothing goes */
	house_moved = (int64_t)3 * 86400 * 1000000;
	assert_ok(c, audit_cut(c, core_of(c), 86400, &cut));
	assert_int_equal(cut, 4);
	assert_int_equal(verify_since(c, &found, 0).entries, 2);
	assert_int_equal(found.count, 0);
	house_repo(c, "s", VISIBILITY_PRIVATE);
	is_whole(c);
	assert_ok(c, audit_cut(c, core_of(c), 86400, &cut));
	assert_int_equal(cut, 0);
}

static void who_believes_the_past_is_told_of_the_rest(void **state)
{
	struct ctx *c = *state;
	struct found found;
	fill(c);
	int64_t now = c->world->clock() / 1000000;
	assert_int_equal(verify_since(c, &found, now + 100).entries, 0);
	assert_int_equal(found.count, 0);
	assert_int_equal(verify_since(c, &found, now - 100).entries, 4);
	assert_int_equal(found.count, 0);
}

static struct audit_list list(struct ctx *c, const struct audit_query *query)
{
	struct audit_list out;
	assert_ok(c, audit_list(c, core_of(c), &house_of(c)->owner, query, &out));
	return out;
}

static void it_can_be_searched(void **state)
{
	struct ctx *c = *state;
	struct actor ada = house_person(c, "ada");
	struct audit_list out;
	fill(c);
	assert_int_equal(list(c, &(struct audit_query){0}).count, 5);
	assert_int_equal(list(c, &(struct audit_query){.repo = STR("r")}).count, 3);
	assert_int_equal(list(c, &(struct audit_query){.repo = STR("ada")}).count, 1);
	assert_int_equal(list(c, &(struct audit_query){.who = STR("owner")}).count, 4);
	assert_int_equal(list(c, &(struct audit_query){.action = STR("push")}).count, 0);
	assert_int_equal(list(c, &(struct audit_query){.outcome = STR("refused")}).count, 0);
	assert_int_equal(list(c, &(struct audit_query){.until = 1}).count, 0);
	struct audit_query query = {.limit = 2};
	size_t seen = 0;
	for (out.more = true; out.more; seen += out.count) {
		out = list(c, &query);
		query.after = audit_cursor(c, &out.at[out.count - 1]);
	}
	assert_int_equal(seen, 5);
	query.after = STR("1.2");
	assert_err(c, audit_list(c, core_of(c), &house_of(c)->owner, &query, &out), ERR_INVALID);
	query = (struct audit_query){.outcome = STR("maybe")};
	assert_err(c, audit_list(c, core_of(c), &house_of(c)->owner, &query, &out), ERR_INVALID);
	query = (struct audit_query){0};
	assert_err(c, audit_list(c, core_of(c), &ada, &query, &out), ERR_DENIED);
	assert_err(c, audit_list(c, core_of(c), &ACTOR_ANONYMOUS, &query, &out), ERR_UNAUTH);
}

/* A refusal, as the edge notes it. */
static void be_refused(struct ctx *c, const struct actor *who, const char *subject)
{
	audit_refuse(c, core_of(c),
		&(struct audit_refusal){.who = who,
			.action = STR("repository.push"),
			.subject = str_of(subject),
			.why = STR("no")});
}

static size_t refused(struct ctx *c)
{
	return list(c, &(struct audit_query){.outcome = STR("refused")}).count;
}

static void equal_refusals_are_two_entries(void **state)
{
	struct ctx *c = *state;
	struct actor ada = house_person(c, "ada");
	for (int i = 0; i < 1000; i++)
		be_refused(c, &ada, "r");
	be_refused(c, &ada, "s");
	assert_int_equal(refused(c), 0);
	assert_ok(c, audit_flush(c, core_of(c), false));
	assert_int_equal(refused(c), 2);
	for (int i = 0; i < 5; i++)
		be_refused(c, &ada, "r");
	assert_ok(c, audit_flush(c, core_of(c), false));
	assert_int_equal(refused(c), 2);
	house_moved += 61000000;
	assert_ok(c, audit_flush(c, core_of(c), false));
	assert_int_equal(refused(c), 3);
	struct audit newest = house_audit(c);
	assert_str(newest.detail, "{\"why\":\"no\",\"count\":5}");
	assert_str(newest.username, "ada");
	/* A new minute begins. */
	be_refused(c, &ada, "r");
	assert_ok(c, audit_flush(c, core_of(c), false));
	assert_int_equal(refused(c), 4);
	is_whole(c);
}

static void a_flood_of_refusals_is_counted(void **state)
{
	struct ctx *c = *state;
	struct actor ada = house_person(c, "ada");
	for (int i = 0; i < AUDIT_REFUSED_MAX + 500; i++)
		be_refused(c, &ada, arena_fmt(c->arena, "r%d", i));
	assert_ok(c, audit_flush(c, core_of(c), true));
	struct audit newest = house_audit(c);
	assert_str(newest.action, AUDIT_OVERFLOW);
	assert_str(newest.detail, "{\"count\":500}");
	is_whole(c);
}

static void what_cannot_be_written_is_written_later(void **state)
{
	struct ctx *c = *state;
	struct actor ada = house_person(c, "ada");
	be_refused(c, &ada, "r");
	for (int64_t at = 1; at <= 5; at++) { /* begin, head, entry, head, commit */
		db_faulty_set(core_of(c)->db, at, ERR_UNAVAILABLE);
		assert_err(c, audit_flush(c, core_of(c), false), ERR_UNAVAILABLE);
		db_faulty_set(core_of(c)->db, 0, OK);
		assert_int_equal(refused(c), 0);
	}
	assert_ok(c, audit_flush(c, core_of(c), false));
	assert_int_equal(refused(c), 1);
	is_whole(c);
}

static void any_bytes_can_be_refused(void **state)
{
	struct ctx *c = *state;
	char bytes[600];
	memset(bytes, '\xc3', sizeof bytes);
	bytes[3] = 0;
	audit_refuse(c, core_of(c),
		&(struct audit_refusal){.name = STR("\xff\xfe"),
			.action = STR("sign-in"),
			.subject = str_from(bytes, sizeof bytes),
			.why = str_from(bytes, sizeof bytes)});
	assert_ok(c, audit_flush(c, core_of(c), true));
	assert_int_equal(refused(c), 1);
	is_whole(c);
}

static void a_failed_sign_in_is_told_without_the_secret(void **state)
{
	struct ctx *c = *state;
	struct actor who;
	struct credential cred = {CREDENTIAL_PASSWORD, STR("owner"), STR("wrong horse")};
	assert_err(c, login_credential(c, core_of(c), &cred, STR("10.0.0.7"), &who), ERR_UNAUTH);
	cred.username = STR("Correct Horse!");
	assert_err(c, login_credential(c, core_of(c), &cred, STR("10.0.0.8"), &who), ERR_UNAUTH);
	assert_ok(c, audit_flush(c, core_of(c), true));
	struct audit_list out = list(c, &(struct audit_query){.action = STR(AUDIT_SIGN_IN)});
	assert_int_equal(out.count, 2);
	assert_str(out.at[0].username, ""); /* it may be a password */
	assert_str(out.at[1].username, "owner");
	assert_str(out.at[1].peer, "10.0.0.7");
	assert_str(out.at[1].via, "password");
	assert_int_equal(out.at[1].outcome, AUDIT_REFUSED);
	assert_int_equal(out.at[1].user_id, 0);
}

static void the_edge_notes_what_permit_refused(void **state)
{
	struct ctx *c = *state;
	struct actor ada = house_person(c, "ada");
	struct repo_change change = {.description = &STR("mine")};
	struct repo repo;
	house_repo(c, "open", VISIBILITY_PUBLIC);
	assert_err(c, repo_update(c, core_of(c), &ada, STR("open"), &change, &repo), ERR_DENIED);
	fail(c, ERR_DENIED, "as it was");
	audit_error(c, core_of(c), &ada, STR("PATCH"), STR("/api/v1/repos/open"));
	ctx_clear(c);
	fail(c, ERR_DENIED, "of nothing known");
	audit_error(c, core_of(c), &ada, STR("POST"), STR("/invitation/secret"));
	ctx_clear(c);
	fail(c, ERR_UNAUTH, "a challenge");
	audit_error(c, core_of(c), &ACTOR_ANONYMOUS, STR("GET"), STR("/x"));
	ctx_clear(c);
	fail(c, ERR_NOT_FOUND, "no");
	audit_error(c, core_of(c), &ada, STR("GET"), STR("/x"));
	ctx_clear(c);
	assert_ok(c, audit_flush(c, core_of(c), true));
	struct audit_list out = list(c, &(struct audit_query){.outcome = STR("refused")});
	assert_int_equal(out.count, 2);
	assert_str(out.at[0].action, AUDIT_REQUEST);
	assert_str(out.at[0].subject, "POST /invitation/");
	assert_str(out.at[1].subject, "open");
	assert_str(out.at[1].action, "repository.change");
}

/* A database as it was before there were chains. */
static struct db *open_old(struct ctx *c, int64_t before)
{
	static const struct {
		int64_t version;
		const char *sql;
	} steps[] = {
#define STATEMENT(version, sql) {version, sql},
#define CLUSTERED(version, sql) {version, sql},
#define DIALECTS(version, sqlite, postgres) {version, sqlite},
#include "meta/migrations.def"
#undef STATEMENT
#undef CLUSTERED
#undef DIALECTS
	};
	static const char make[] = "CREATE TABLE schema_version (version BIGINT, time BIGINT)";
	static const char note_version[] = "INSERT INTO schema_version VALUES ($1, 0)";
	struct db *db;
	DB_TX *tx = NULL;
	assert_ok(c, db_sqlite_open(c, ":memory:", &db));
	assert_ok(c, db_begin(c, db, DB_WRITE, &tx));
	assert_ok(c, db_run(c, tx, make, DB_NO_ARGS, NULL));
	for (size_t i = 0; steps[i].version < before; i++)
		assert_ok(c, db_run(c, tx, steps[i].sql, DB_NO_ARGS, NULL));
	assert_ok(c, db_run(c, tx, note_version, DB_ARGS(DB_I(before - 1)), NULL));
	assert_ok(c, db_commit(c, &tx));
	return db;
}

static void what_was_written_before_is_kept(void **state)
{
	struct ctx *c = *state;
	enum { VERSION = 8 };
	static const char insert[] =
		"INSERT INTO audit VALUES ($1, 1, 'owner', 'push', 'r', '{}', 'q')";
	const struct meta_audit_query all = {
		.outcome = -1, .until = INT64_MAX, .before = {.time = INT64_MAX}};
	struct audit entries[4];
	struct audit_head head;
	size_t count = 4;
	struct db *db = open_old(c, VERSION);
	DB_TX *tx = NULL;
	assert_ok(c, db_begin(c, db, DB_WRITE, &tx));
	for (int64_t i = 0; i < 3; i++)
		assert_ok(c, db_run(c, tx, insert, DB_ARGS(DB_I(30 - i)), NULL));
	assert_ok(c, db_commit(c, &tx));
	assert_ok(c, meta_migrate(c, db));
	assert_ok(c, db_begin(c, db, DB_READ, &tx));
	assert_ok(c, meta_audit_list(c, tx, &all, entries, &count));
	assert_int_equal(count, 3);
	assert_int_equal(entries[0].time, 30);
	assert_int_equal(entries[0].sequence, 3);
	assert_int_equal(entries[0].chain, AUDIT_BEFORE);
	assert_str(entries[2].action, "push");
	assert_int_equal(entries[2].hash.len, 0);
	assert_ok(c, meta_audit_head_get(c, tx, AUDIT_BEFORE, &head));
	assert_int_equal(head.sequence, 3);
	db_rollback(&tx);
	db_close(db);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		HOUSE_TEST(what_is_written_is_whole),
		HOUSE_TEST(the_hash_is_as_it_is_documented),
		HOUSE_TEST(nothing_can_be_changed_or_deleted),
		HOUSE_TEST(a_change_of_any_column_shows),
		HOUSE_TEST(what_is_taken_out_shows),
		HOUSE_TEST(an_anchor_knows_what_was_there),
		HOUSE_TEST(the_past_goes_when_it_is_told_to),
		HOUSE_TEST(who_believes_the_past_is_told_of_the_rest),
		HOUSE_TEST(it_can_be_searched),
		HOUSE_TEST(equal_refusals_are_two_entries),
		HOUSE_TEST(a_flood_of_refusals_is_counted),
		HOUSE_TEST(what_cannot_be_written_is_written_later),
		HOUSE_TEST(any_bytes_can_be_refused),
		HOUSE_TEST(a_failed_sign_in_is_told_without_the_secret),
		HOUSE_TEST(the_edge_notes_what_permit_refused),
		HOUSE_TEST(what_was_written_before_is_kept),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
