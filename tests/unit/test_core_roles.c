/* Who may do what: every cell of tests/permission_table.def, by the verbs; and what stands around it. */
#include "core_house.h"

#include "core/grant.h"
#include "core/history.h"
#include "core/push.h"
#include "core/rule.h"
#include "meta/rule.h"

struct line {
	const char *operation, *repo, *ref, *cells;
};

static const struct line table[] = {
#define CELLS(operation, repo, ref, cells) {operation, repo, ref, cells},
#include "permission_table.def"
#undef CELLS
};

enum { LINES = sizeof table / sizeof *table, COLUMNS = 11 };

static const char *const columns[COLUMNS] = {"owner", "admin", "write", "read", "none", "anonymous",
	"ended", "lapsed", "pattern", "token", "elsewhere"};

static const char *const protections[] = {"write", "admin", "named", "nobody"};

static int64_t now_of(struct ctx *c)
{
	return c->world->clock() / 1000000;
}

static void give(
	struct ctx *c, const char *repo, const char *username, enum permission level, int64_t end)
{
	struct permission_on on = {str_of(repo), str_of(username)};
	assert_ok(c, permission_put(c, core_of(c), &house_of(c)->owner, &on, level, end));
}

static struct grant grant(struct ctx *c, const char *username, const char *pattern,
	enum permission level, int64_t end)
{
	struct grant made, what = {.username = str_of(username),
				   .pattern = str_of(pattern),
				   .level = level,
				   .expires = end};
	assert_ok(c, grant_put(c, core_of(c), &house_of(c)->owner, &what, &made));
	return made;
}

/* A rule by which only `who` may do any of the four. */
static struct rule protect(struct ctx *c, const char *repo, const char *pattern, const char *who)
{
	struct rule rule = {.pattern = str_of(pattern)};
	for (int act = 0; act < RULE_ACTS; act++)
		assert_ok(c, rule_who_parse(c, "who", str_of(who), &rule.may[act]));
	assert_ok(c, rule_put(c, core_of(c), &house_of(c)->owner, str_of(repo), &rule));
	assert_true(rule.id > 0);
	return rule;
}

static void furnish(struct ctx *c, const char *name, enum visibility visibility)
{
	int64_t soon = now_of(c) + 3600;
	house_repo(c, name, visibility);
	give(c, name, "admin", PERMISSION_ADMIN, 0);
	give(c, name, "write", PERMISSION_WRITE, 0);
	give(c, name, "read", PERMISSION_READ, 0);
	give(c, name, "ended", PERMISSION_ADMIN, 0);
	give(c, name, "lapsed", PERMISSION_ADMIN, soon);
	for (int i = 0; i < 4; i++) {
		const char *pattern = arena_fmt(c->arena, "%s-*", protections[i]);
		protect(c, name, pattern, i == 2 ? "write," : protections[i]);
	}
}

static void furnish_all(struct ctx *c, struct actor people[COLUMNS])
{
	struct actor *owner = &house_of(c)->owner;
	for (int i = 0; i < COLUMNS; i++)
		people[i] = i == 5           ? ACTOR_ANONYMOUS
			    : i > 0 && i < 9 ? house_person(c, columns[i])
					     : *owner;
	people[9] = house_token(c, owner, PERMISSION_READ, NULL);
	people[10] = house_limited(c, "{\"repositories\": [\"other-*\"]}");
	house_person(c, "other");
	furnish(c, "t-public", VISIBILITY_PUBLIC);
	furnish(c, "t-private", VISIBILITY_PRIVATE);
	furnish(c, "t-deleted", VISIBILITY_PRIVATE);
	grant(c, "pattern", "T-*", PERMISSION_WRITE, 0);
	assert_ok(c, repo_delete(c, core_of(c), owner, STR("t-deleted"), NULL));
	assert_ok(
		c, collaborator_set_expires(c, core_of(c), owner, STR("ended"), now_of(c) + 3600));
	house_moved += 3600 * INT64_C(1000000);
}

