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

enum err person_get_other(struct ctx *c, struct db_tx *tx, struct str username, struct user *out)
{
	TRY(person_get(c, tx, username, out));
	if (out->owner)
		return fail(c, ERR_INVALID, "\"%.*s\" is the owner and may do everything already",
			STR_FMT(out->username));
	return OK;
}

enum err person_end_check(struct ctx *c, struct db_tx *tx, int64_t expires)
{
	if (expires && expires <= db_now(tx))
		return fail(c, ERR_INVALID, "that time is past already: nothing would be given");
	return OK;
}
