#include "core/signing_key.h"
#include "main/admin.h"
#include "model/key_file.h"
#include "os/file.h"

static enum err number_of(struct ctx *c, const struct admin *admin, int64_t *out)
{
	struct str text = admin_argument(admin, "ID");
	uint64_t id;
	if (!str_to_u64(text, &id) || id > INT64_MAX)
		return fail(c, ERR_INVALID, "%.*s is not the number of a key", STR_FMT(text));
	*out = (int64_t)id;
	return OK;
}

enum err admin_key_register(struct ctx *c, struct admin *admin)
{
	struct actor who;
	struct str text;
	struct signing_key key;
	const char *path = str_dup(c->arena, admin_argument(admin, "FILE"));
	TRY_WHILE(c, file_read(c, path, KEY_FILE_MAX, &text), "reading the public key");
	TRY(admin_actor(c, admin, admin_argument(admin, "USER"), &who));
	TRY(signing_key_add(c, &admin->core, &who, admin_argument(admin, "NAME"), text, &key));
	print("Key %lld is registered. It mints by: kid %.*s, sub %.*s, aud %s\n",
		(long long)key.id, STR_FMT(key.kid), STR_FMT(who.username), admin->instance.id);
	return OK;
}

enum err admin_key_list(struct ctx *c, struct admin *admin)
{
	struct actor who;
	struct signing_key *keys;
	size_t count;
	TRY(admin_actor(c, admin, admin_argument(admin, "USER"), &who));
	TRY(signing_key_list(c, &admin->core, &who, &keys, &count));
	print("%-6s  %-16s  %-16s  %-43s  %s\n", "ID", "REGISTERED", "LAST USED", "KID", "NAME");
	for (size_t i = 0; i < count; i++)
		print("%-6lld  %-16s  %-16s  %-43.*s  %.*s\n", (long long)keys[i].id,
			admin_time(c, keys[i].created), admin_time(c, keys[i].used),
			STR_FMT(keys[i].kid), STR_FMT(keys[i].name));
	return OK;
}

enum err admin_key_remove(struct ctx *c, struct admin *admin)
{
	struct actor who;
	int64_t id;
	TRY(number_of(c, admin, &id));
	TRY(admin_actor(c, admin, admin_argument(admin, "USER"), &who));
	TRY(signing_key_remove(c, &admin->core, &who, id));
	print("Key %lld is gone, and all that it minted is worthless.\n", (long long)id);
	return OK;
}

enum err admin_key_revoke(struct ctx *c, struct admin *admin)
{
	struct actor who;
	int64_t id;
	TRY(number_of(c, admin, &id));
	TRY(admin_actor(c, admin, admin_argument(admin, "USER"), &who));
	TRY(minted_key_revoke(c, &admin->core, &who, id, admin_argument(admin, "JTI")));
	print("%.*s is worthless now.\n", STR_FMT(admin_argument(admin, "JTI")));
	return OK;
}