static const char *outcome(enum err err)
{
	switch (err) {
	case OK: return "yes";
	case ERR_DENIED: return "no";
	case ERR_NOT_FOUND: return "hidden";
	case ERR_UNAUTH: return "who";
	default: return err_name(err);
	}
}

static const char *try_push(struct ctx *c, const struct actor *who, struct str repo,
	enum operation operation, const char *ref)
{
	DB_TX *tx = NULL;
	struct push_target target;
	struct rules rules;
	struct permit_need need = push_need(repo, DB_READ);
	const struct ref_change change = {
		.name = str_of(arena_fmt(c->arena, "refs/heads/%s-1", ref))};
	struct permit_ref what = {.operation = operation, .change = &change};
	if (operation != OPERATION_REPOSITORY_PUSH) {
		need.refs = &what;
		need.ref_count = 1;
	}
	enum err err = push_begin(c, core_of(c), who, &need, &tx, &target);
	if (err || operation == OPERATION_REPOSITORY_PUSH || target.create)
		return err ? outcome(err) : target.create ? "makes" : "yes";
	assert_ok(c, meta_rule_list(c, tx, &target.on.repo, &rules));
	assert_int_equal(rules.count, 4);
	const char *refused = permit_ref(c, who, &rules, &what);
	if (!refused)
		return "yes";
	return strncmp(refused, "protected: ", 11) == 0 ? "rule" : refused;
}

static enum err try_operation(
	struct ctx *c, const struct actor *who, struct str name, enum operation operation)
{
	const struct permit_need need = {name, operation, .mode = DB_READ};
	struct str text = STR("changed");
	struct repo_change change = {.description = &text};
	struct permission_on on = {name, STR("other")};
	struct user *users;
	struct repo repo;
	size_t count;
	DB_TX *tx = NULL;
	switch (operation) {
	case OPERATION_REPOSITORY_READ: return repo_get(c, core_of(c), who, name, &repo, NULL);
	case OPERATION_REPOSITORY_CHANGE:
		return repo_update(c, core_of(c), who, name, &change, &repo);
	case OPERATION_REPOSITORY_DELETE: return repo_delete(c, core_of(c), who, name, &repo);
	case OPERATION_PERMISSION_CHANGE:
		return permission_put(c, core_of(c), who, &on, PERMISSION_READ, 0);
	case OPERATION_INSTANCE_ADMIN: return collaborator_list(c, core_of(c), who, &users, &count);
	default: break;
	}
	if (operation == OPERATION_ACCOUNT_CHANGE)
		return permit_begin_account(c, core_of(c), who, DB_READ, &tx);
	assert_int_equal(operation, OPERATION_REPOSITORY_FETCH);
	return permit_begin_repo(c, core_of(c), who, &need, &tx, &repo);
}

static bool is_push(enum operation operation)
{
	return operation >= OPERATION_REPOSITORY_PUSH && operation <= OPERATION_REF_DELETE;
}

/* What is deleted comes back for the next. */
static void undo(struct ctx *c, struct str name)
{
	struct repo_deleted_query query = {0};
	struct repo_list list;
	struct repo repo;
	struct actor *owner = &house_of(c)->owner;
	assert_ok(c, repo_deleted_list(c, core_of(c), owner, &query, &list));
	for (size_t i = 0; i < list.count; i++)
		if (str_eq(list.at[i].name, name))
			assert_ok(
				c, repo_restore(c, core_of(c), owner, list.at[i].id, NULL, &repo));
}

static const char *try(struct ctx *c, const struct actor *who, const struct line *line)
{
	struct str name = str_of(arena_fmt(c->arena, "t-%s", line->repo));
	enum operation operation;
	assert_true(operation_parse(str_of(line->operation), &operation));
	if (is_push(operation))
		return try_push(c, who, name, operation, line->ref);
	const char *got = outcome(try_operation(c, who, name, operation));
	if (operation == OPERATION_REPOSITORY_DELETE && strcmp(got, "yes") == 0)
		undo(c, name);
	return got;
}

