#include "base/jwk.h"
#include "core/device.h"
#include "core/issuer.h"
#include "main/admin.h"

enum err admin_device_list(struct ctx *c, struct admin *admin)
{
	struct device *devices;
	size_t count;
	TRY(device_list(
		c, &admin->core, &admin->owner, admin_argument(admin, "USER"), &devices, &count));
	print("%-6s  %-5s  %-16s  %-16s  %-39s  %-20s  %s\n", "ID", "LIMIT", "SIGNED IN",
		"LAST USED", "FROM", "PROGRAM", "NAME");
	for (size_t i = 0; i < count; i++)
		print("%-6lld  %-5s  %-16s  %-16s  %-39.*s  %-20.*s  %.*s\n",
			(long long)devices[i].id, permission_name(devices[i].limit),
			admin_time(c, devices[i].created), admin_time(c, devices[i].used),
			STR_FMT(devices[i].address), STR_FMT(devices[i].client),
			STR_FMT(devices[i].name));
	return OK;
}

enum err admin_device_remove(struct ctx *c, struct admin *admin)
{
	struct str text = admin_argument(admin, "ID");
	uint64_t id;
	if (!str_to_u64(text, &id) || id > INT64_MAX)
		return fail(c, ERR_INVALID, "%.*s is not the number of a device", STR_FMT(text));
	TRY(device_remove(
		c, &admin->core, &admin->owner, admin_argument(admin, "USER"), (int64_t)id));
	print("Device %lld is signed out.\n", (long long)id);
	return OK;
}

enum err admin_jwt_key_list(struct ctx *c, struct admin *admin)
{
	struct issuer_key *keys;
	size_t count;
	TRY(issuer_key_list(c, &admin->core, &admin->owner, &keys, &count));
	print("%-43s  %-5s  %-16s  %-16s  %s\n", "KID", "ALG", "MADE", "SIGNS FROM", "ENDS");
	for (size_t i = 0; i < count; i++)
		print("%-43.*s  %-5s  %-16s  %-16s  %s\n", STR_FMT(keys[i].kid),
			jws_alg_name(keys[i].alg), admin_time(c, keys[i].created),
			admin_time(c, keys[i].begins), admin_time(c, keys[i].ends));
	return OK;
}

enum err admin_jwt_key_rotate(struct ctx *c, struct admin *admin)
{
	struct issuer_key key;
	bool now = admin_flag(admin, "--now");
	TRY(issuer_key_rotate(c, &admin->core, &admin->owner, now, &key));
	print("Key %.*s signs from %s on.\n", STR_FMT(key.kid), admin_time(c, key.begins));
	if (now)
		print("All others are gone, with what they signed: devices get new tokens by "
		      "themselves.\n");
	return OK;
}
