#include "core/person.h"

#include "meta/user.h"

enum err person_get(struct ctx *c, struct db_tx *tx, struct str username, struct user *out)
{
	enum err kind = username_check(c, username) ? ERR_NOT_FOUND : OK;
	if (!kind)
		kind = meta_user_get_by_name(c, tx, username, out);
	if (kind != ERR_NOT_FOUND)
		return kind;
	struct str shown = str_until(username, 2 * USERNAME_MAX);
	return fail(c, ERR_NOT_FOUND, "there is nobody named \"%.*s\" here", STR_FMT(shown));
}