static void every_cell_of_the_table_is_so(void **state)
{
	struct ctx *c = *state;
	struct actor people[COLUMNS];
	size_t cells = 0, wrong = 0;
	furnish_all(c, people);
	for (size_t i = 0; i < LINES; i++) {
		struct str rest = str_of(table[i].cells);
		for (int k = 0; k < COLUMNS; k++, cells++) {
			rest = str_trim(rest);
			struct str expected = str_cut(&rest, ' ');
			const char *got = try(c, &people[k], &table[i]);
			if (str_is(expected, got))
				continue;
			wrong++;
			print_error("%s on %s, %s, by %s: %s instead of %.*s\n", table[i].operation,
				table[i].repo, table[i].ref, columns[k], got, STR_FMT(expected));
		}
		assert_int_equal(str_trim(rest).len, 0);
	}
	assert_int_equal(wrong, 0);
	assert_int_equal(cells, LINES * COLUMNS);
}

static void every_operation_is_in_the_table(void **state)
{
	(void)state;
	for (int i = 0; i < OPERATION_COUNT; i++) {
		bool found = false;
		for (size_t k = 0; k < LINES; k++)
			found |= strcmp(table[k].operation, operation_name((enum operation)i)) == 0;
		assert_true(found);
	}
}

static size_t list_of(struct ctx *c, const struct actor *who)
{
	struct repo_query query = {0};
	struct repo_list list;
	assert_ok(c, repo_list(c, core_of(c), who, &query, &list));
	return list.count;
}

static enum permission level_of(struct ctx *c, const struct actor *who, const char *name)
{
	struct repo repo;
	enum permission level;
	if (repo_get(c, core_of(c), who, str_of(name), &repo, &level)) {
		assert_int_equal(c->error.kind, ERR_NOT_FOUND);
		return PERMISSION_NONE;
	}
	return level;
}

static void the_highest_grant_that_has_not_ended_counts(void **state)
{
	struct ctx *c = *state;
	int64_t hour = now_of(c) + 3600, day = now_of(c) + 86400;
	struct actor anna = house_person(c, "anna"), bob = house_person(c, "bob");
	house_repo(c, "Team-a", VISIBILITY_PRIVATE);
	house_repo(c, "team_b", VISIBILITY_PRIVATE);
	house_repo(c, "teamXb", VISIBILITY_PRIVATE);
	assert_int_equal(list_of(c, &anna), 0);
	grant(c, "anna", "team-?", PERMISSION_READ, 0);
	grant(c, "anna", "*-a", PERMISSION_ADMIN, hour);
	grant(c, "anna", "team*", PERMISSION_WRITE, day);
	give(c, "Team-a", "anna", PERMISSION_READ, 0);
	assert_int_equal(level_of(c, &anna, "team-a"), PERMISSION_ADMIN);
	assert_int_equal(level_of(c, &anna, "team_b"), PERMISSION_WRITE);
	assert_int_equal(list_of(c, &anna), 3);
	assert_int_equal(list_of(c, &bob), 0);
	house_moved += 3599 * INT64_C(1000000);
	assert_int_equal(level_of(c, &anna, "team-a"), PERMISSION_ADMIN);
	house_moved += INT64_C(1000000);
	assert_int_equal(level_of(c, &anna, "team-a"), PERMISSION_WRITE);
	house_moved += 86400 * INT64_C(1000000);
	assert_int_equal(level_of(c, &anna, "team-a"), PERMISSION_READ);
	assert_int_equal(level_of(c, &anna, "team_b"), PERMISSION_NONE);
	assert_int_equal(list_of(c, &anna), 1);

	/* An underscore is no wildcard. */
	grant(c, "bob", "team_b", PERMISSION_READ, 0);
	assert_int_equal(level_of(c, &bob, "team_b"), PERMISSION_READ);
	assert_int_equal(level_of(c, &bob, "teamXb"), PERMISSION_NONE);
	assert_int_equal(list_of(c, &bob), 1);
}

