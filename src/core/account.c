#include "core/account.h"

#include "meta/user.h"

enum err account_get(struct ctx *c, struct core *core, const struct actor *who, struct user *out)
{
	if (actor_is_anonymous(who))
		return fail(c, ERR_UNAUTH, "sign in first");
	DB_TX *tx = NULL;
	TRY(db_begin(c, core->db, DB_READ, &tx));
	return meta_user_get(c, tx, who->user_id, out);
}
