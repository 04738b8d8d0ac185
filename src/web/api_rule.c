/* A repository's rules for its branches and tags. */
#include "core/rule.h"
#include "web/api.h"

static void write_rule(struct json_writer *w, const struct rule *rule)
{
	json_begin_object(w);
	json_member_int(w, "id", rule->id);
	json_member_str(w, "pattern", rule->pattern);
	rule_to_json(w, rule);
	json_end_object(w);
}

static enum err read_rule(struct ctx *c, struct web_request *r, struct rule *out)
{
	static const char *const fields[] = {"pattern", "create", "update", "force", "delete",
		"required_checks", "required_reviews", "description", NULL};
	const struct json *body;
	struct str pattern, ignored;
	struct rules rules;
	/* Who may not do this learns nothing from what is wrong with the body. */
	TRY(rule_list(c, r->core, &r->who, web_param(r, "name"), &rules));
	TRY(api_body(c, r, fields, &body));
	TRY(api_text_needed(c, r, body, "pattern", &pattern));
	TRY(api_text(c, r, body, "description", &ignored, NULL));
	r->field = "rule";
	TRY(rule_from_json(c, body, out));
	out->pattern = pattern;
	TRY(rule_check(c, out));
	r->field = NULL;
	return OK;
}

static enum err send_rule(struct ctx *c, struct web_request *r, int status, const struct rule *rule)
{
	struct api_reply reply;
	api_begin(c, &reply);
	write_rule(&reply.w, rule);
	return api_send(c, r, status, &reply);
}

enum err api_rules_list(struct ctx *c, struct web_request *r)
{
	struct rules rules;
	struct api_reply reply;
	TRY(rule_list(c, r->core, &r->who, web_param(r, "name"), &rules));
	api_list_begin(c, &reply);
	for (size_t i = 0; i < rules.count; i++)
		write_rule(&reply.w, &rules.at[i]);
	return api_list_send(c, r, &reply, NULL, STR(""));
}

enum err api_rule_get(struct ctx *c, struct web_request *r)
{
	struct rules rules;
	int64_t id;
	TRY(rule_list(c, r->core, &r->who, web_param(r, "name"), &rules));
	TRY(web_param_id(c, r, "rule", &id));
	for (size_t i = 0; i < rules.count; i++) {
		if (rules.at[i].id != id)
			continue;
		if (r->probing)
			r->expected.rule = &rules.at[i];
		return send_rule(c, r, 200, &rules.at[i]);
	}
	return fail(c, ERR_NOT_FOUND, "there is no rule %lld here", (long long)id);
}

enum err api_rules_create(struct ctx *c, struct web_request *r)
{
	struct rule rule;
	TRY(read_rule(c, r, &rule));
	TRY(rule_put(c, r->core, &r->who, web_param(r, "name"), &rule));
	return send_rule(c, r, 201, &rule);
}

enum err api_rule_set(struct ctx *c, struct web_request *r)
{
	struct rule rule;
	int64_t id;
	TRY(read_rule(c, r, &rule));
	TRY(web_param_id(c, r, "rule", &id));
	rule.id = id;
	TRY(rule_put_seen(c, r->core, &r->who, web_param(r, "name"), &rule, &r->expected));
	return send_rule(c, r, 200, &rule);
}

enum err api_rule_remove(struct ctx *c, struct web_request *r)
{
	struct rules rules;
	int64_t id;
	TRY(rule_list(c, r->core, &r->who, web_param(r, "name"), &rules));
	TRY(web_param_id(c, r, "rule", &id));
	TRY(rule_delete_seen(c, r->core, &r->who, web_param(r, "name"), id, &r->expected));
	return web_no_content(c, r);
}