static void grants_are_the_owners_to_give(void **state)
{
	struct ctx *c = *state;
	struct actor *owner = &house_of(c)->owner, anna = house_person(c, "anna");
	struct grant made, *list,
		what = {.username = STR("anna"), .pattern = STR("a*"), .level = 1};
	size_t count;
	assert_err(c, grant_put(c, core_of(c), &anna, &what, &made), ERR_DENIED);
	assert_err(c, grant_list(c, core_of(c), &anna, &list, &count), ERR_DENIED);
	assert_ok(c, grant_put(c, core_of(c), owner, &what, &made));
	assert_err(c, grant_delete(c, core_of(c), &anna, made.id), ERR_DENIED);
	int64_t first = made.id;
	what.level = PERMISSION_WRITE;
	assert_ok(c, grant_put(c, core_of(c), owner, &what, &made));
	assert_int_equal(made.id, first);
	assert_ok(c, grant_list(c, core_of(c), owner, &list, &count));
	assert_int_equal(count, 1);
	assert_int_equal(list[0].level, PERMISSION_WRITE);
	assert_str(list[0].username, "anna");

	static const char *const wrong[] = {"", "[ab]", "a/b", "a%", "a\\", "\xc3\xa4"};
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
		what.pattern = str_of(wrong[i]);
		assert_err(c, grant_put(c, core_of(c), owner, &what, &made), ERR_INVALID);
	}
	what.pattern = STR("b*");
	what.expires = now_of(c);
	assert_err(c, grant_put(c, core_of(c), owner, &what, &made), ERR_INVALID);
	what.expires = 0;
	what.level = PERMISSION_NONE;
	assert_err(c, grant_put(c, core_of(c), owner, &what, &made), ERR_INVALID);
	what.level = PERMISSION_READ;
	what.username = STR("owner");
	assert_err(c, grant_put(c, core_of(c), owner, &what, &made), ERR_INVALID);
	what.username = STR("nobody");
	assert_err(c, grant_put(c, core_of(c), owner, &what, &made), ERR_NOT_FOUND);
	assert_ok(c, grant_delete(c, core_of(c), owner, first));
	assert_err(c, grant_delete(c, core_of(c), owner, first), ERR_NOT_FOUND);
}

static void a_grant_that_is_not_as_it_was_seen_is_left(void **state)
{
	struct ctx *c = *state;
	struct actor *owner = &house_of(c)->owner;
	struct grant made, *list,
		what = {.username = STR("anna"), .pattern = STR("a*"), .level = PERMISSION_READ};
	size_t count;
	house_person(c, "anna");
	assert_ok(c, grant_put(c, core_of(c), owner, &what, &made));
	assert_ok(c, grant_list(c, core_of(c), owner, &list, &count));
	struct expected expected = {.grant = &list[0]};
	what.level = PERMISSION_WRITE;
	assert_ok(c, grant_put(c, core_of(c), owner, &what, &made));
	assert_err(c, grant_delete_seen(c, core_of(c), owner, made.id, &expected), ERR_CONFLICT);
	assert_true(expected.changed);
	assert_ok(c, grant_list(c, core_of(c), owner, &list, &count));
	expected.grant = &list[0];
	assert_ok(c, grant_delete_seen(c, core_of(c), owner, made.id, &expected));
	assert_err(c, grant_delete_seen(c, core_of(c), owner, made.id, &expected), ERR_CONFLICT);
}

