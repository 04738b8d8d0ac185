#include "core/account.h"

#include "core/permit.h"
#include "meta/user.h"

enum err account_get(struct ctx *c, struct core *core, const struct actor *who, struct user *out)
{
	DB_TX *tx = NULL;
	TRY(db_begin(c, core->db, DB_READ, &tx));
	TRY(permit_self(c, core, tx, who));
	return meta_user_get(c, tx, who->user_id, out);
}
