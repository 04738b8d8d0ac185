#include "main/secrets.h"

#include "driver/driver.h"
#include "main/config_table.h"

struct secret_source secrets_source(const struct config *config, const struct config_origin *origin)
{
	struct secret *const from[] = {[CONFIG_FROM_TEXT] = NULL,
		[CONFIG_FROM_FILE] = config->files,
		[CONFIG_FROM_VAULT] = config->vault};
	return (struct secret_source){from[origin->from], origin->reference};
}

static enum err need_outside(struct ctx *c, const struct config_origin *origin, const char *name)
{
	if (origin->from != CONFIG_FROM_VAULT)
		return OK;
	return fail(c, ERR_INVALID, "%s cannot be in Vault: it is what opens it", name);
}

static enum err open_vault(struct ctx *c, struct config *config)
{
	const struct vault_options options = {
		.address = config->vault_address,
		.ca = config->vault_ca,
		.namespace = config->vault_namespace,
		.token = secrets_source(config, &config->vault_token_from),
		.secret_id = secrets_source(config, &config->vault_secret_id_from),
		.role_id = config->vault_role_id,
		.kubernetes_role = config->vault_kubernetes_role,
		.kubernetes_jwt = config->vault_kubernetes_jwt,
		.auth_path = config->vault_auth_path,
		.timeout = config->vault_timeout,
		.refresh = config->vault_refresh,
	};
	return secret_vault_open(c, &options, &config->vault);
}

static enum err fill_in(struct ctx *c, struct config *config, const struct config_setting *setting)
{
	struct secret_value value;
	if (!setting->origin || setting->origin->from != CONFIG_FROM_VAULT)
		return OK;
	if (!config->vault)
		TRY_WHILE(c, open_vault(c, config), "reading %s", setting->row.name);
	TRY_WHILE(c, secret_get(c, config->vault, setting->origin->reference, &value), "reading %s",
		setting->row.name);
	*(const char **)setting->field = str_dup(c->arena, value.text);
	return OK;
}

enum err secrets_open(struct ctx *c, struct config *config)
{
	size_t count;
	const struct config_setting *settings = config_settings(c->arena, config, &count);
	config->files = secret_file_open();
	TRY(need_outside(c, &config->vault_token_from, "NIMBUS_VAULT_TOKEN"));
	TRY(need_outside(c, &config->vault_secret_id_from, "NIMBUS_VAULT_SECRET_ID"));
	for (size_t i = 0; i < count; i++)
		TRY(fill_in(c, config, &settings[i]));
	return OK;
}

void secrets_close(struct config *config)
{
	secret_close(config->vault);
	secret_close(config->files);
	config->vault = config->files = NULL;
}