static void who_has_ended_is_nobody_by_any_proof(void **state)
{
	struct ctx *c = *state;
	struct actor *owner = &house_of(c)->owner, who;
	struct user user;
	struct session session, later;
	struct str secret, link;
	struct token token;
	struct repo repo;
	house_repo(c, "open", VISIBILITY_PUBLIC);
	assert_ok(c, collaborator_create(
			     c, core_of(c), owner, STR("anna"), STR("battery staple"), &user));
	struct actor anna = meta_user_actor(&user);
	struct token_new new = {.name = STR("t"), .limit = PERMISSION_READ};
	struct credential by_password = {CREDENTIAL_PASSWORD, STR("anna"), STR("battery staple")};
	const struct login_link for_anna = {STR("anna"), 7200};
	const struct session_from from = {STR("10.0.0.1"), STR("Firefox")};
	assert_ok(c, token_create(c, core_of(c), &anna, &new, &token, &secret));
	struct credential by_token = {CREDENTIAL_TOKEN, {0}, secret};
	session = house_session(c, &anna);
	assert_ok(c, login_link_create(c, core_of(c), owner, &for_anna, &link));
	assert_err(c, collaborator_set_expires(c, core_of(c), &anna, STR("anna"), 0), ERR_DENIED);
	assert_err(c, collaborator_set_expires(c, core_of(c), owner, STR("owner"), now_of(c) + 9),
		ERR_INVALID);
	assert_err(c, collaborator_set_expires(c, core_of(c), owner, STR("anna"), now_of(c)),
		ERR_INVALID);
	assert_ok(c, collaborator_set_expires(c, core_of(c), owner, STR("anna"), now_of(c) + 3000));
	house_moved += 2990 * INT64_C(1000000);
	assert_ok(c, login_credential(c, core_of(c), &by_password, STR(""), &who));
	assert_ok(c, login_credential(c, core_of(c), &by_token, STR(""), &who));
	assert_ok(c, session_get(c, core_of(c), session.cookie, &later));
	assert_ok(c, repo_get(c, core_of(c), &anna, STR("open"), &repo, NULL));
	house_moved += 10 * INT64_C(1000000);
	assert_err(c, repo_get(c, core_of(c), &anna, STR("open"), &repo, NULL), ERR_UNAUTH);
	assert_err(c, repo_get(c, core_of(c), &who, STR("open"), &repo, NULL), ERR_UNAUTH);
	assert_err(c, session_get(c, core_of(c), session.cookie, &later), ERR_UNAUTH);
	assert_err(c, session_begin(c, core_of(c), &anna, &from, &later), ERR_UNAUTH);
	assert_err(c, login_link_take(c, core_of(c), link, &who), ERR_UNAUTH);
	login_cache_drop(core_of(c)->logins, anna.user_id, 0);
	assert_err(c, login_credential(c, core_of(c), &by_password, STR(""), &who), ERR_UNAUTH);
	assert_err(c, login_credential(c, core_of(c), &by_token, STR(""), &who), ERR_UNAUTH);
	assert_ok(c, collaborator_set_expires(c, core_of(c), owner, STR("anna"), 0));
	assert_ok(c, login_credential(c, core_of(c), &by_password, STR(""), &who));
	assert_ok(c, repo_get(c, core_of(c), &anna, STR("open"), &repo, NULL));
}

static const char *refused(struct ctx *c, const struct rules *rules, enum operation operation,
	const char *ref, bool unsure)
{
	struct rule_question q = {operation, unsure, str_of(ref), STR("anna"), PERMISSION_WRITE};
	return rules_refuse(c->arena, rules, &q);
}

static void of_several_rules_each_must_allow(void **state)
{
	struct ctx *c = *state;
	struct rule two[2] = {{.pattern = STR("main")}, {.pattern = STR("refs/**")}};
	struct rules rules = {two, 2};
	two[0].may[RULE_FORCE].kind = RULE_NOBODY;
	two[1].may[RULE_DELETE].kind = RULE_ADMIN;
	assert_null(refused(c, &rules, OPERATION_REF_UPDATE, "refs/heads/main", false));
	assert_string_equal(refused(c, &rules, OPERATION_REF_FORCE, "refs/heads/main", false),
		"protected: force-push is not allowed");
	assert_string_equal(refused(c, &rules, OPERATION_REF_UPDATE, "refs/heads/main", true),
		"protected: force-push is not allowed, and whether this is one could not be found "
		"out in time");
	assert_null(refused(c, &rules, OPERATION_REF_FORCE, "refs/heads/other", false));
	assert_null(refused(c, &rules, OPERATION_REF_UPDATE, "refs/heads/other", true));
	assert_null(refused(c, &rules, OPERATION_REF_FORCE, "refs/tags/main", false));
	assert_string_equal(refused(c, &rules, OPERATION_REF_DELETE, "refs/heads/main", false),
		"protected: deleting it is for who administers the repository");
	two[0].may[RULE_FORCE].kind = RULE_WRITE;
	two[0].may[RULE_UPDATE].kind = RULE_NOBODY;
	assert_string_equal(refused(c, &rules, OPERATION_REF_FORCE, "refs/heads/main", false),
		"protected: pushing to it is not allowed");
}

