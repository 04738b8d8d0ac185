#include "driver/machine.h"

#include "meta/user.h"
#include "model/scope.h"

static enum err find_user(
	struct ctx *c, struct db *db, const struct machine *machine, struct user *out)
{
	DB_TX *tx = NULL;
	TRY(db_begin(c, db, DB_READ, &tx));
	enum err kind = meta_user_get_by_name(c, tx, machine->account, out);
	if (kind && kind != ERR_NOT_FOUND)
		return kind;
	if (kind || out->owner || user_has_ended(out, db_now(tx)))
		return fail(c, ERR_UNAUTH,
			"the account \"%.*s\", which %s names, is none of a collaborator, or has "
			"ended",
			STR_FMT(machine->account), machine->setting);
	return OK;
}

static const struct scope *scope_of(struct ctx *c)
{
	struct scope *scope = NEW(c->arena, struct scope);
	*scope = (struct scope){0};
	for (int o = 0; o < OPERATION_COUNT; o++)
		if (o != OPERATION_ACCOUNT_CHANGE && o != OPERATION_INSTANCE_ADMIN)
			scope->operations |= operation_bit((enum operation)o);
	return scope;
}

enum err machine_actor(
	struct ctx *c, struct db *db, const struct machine *machine, struct actor *who)
{
	struct user user;
	TRY(find_user(c, db, machine, &user));
	*who = meta_user_actor(&user);
	who->via = machine->via;
	who->subject = machine->subject;
	who->groups = machine->groups;
	who->scope = scope_of(c);
	return OK;
}
