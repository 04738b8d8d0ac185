#include "model/scope.h"

#include "base/buf.h"

enum {
	ON_REFS = 1 << OPERATION_REF_CREATE | 1 << OPERATION_REF_UPDATE | 1 << OPERATION_REF_FORCE |
		  1 << OPERATION_REF_DELETE,
	PUSH = 1 << OPERATION_REPOSITORY_PUSH,
};

static enum err operations_from_json(struct ctx *c, const struct json *array, uint32_t *out)
{
	*out = 0;
	if (!array || array->kind == JSON_NULL)
		return OK;
	if (array->kind != JSON_ARRAY)
		return fail(c, ERR_INVALID, "\"operations\" is a list of operations");
	if (!array->count)
		return fail(c, ERR_INVALID, "a key whose \"operations\" are none can do nothing");
	for (const struct json *item = array->first; item; item = item->next) {
		enum operation operation;
		if (item->kind != JSON_STRING || !operation_parse(item->text, &operation))
			return fail(c, ERR_INVALID, "\"%.*s\" in \"operations\" is no operation",
				STR_FMT(str_until(item->text, 64)));
		*out |= operation_bit(operation);
	}
	if (*out & ON_REFS)
		*out |= PUSH;
	else if (*out & PUSH)
		*out |= ON_REFS;
	return OK;
}

static enum err bytes_from_json(struct ctx *c, const struct json *number, int64_t *out)
{
	*out = 0;
	if (!number || number->kind == JSON_NULL)
		return OK;
	if (number->kind != JSON_INT || number->integer < 1)
		return fail(c, ERR_INVALID, "\"bytes\" is a number of bytes, at least 1");
	*out = number->integer;
	return OK;
}

/* What is misspelt would not limit: so it is refused. */
static enum err check_members(struct ctx *c, const struct json *object)
{
	static const char *const known[] = {"repositories", "refs", "paths", "operations", "bytes"};
	for (const struct json *member = object->first; member; member = member->next) {
		bool is_known = false;
		for (size_t i = 0; i < sizeof known / sizeof *known; i++)
			is_known |= str_is(member->key, known[i]);
		if (!is_known)
			return fail(c, ERR_INVALID, "a key cannot be limited by \"%.*s\"",
				STR_FMT(str_until(member->key, 64)));
	}
	return OK;
}

enum err scope_from_json(struct ctx *c, const struct json *object, struct scope *out)
{
	*out = (struct scope){0};
	if (!object || object->kind == JSON_NULL)
		return OK;
	if (object->kind != JSON_OBJECT)
		return fail(c, ERR_INVALID, "what a key is limited to is a JSON object");
	TRY(check_members(c, object));
	TRY(patterns_from_json(
		c, "\"repositories\"", json_get(object, "repositories"), &out->repos));
	TRY(patterns_from_json(c, "\"refs\"", json_get(object, "refs"), &out->refs));
	TRY(patterns_from_json(c, "\"paths\"", json_get(object, "paths"), &out->paths));
	TRY(operations_from_json(c, json_get(object, "operations"), &out->operations));
	return bytes_from_json(c, json_get(object, "bytes"), &out->bytes);
}

enum err scope_parse(struct ctx *c, struct str text, struct scope *out)
{
	struct json *object = NULL;
	if (text.len > SCOPE_JSON_MAX)
		return fail(c, ERR_TOO_BIG, "what a key is limited to takes %zu bytes, over %d",
			text.len, SCOPE_JSON_MAX);
	if (text.len)
		TRY(json_parse(c, text, &object));
	return scope_from_json(c, object, out);
}

void scope_members_to_json(struct json_writer *w, const struct scope *scope)
{
	patterns_to_json(w, "repositories", &scope->repos);
	patterns_to_json(w, "refs", &scope->refs);
	patterns_to_json(w, "paths", &scope->paths);
	if (scope->operations) {
		json_key(w, "operations");
		json_begin_array(w);
		for (unsigned i = 0; i < OPERATION_COUNT; i++) {
			if (scope->operations & operation_bit((enum operation)i))
				json_string(w, str_of(operation_name((enum operation)i)));
		}
		json_end_array(w);
	}
	if (scope->bytes)
		json_member_int(w, "bytes", scope->bytes);
}

void scope_to_json(struct json_writer *w, const struct scope *scope)
{
	json_begin_object(w);
	scope_members_to_json(w, scope);
	json_end_object(w);
}

struct str scope_text(struct arena *a, const struct scope *scope)
{
	struct buf text = {.arena = a};
	struct json_writer w = {.out = &text};
	if (!scope_is_empty(scope))
		scope_to_json(&w, scope);
	return buf_view(&text);
}

bool scope_is_empty(const struct scope *scope)
{
	return !scope->repos.count && !scope->refs.count && !scope->paths.count &&
	       !scope->operations && !scope->bytes;
}

bool scope_has_repo(struct arena *a, const struct scope *scope, struct str name)
{
	return !scope || !scope->repos.count ||
	       patterns_fit(a, &scope->repos, pattern_fits_repo, name);
}

bool scope_has_ref(struct arena *a, const struct scope *scope, struct str name)
{
	return !scope || !scope->refs.count ||
	       patterns_fit(a, &scope->refs, pattern_fits_ref, name);
}

bool scope_has_path(struct arena *a, const struct scope *scope, struct str path)
{
	return !scope || !scope->paths.count ||
	       patterns_fit(a, &scope->paths, pattern_fits_path, path);
}

/* Does an operation concern more than one key's part of things: a whole repository, or more than one? */
static bool is_beyond(const struct scope *scope, enum operation operation)
{
	bool part = scope->refs.count || scope->paths.count;
	switch (operation) {
	case OPERATION_REPOSITORY_CHANGE:
	case OPERATION_REPOSITORY_DELETE:
	case OPERATION_PERMISSION_CHANGE: return part;
	case OPERATION_ACCOUNT_CHANGE:
	case OPERATION_INSTANCE_ADMIN: return part || scope->repos.count;
	default: return false;
	}
}

bool scope_has_operation(const struct scope *scope, enum operation operation)
{
	if (!scope)
		return true;
	if (scope->operations)
		return scope->operations & operation_bit(operation);
	return !is_beyond(scope, operation);
}
