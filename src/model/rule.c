#include "model/rule.h"

#include "base/buf.h"
#include "model/user.h"

static const struct {
	const char *name, *noun;
} acts[RULE_ACTS] = {
	[RULE_CREATE] = {"create", "creating it"},
	[RULE_UPDATE] = {"update", "pushing to it"},
	[RULE_FORCE] = {"force", "force-push"},
	[RULE_DELETE] = {"delete", "deleting it"},
};

static const char *const words[] = {
	[RULE_WRITE] = "write", [RULE_ADMIN] = "admin", [RULE_NOBODY] = "nobody"};

enum { WORDS = sizeof words / sizeof *words };

const char *rule_act_name(enum rule_act act)
{
	return acts[act].name;
}

static bool parse_word(struct str text, struct rule_who *out)
{
	for (unsigned i = 0; i < WORDS; i++) {
		if (str_is(text, words[i])) {
			*out = (struct rule_who){.kind = (enum rule_who_kind)i};
			return true;
		}
	}
	return false;
}

static enum err add_name(struct ctx *c, const char *what, struct str name, struct rule_who *out)
{
	if (out->count == RULE_LIST_MAX)
		return fail(
			c, ERR_INVALID, "\"%s\" names more than %d people", what, RULE_LIST_MAX);
	TRY_WHILE(c, username_check(c, name), "reading \"%s\"", what);
	out->names[out->count++] = name;
	return OK;
}

static void begin_names(struct arena *a, struct rule_who *out)
{
	*out = (struct rule_who){
		.kind = RULE_PEOPLE, .names = NEW_ARRAY(a, struct str, RULE_LIST_MAX)};
}

enum err rule_who_parse(struct ctx *c, const char *what, struct str text, struct rule_who *out)
{
	if (parse_word(text, out))
		return OK;
	begin_names(c->arena, out);
	while (text.len)
		TRY(add_name(c, what, str_trim(str_cut(&text, ',')), out));
	if (!out->count)
		return fail(c, ERR_INVALID,
			"\"%s\" is write, admin, nobody, or the names of people", what);
	return OK;
}

static struct str joined(struct arena *a, const struct str *texts, size_t count)
{
	struct buf out = {.arena = a};
	for (size_t i = 0; i < count; i++)
		buf_fmt(&out, "%s%.*s", i ? ", " : "", STR_FMT(texts[i]));
	return buf_view(&out);
}

struct str rule_who_text(struct arena *a, const struct rule_who *who)
{
	if (who->kind != RULE_PEOPLE)
		return str_of(words[who->kind]);
	return joined(a, who->names, who->count);
}

struct str rule_checks_text(struct arena *a, const struct rule *rule)
{
	return joined(a, rule->checks, rule->check_count);
}

static enum err who_from_json(
	struct ctx *c, const char *what, const struct json *value, struct rule_who *out)
{
	*out = (struct rule_who){.kind = RULE_WRITE};
	if (!value || value->kind == JSON_NULL)
		return OK;
	if (value->kind == JSON_STRING && parse_word(value->text, out))
		return OK;
	if (value->kind != JSON_ARRAY || !value->count)
		return fail(c, ERR_INVALID,
			"\"%s\" is write, admin, nobody, or a list of usernames", what);
	begin_names(c->arena, out);
	for (const struct json *item = value->first; item; item = item->next) {
		struct str name = item->kind == JSON_STRING ? item->text : STR("");
		TRY(add_name(c, what, name, out));
	}
	return OK;
}

static enum err line_check(struct ctx *c, const char *what, struct str text)
{
	bool ok = text.len <= RULE_TEXT_MAX && str_is_utf8(text);
	for (size_t i = 0; ok && i < text.len; i++)
		ok = (unsigned char)text.at[i] >= ' ' && text.at[i] != 0x7f;
	if (!ok)
		return fail(c, ERR_INVALID, "%s is one line of UTF-8 text, at most %d bytes", what,
			RULE_TEXT_MAX);
	return OK;
}

static enum err checks_from_json(struct ctx *c, const struct json *value, struct rule *out)
{
	static const char what[] = "a name in \"required_checks\"";
	if (!value || value->kind == JSON_NULL)
		return OK;
	if (value->kind != JSON_ARRAY || value->count > RULE_LIST_MAX)
		return fail(c, ERR_INVALID, "\"required_checks\" is a list of up to %d names",
			RULE_LIST_MAX);
	out->checks = NEW_ARRAY(c->arena, struct str, value->count);
	for (const struct json *item = value->first; item; item = item->next) {
		if (item->kind != JSON_STRING || !item->text.len)
			return fail(c, ERR_INVALID, "%s is a text", what);
		out->checks[out->check_count++] = item->text;
	}
	return OK;
}