static void rules_are_for_who_may_change_the_repository(void **state)
{
	struct ctx *c = *state;
	struct actor writer = house_person(c, "writer"), admin = house_person(c, "admin");
	struct actor stranger = house_person(c, "stranger");
	struct rules rules;
	house_repo(c, "r", VISIBILITY_PRIVATE);
	give(c, "r", "writer", PERMISSION_WRITE, 0);
	give(c, "r", "admin", PERMISSION_ADMIN, 0);
	struct rule rule = {.pattern = STR("main"), .reviews = 2};
	assert_err(c, rule_put(c, core_of(c), &writer, STR("r"), &rule), ERR_DENIED);
	assert_err(c, rule_list(c, core_of(c), &writer, STR("r"), &rules), ERR_DENIED);
	assert_err(c, rule_put(c, core_of(c), &stranger, STR("r"), &rule), ERR_NOT_FOUND);
	assert_ok(c, rule_put(c, core_of(c), &admin, STR("r"), &rule));
	assert_err(c, rule_delete(c, core_of(c), &writer, STR("r"), rule.id), ERR_DENIED);
	rule.may[RULE_FORCE].kind = RULE_NOBODY;
	assert_ok(c, rule_put(c, core_of(c), &admin, STR("r"), &rule));
	assert_ok(c, rule_list(c, core_of(c), &admin, STR("r"), &rules));
	assert_int_equal(rules.count, 1);
	assert_int_equal(rules.at[0].may[RULE_FORCE].kind, RULE_NOBODY);
	assert_int_equal(rules.at[0].reviews, 2);
	house_repo(c, "s", VISIBILITY_PRIVATE);
	assert_err(c, rule_put(c, core_of(c), &house_of(c)->owner, STR("s"), &rule), ERR_NOT_FOUND);
	assert_err(c, rule_delete(c, core_of(c), &house_of(c)->owner, STR("s"), rule.id),
		ERR_NOT_FOUND);
	assert_ok(c, rule_delete(c, core_of(c), &admin, STR("r"), rule.id));
	assert_ok(c, rule_list(c, core_of(c), &admin, STR("r"), &rules));
	assert_int_equal(rules.count, 0);
	struct rule none = {.pattern = STR("")};
	assert_err(c, rule_put(c, core_of(c), &admin, STR("r"), &none), ERR_INVALID);
}

static void head_does_not_leave_a_branch_that_one_may_not_push_to(void **state)
{
	struct ctx *c = *state;
	struct actor *owner = &house_of(c)->owner;
	struct str branch = STR("other");
	struct repo_change change = {.default_branch = &branch};
	struct repo repo;
	house_repo(c, "r", VISIBILITY_PRIVATE);
	struct rule rule = protect(c, "r", "main", "nobody");
	assert_err(c, repo_update(c, core_of(c), owner, STR("r"), &change, &repo), ERR_DENIED);
	assert_ok(c, repo_get(c, core_of(c), owner, STR("r"), &repo, NULL));
	assert_str(repo.head, "refs/heads/main");
	assert_ok(c, rule_delete(c, core_of(c), owner, STR("r"), rule.id));
	assert_ok(c, repo_update(c, core_of(c), owner, STR("r"), &change, &repo));
	assert_str(repo.head, "refs/heads/other");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		HOUSE_TEST(every_cell_of_the_table_is_so),
		HOUSE_TEST(every_operation_is_in_the_table),
		HOUSE_TEST(the_highest_grant_that_has_not_ended_counts),
		HOUSE_TEST(grants_are_the_owners_to_give),
		HOUSE_TEST(a_grant_that_is_not_as_it_was_seen_is_left),
		HOUSE_TEST(who_has_ended_is_nobody_by_any_proof),
		HOUSE_TEST(of_several_rules_each_must_allow),
		HOUSE_TEST(rules_are_for_who_may_change_the_repository),
		HOUSE_TEST(head_does_not_leave_a_branch_that_one_may_not_push_to),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
