#include "main/role.h"

#include "base/buf.h"

static const char *const names[] = {
#define ROLE(kind, name, what) name,
#include "main/role.def"
};

static const struct {
	unsigned roles;
	const char *path;
} paths[] = {
#define PATH(kind, path) {ROLE_##kind, path},
#include "main/role.def"
};

static unsigned role_named(struct str name)
{
	for (size_t i = 0; i < ROLE_COUNT; i++)
		if (str_is(name, names[i]))
			return 1u << i;
	return 0;
}

enum err roles_parse(struct ctx *c, const char *list, unsigned *out)
{
	struct str rest = str_of(list ? list : "");
	*out = list ? 0 : ROLE_ANY;
	while (rest.len) {
		struct str name = str_cut(&rest, ',');
		unsigned role = role_named(name);
		if (!role)
			return fail(c, ERR_INVALID, "--role: there is no role \"%.*s\", only %s",
				STR_FMT(name), roles_print(c, ROLE_ANY));
		*out |= role;
	}
	if (!*out)
		return fail(c, ERR_INVALID, "--role names none: there are %s",
			roles_print(c, ROLE_ANY));
	return OK;
}

const char *roles_print(struct ctx *c, unsigned roles)
{
	struct buf out = {.arena = c->arena};
	for (size_t i = 0; i < ROLE_COUNT; i++)
		if (roles & 1u << i)
			buf_fmt(&out, "%s%s", out.len ? "," : "", names[i]);
	return buf_text(&out);
}

unsigned roles_for(struct str path, bool is_git)
{
	if (is_git)
		return ROLE_GIT;
	for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
		struct str rest = path;
		if (str_skip(&rest, str_of(paths[i].path)) && (!rest.len || rest.at[0] == '/'))
			return paths[i].roles;
	}
	return ROLE_WEB;
}
