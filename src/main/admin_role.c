/* Who may do what: permissions, those by patterns, rules for refs; and until when. */
#include "base/json.h"
#include "core/collaborator.h"
#include "core/grant.h"
#include "core/rule.h"
#include "main/admin.h"

/* --expires from now on, or for ever. */
static enum err read_end(struct ctx *c, const struct admin *admin, int64_t *out)
{
	int64_t seconds;
	TRY(admin_seconds(c, admin, "--expires", 0, &seconds));
	*out = seconds ? c->world->clock() / 1000000 + seconds : 0;
	return OK;
}

enum err admin_permission_list(struct ctx *c, struct admin *admin)
{
	struct permission_row *rows;
	size_t count;
	TRY(permission_list(
		c, &admin->core, &admin->owner, admin_argument(admin, "REPO"), &rows, &count));
	print("%-39s  %-10s  %s\n", "USER", "PERMISSION", "EXPIRES");
	for (size_t i = 0; i < count; i++)
		print("%-39.*s  %-10s  %s\n", STR_FMT(rows[i].username),
			permission_name(rows[i].level), admin_time(c, rows[i].expires));
	return OK;
}

enum err admin_permission_set(struct ctx *c, struct admin *admin)
{
	struct permission_on on = {admin_argument(admin, "REPO"), admin_argument(admin, "USER")};
	struct str word = admin_argument(admin, "PERMISSION");
	enum permission level;
	int64_t expires;
	TRY(read_end(c, admin, &expires));
	if (!permission_parse(word, &level))
		return fail(
			c, ERR_INVALID, "%.*s is not read, write, admin or none", STR_FMT(word));
	if (level == PERMISSION_NONE)
		TRY(permission_delete(c, &admin->core, &admin->owner, &on));
	else
		TRY(permission_put(c, &admin->core, &admin->owner, &on, level, expires));
	print("%.*s on %.*s: %s\n", STR_FMT(on.username), STR_FMT(on.repo), permission_name(level));
	return OK;
}

enum err admin_user_expire(struct ctx *c, struct admin *admin)
{
	struct str username = admin_argument(admin, "USER");
	int64_t expires;
	TRY(read_end(c, admin, &expires));
	TRY(collaborator_set_expires(c, &admin->core, &admin->owner, username, expires));
	print("%.*s expires: %s\n", STR_FMT(username), admin_time(c, expires));
	return OK;
}

enum err admin_grant_list(struct ctx *c, struct admin *admin)
{
	struct grant *grants;
	size_t count;
	TRY(grant_list(c, &admin->core, &admin->owner, &grants, &count));
	print("%-6s  %-39s  %-10s  %-16s  %-12s  %s\n", "ID", "USER", "PERMISSION", "EXPIRES",
		"SOURCE", "PATTERN");
	for (size_t i = 0; i < count; i++)
		print("%-6lld  %-39.*s  %-10s  %-16s  %-12.*s  %.*s\n", (long long)grants[i].id,
			STR_FMT(grants[i].username), permission_name(grants[i].level),
			admin_time(c, grants[i].expires),
			STR_FMT(grants[i].source.len ? grants[i].source : STR("by hand")),
			STR_FMT(grants[i].pattern));
	return OK;
}

enum err admin_grant_add(struct ctx *c, struct admin *admin)
{
	struct grant made, what = {.username = admin_argument(admin, "USER"),
				   .pattern = admin_argument(admin, "PATTERN")};
	struct str word = admin_argument(admin, "PERMISSION");
	TRY(read_end(c, admin, &what.expires));
	if (!permission_parse(word, &what.level) || what.level == PERMISSION_NONE)
		return fail(c, ERR_INVALID, "%.*s is not read, write or admin", STR_FMT(word));
	TRY(grant_put(c, &admin->core, &admin->owner, &what, &made));
	print("Grant %lld: %.*s on %.*s: %s\n", (long long)made.id, STR_FMT(made.username),
		STR_FMT(made.pattern), permission_name(made.level));
	return OK;
}

static enum err read_id(struct ctx *c, const struct admin *admin, const char *noun, int64_t *out)
{
	struct str text = admin_argument(admin, "ID");
	uint64_t id;
	if (!str_to_u64(text, &id) || id > INT64_MAX)
		return fail(c, ERR_INVALID, "%.*s is not the number of a %s", STR_FMT(text), noun);
	*out = (int64_t)id;
	return OK;
}

enum err admin_grant_remove(struct ctx *c, struct admin *admin)
{
	int64_t id;
	TRY(read_id(c, admin, "grant", &id));
	TRY(grant_delete(c, &admin->core, &admin->owner, id));
	print("Grant %lld is gone.\n", (long long)id);
	return OK;
}

enum err admin_rule_list(struct ctx *c, struct admin *admin)
{
	struct rules rules;
	TRY(rule_list(c, &admin->core, &admin->owner, admin_argument(admin, "REPO"), &rules));
	print("%-6s  %-24s  %-10s  %-10s  %-10s  %-10s  %s\n", "ID", "PATTERN", "CREATE", "UPDATE",
		"FORCE", "DELETE", "DESCRIPTION");
	for (size_t i = 0; i < rules.count; i++) {
		const struct rule *rule = &rules.at[i];
		print("%-6lld  %-24.*s", (long long)rule->id, STR_FMT(rule->pattern));
		for (int act = 0; act < RULE_ACTS; act++)
			print("  %-10.*s", STR_FMT(rule_who_text(c->arena, &rule->may[act])));
		print("  %.*s\n", STR_FMT(rule->description));
	}
	return OK;
}

enum err admin_rule_add(struct ctx *c, struct admin *admin)
{
	struct rule rule = {.pattern = admin_argument(admin, "PATTERN"),
		.description = admin_argument(admin, "--description")};
	for (int act = 0; act < RULE_ACTS; act++) {
		const char *name = rule_act_name((enum rule_act)act);
		const char *option = arena_fmt(c->arena, "--%s", name);
		struct str text = admin_argument(admin, option);
		if (text.len)
			TRY(rule_who_parse(c, option, text, &rule.may[act]));
	}
	TRY(rule_put(c, &admin->core, &admin->owner, admin_argument(admin, "REPO"), &rule));
	print("Rule %lld is for %.*s.\n", (long long)rule.id, STR_FMT(rule.pattern));
	return OK;
}

enum err admin_rule_remove(struct ctx *c, struct admin *admin)
{
	int64_t id;
	TRY(read_id(c, admin, "rule", &id));
	TRY(rule_delete(c, &admin->core, &admin->owner, admin_argument(admin, "REPO"), id));
	print("Rule %lld is gone.\n", (long long)id);
	return OK;
}