static enum err reviews_from_json(struct ctx *c, const struct json *value, int64_t *out)
{
	*out = 0;
	if (!value || value->kind == JSON_NULL)
		return OK;
	if (value->kind != JSON_INT || value->integer < 0 || value->integer > RULE_REVIEWS_MAX)
		return fail(c, ERR_INVALID, "\"required_reviews\" is a number from 0 to %d",
			RULE_REVIEWS_MAX);
	*out = value->integer;
	return OK;
}

enum err rule_from_json(struct ctx *c, const struct json *object, struct rule *out)
{
	*out = (struct rule){.description = json_text(object, "description")};
	for (int i = 0; i < RULE_ACTS; i++)
		TRY(who_from_json(c, acts[i].name, json_get(object, acts[i].name), &out->may[i]));
	TRY(checks_from_json(c, json_get(object, "required_checks"), out));
	return reviews_from_json(c, json_get(object, "required_reviews"), &out->reviews);
}

static void who_to_json(struct json_writer *w, const char *key, const struct rule_who *who)
{
	if (who->kind != RULE_PEOPLE) {
		json_member_cstr(w, key, words[who->kind]);
		return;
	}
	json_key(w, key);
	json_begin_array(w);
	for (size_t i = 0; i < who->count; i++)
		json_string(w, who->names[i]);
	json_end_array(w);
}

void rule_to_json(struct json_writer *w, const struct rule *rule)
{
	for (int i = 0; i < RULE_ACTS; i++)
		who_to_json(w, acts[i].name, &rule->may[i]);
	json_key(w, "required_checks");
	json_begin_array(w);
	for (size_t i = 0; i < rule->check_count; i++)
		json_string(w, rule->checks[i]);
	json_end_array(w);
	json_member_int(w, "required_reviews", rule->reviews);
	json_member_str(w, "description", rule->description);
}

enum err rule_check(struct ctx *c, const struct rule *rule)
{
	TRY(pattern_check(c, "a rule", rule->pattern));
	for (size_t i = 0; i < rule->check_count; i++)
		TRY(line_check(c, "the name of a check", rule->checks[i]));
	return line_check(c, "a rule's description", rule->description);
}

static bool may(const struct rule_who *who, const struct rule_question *q)
{
	if (who->kind == RULE_WRITE)
		return true;
	if (who->kind == RULE_ADMIN)
		return q->level >= PERMISSION_ADMIN;
	for (size_t i = 0; i < who->count; i++) {
		if (str_eq(who->names[i], q->username))
			return true;
	}
	return false;
}

static const char *refusal(
	struct arena *a, enum rule_act act, const struct rule_who *who, bool unsure)
{
	const char *whose = who->kind == RULE_NOBODY  ? "is not allowed"
			    : who->kind == RULE_ADMIN ? "is for who administers the repository"
						      : "is for those that its rule names";
	const char *why = unsure ? ", and whether this is one could not be found out in time" : "";
	return arena_fmt(a, "protected: %s %s%s", acts[act].noun, whose, why);
}

/* A forced push is a push too. */
static unsigned acts_of(const struct rule_question *q)
{
	switch (q->operation) {
	case OPERATION_REF_CREATE: return 1U << RULE_CREATE;
	case OPERATION_REF_DELETE: return 1U << RULE_DELETE;
	case OPERATION_REF_FORCE: return 1U << RULE_UPDATE | 1U << RULE_FORCE;
	case OPERATION_REF_UPDATE: return 1U << RULE_UPDATE | (unsigned)q->unsure << RULE_FORCE;
	default: return 0;
	}
}

const char *rules_refuse(struct arena *a, const struct rules *rules, const struct rule_question *q)
{
	unsigned wanted = acts_of(q);
	for (size_t i = 0; i < rules->count; i++) {
		const struct rule *rule = &rules->at[i];
		struct arena_mark mark = arena_mark(a);
		bool fits = pattern_fits_ref(a, rule->pattern, q->name);
		arena_rewind(a, mark);
		for (unsigned act = 0; fits && act < RULE_ACTS; act++) {
			const struct rule_who *who = &rule->may[act];
			if (wanted & 1U << act && !may(who, q))
				return refusal(a, act, who, act == RULE_FORCE && q->unsure);
		}
	}
	return NULL;
}
