#include "web/router.h"

#include "base/uri.h"
#include "web/handlers.h"

const struct route routes[] = {
#define ROUTE(method, pattern, handler, needs) {#method, pattern, handler, ROUTE_##needs},
#include "web/routes.def"
#undef ROUTE
};

const size_t route_count = sizeof routes / sizeof *routes;

/* "{name}" or "{name...}" as a parameter's name; empty for a fixed segment. */
static struct str parameter_of(struct str segment, bool *rest)
{
	*rest = false;
	if (!str_skip(&segment, STR("{")))
		return STR("");
	(void)str_skip_end(&segment, STR("}"));
	*rest = str_skip_end(&segment, STR("..."));
	return segment;
}

/* Does the (still encoded) path fit? Parameters are views of it. */
static bool fits(const char *pattern, struct str path, struct route_match *out)
{
	struct str have = str_from_index(path, 1), want = str_of(pattern + 1);
	bool more_have = have.len > 0, more_want = want.len > 0;
	out->param_count = 0;
	while (more_want) {
		bool rest;
		struct str segment = str_cut(&want, '/');
		struct str name = parameter_of(segment, &rest);
		if (!more_have)
			return false;
		size_t end = rest ? have.len : str_find(have, '/');
		struct str value = str_until(have, end);
		if (name.len ? value.len == 0 : !str_eq(value, segment))
			return false;
		if (name.len)
			out->params[out->param_count++] = (struct web_pair){name, value};
		more_want = want.len > 0;
		more_have = end < have.len;
		have = str_from_index(have, end + 1);
	}
	return !more_have;
}

static bool decode_params(struct arena *a, struct route_match *match)
{
	for (size_t i = 0; i < match->param_count; i++) {
		struct str *value = &match->params[i].value;
		if (!uri_decode(a, *value, false, value))
			return false;
	}
	return true;
}

/* Among the rows of one pattern, the one of this method; else what it may be. */
static enum route_answer find_method(
	struct arena *a, struct str method, const char *pattern, struct route_match *out)
{
	struct buf allow = {.arena = a};
	bool head = str_is(method, "HEAD");
	for (size_t i = 0; i < route_count; i++) {
		const struct route *row = &routes[i];
		if (strcmp(row->pattern, pattern) != 0)
			continue;
		bool get = strcmp(row->method, "GET") == 0;
		if (str_is(method, row->method) || (head && get)) {
			out->route = row;
			return ROUTE_FOUND;
		}
		buf_fmt(&allow, "%s%s%s", allow.len ? ", " : "", row->method, get ? ", HEAD" : "");
	}
	out->allow = buf_text(&allow);
	return ROUTE_WRONG_METHOD;
}

static const struct route *find_pattern(struct str path, struct route_match *out)
{
	for (size_t i = 0; i < route_count; i++)
		if (fits(routes[i].pattern, path, out))
			return &routes[i];
	return NULL;
}

enum route_answer route_find(
	struct arena *a, struct str method, struct str path, struct route_match *out)
{
	*out = (struct route_match){0};
	if (path.len == 0 || path.at[0] != '/')
		return ROUTE_MISSING;
	struct str bare = path;
	while (bare.len > 1 && str_skip_end(&bare, STR("/")))
		;
	const struct route *row = find_pattern(bare, out);
	if (!row)
		return ROUTE_MISSING;
	if (bare.len != path.len)
		return ROUTE_WRONG_SLASH;
	if (!decode_params(a, out))
		return ROUTE_BAD_ESCAPE;
	return find_method(a, method, row->pattern, out);
}

bool route_is_reserved(struct str word)
{
	for (size_t i = 0; i < route_count; i++) {
		struct str rest = str_of(routes[i].pattern + 1);
		if (str_eq(str_cut(&rest, '/'), word))
			return true;
	}
	return false;
}
