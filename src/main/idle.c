#include "main/idle.h"

#include "main/config_table.h"

/* What each belongs to; "off" is as good as nothing. Those of HTTPS are in main/serve.c; keys of a bucket may be
 * there for backups alone. */
static const struct {
	const char *name, *needs;
} belonging[] = {
	{"NIMBUS_DB_USER", "NIMBUS_DB"},
	{"NIMBUS_DB_PASSWORD", "NIMBUS_DB"},
	{"NIMBUS_KV_USER", "NIMBUS_KV"},
	{"NIMBUS_KV_PASSWORD", "NIMBUS_KV"},
	{"NIMBUS_KV_CA", "NIMBUS_KV"},
	{"NIMBUS_KV_CERT", "NIMBUS_KV"},
	{"NIMBUS_KV_KEY", "NIMBUS_KV"},
	{"NIMBUS_S3_PUBLIC_URL", "NIMBUS_BLOB"},
	{"NIMBUS_VAULT_TOKEN", "NIMBUS_VAULT_ADDR"},
	{"NIMBUS_VAULT_ROLE_ID", "NIMBUS_VAULT_ADDR"},
	{"NIMBUS_VAULT_SECRET_ID", "NIMBUS_VAULT_ADDR"},
	{"NIMBUS_VAULT_KUBERNETES_ROLE", "NIMBUS_VAULT_ADDR"},
	{"NIMBUS_POLICY_TOKEN", "NIMBUS_POLICY"},
	{"NIMBUS_POLICY_CA", "NIMBUS_POLICY"},
	{"NIMBUS_POLICY_CERT", "NIMBUS_POLICY"},
	{"NIMBUS_POLICY_KEY", "NIMBUS_POLICY"},
	{"NIMBUS_KUBERNETES_ACCOUNTS", "NIMBUS_KUBERNETES"},
	{"NIMBUS_KUBERNETES_AUDIENCES", "NIMBUS_KUBERNETES"},
	{"NIMBUS_KUBERNETES_NAMESPACE", "NIMBUS_KUBERNETES"},
	{"NIMBUS_KUBERNETES_API", "NIMBUS_KUBERNETES"},
};

static bool is_set(const struct config_setting *settings, size_t count, const char *name)
{
	size_t i = 0;
	while (i < count && (!settings[i].field || strcmp(settings[i].row.name, name) != 0))
		i++;
	ASSERT(i < count);
	const char *value = *(const char **)settings[i].field;
	const struct config_origin *origin = settings[i].origin;
	return (origin && origin->from != CONFIG_FROM_TEXT) ||
	       (*value && strcmp(value, "off") != 0);
}

enum err config_check_idle(struct ctx *c, struct config *config)
{
	size_t count;
	const struct config_setting *settings = config_settings(c->arena, config, &count);
	for (size_t i = 0; i < sizeof belonging / sizeof *belonging; i++)
		if (is_set(settings, count, belonging[i].name) &&
			!is_set(settings, count, belonging[i].needs))
			return fail(c, ERR_INVALID, "%s is set, but nothing uses it: set %s too",
				belonging[i].name, belonging[i].needs);
	return OK;
}
