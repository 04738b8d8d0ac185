#include "main/drivers.h"

#include "core/audit.h"
#include "core/last_cache.h"
#include "core/login_cache.h"
#include "core/made_cache.h"
#include "core/pack_cache.h"
#include "core/snapshot.h"
#include "driver/driver.h"
#include "driver/kubernetes.h"
#include "driver/redis_link.h"
#include "main/seals.h"
#include "main/secrets.h"
#include "os/file.h"

#include <unistd.h>

const char *drivers_list(void)
{
	return "db=sqlite,postgres blob=local,s3,cached kv=memory,redis "
	       "auth=password,token,key,access,oidc,kubernetes,mtls "
	       "provider=oidc "
	       "policy=builtin,opa,kubernetes "
	       "secret=file,vault "
	       "markup=md4c "
#ifdef NIMBUS_HIGHLIGHT
	       "highlight=tree-sitter "
#endif
	       "repack=git strength=zxcvbn qr=qrencode hook=http";
}

static void set_limits(const struct config *config, struct core *core)
{
	core->limits = (struct core_limits){
		.object_max = (uint64_t)config->object_max,
		.pack_max = (uint64_t)config->pack_max,
		.pack_inline_max = (uint64_t)config->pack_inline_max,
		.page_blob_max = (uint64_t)config->page_blob_max,
		.offline_max = (uint64_t)config->offline_max,
		.push_objects_max = (uint32_t)config->push_objects_max,
		.push_refs_max = (uint32_t)config->push_refs_max,
		.fetch_lines_max = (uint32_t)config->fetch_lines_max,
		.login_tries = (uint32_t)config->login_tries,
		.session_seconds = config->session_lifetime / 1000,
		.session_idle_seconds = config->session_idle / 1000,
		.proof_seconds = config->sudo / 1000,
		.access_seconds = config->access_token_lifetime / 1000,
		.device_seconds = config->device_lifetime / 1000,
		.issuer_key_seconds = config->jwt_key_age / 1000,
		.retention_seconds = config->retention / 1000,
	};
}

const char *drivers_blob_place(struct ctx *c, const struct config *config)
{
	return *config->blob ? config->blob : arena_fmt(c->arena, "%s/blob", config->data);
}

enum err drivers_bucket(
	struct ctx *c, const struct config *config, const char *url, struct blob **out)
{
	struct secret_set *keys = NEW(c->arena, struct secret_set);
	bool ours = *config->s3_access_key || *config->s3_secret_key;
	keys->parts[0] = secrets_source(
		config, ours ? &config->s3_access_key_from : &config->aws_access_key_from);
	keys->parts[1] = secrets_source(
		config, ours ? &config->s3_secret_key_from : &config->aws_secret_key_from);
	keys->parts[2] = secrets_source(
		config, ours ? &config->s3_session_token_from : &config->aws_session_token_from);
	const struct blob_s3_options options = {
		.url = url,
		.public_url = config->s3_public_url,
		.keys = secret_set_is_fixed(keys) ? NULL : keys,
		.access_key = config->s3_access_key,
		.secret_key = config->s3_secret_key,
		.session_token = config->s3_session_token,
		.aws_access_key = config->aws_access_key,
		.aws_secret_key = config->aws_secret_key,
		.aws_session_token = config->aws_session_token,
		.role = config->aws_role,
		.session_name = config->aws_session_name,
		.token_file = config->aws_token_file,
		.sts = config->aws_sts,
		.region = config->aws_region,
		.ca = config->s3_ca,
		.folder = arena_fmt(c->arena, "%s/blob", config->data),
		.resident_max = (uint64_t)config->mapped_max,
		.put_max = (uint64_t)config->s3_put_max,
		.timeout = config->s3_timeout,
	};
	return blob_s3_open(c, &options, out);
}

/* A bucket has a cache before it, on the local disk. */
static enum err open_blob(struct ctx *c, const struct config *config, struct core *core)
{
	const char *place = drivers_blob_place(c, config), *cache = config->cache;
	if (!*config->blob)
		return blob_local_open(c, place, (uint64_t)config->mapped_max, &core->blob);
	if (!*cache)
		cache = arena_fmt(c->arena, "%s/cache", config->data);
	TRY(drivers_bucket(c, config, place, &core->bucket));
	core->bucket_url = config->s3_public_url;
	return blob_cached_open(c, core->bucket, cache, (uint64_t)config->cache_max,
		(uint64_t)config->mapped_max, &core->blob);
}

static enum err open_kv(struct ctx *c, const struct config *config, bool serve, struct kv **kv)
{
	struct str none;
	if (!*config->kv) {
		*kv = kv_memory_open((size_t)config->sessions_max, c->world);
		return OK;
	}
	const struct secret_set login = {{secrets_source(config, &config->kv_from),
		secrets_source(config, &config->kv_user_from),
		secrets_source(config, &config->kv_password_from)}};
	const struct redis_files files = {config->kv_ca, config->kv_cert, config->kv_key};
	TRY(kv_redis_open_as(c, &login, &files, kv));
	/* So that the log says at the start, not at the first sign-in, if it is not there. */
	if (serve && kv_get(c, *kv, STR("hello"), &none))
		ctx_clear(c);
	return OK;
}

static enum err open_providers(struct ctx *c, const struct config *config, struct core *core)
{
	core->providers = NEW_ARRAY(c->arena, struct provider *, config->oidc_count);
	for (size_t i = 0; i < config->oidc_count; i++) {
		const struct config_oidc *o = &config->oidc[i];
		const struct provider_oidc_options options = {
			.name = o->name.text,
			.prefix = o->name.prefix,
			.issuer = o->issuer,
			.client_id = o->client_id,
			.client_secret = o->client_secret,
			.audience = o->audience,
			.scopes = o->scopes,
			.username_claim = o->username_claim,
			.groups_claim = o->groups_claim,
			.roles = o->roles,
			.ca = o->ca,
			.label = o->label,
			.sign_up = o->sign_up,
		};
		TRY(provider_oidc_open(c, &options, &core->providers[i]));
		core->provider_count++;
	}
	return OK;
}

static enum err check_password_sign_in(
	struct ctx *c, const struct config *config, struct core *core)
{
	bool others = false;
	core->passwords_owner_only = strcmp(config->password_sign_in, "owner") == 0;
	for (size_t i = 0; i < core->provider_count; i++)
		others = others || core->providers[i]->signs_in;
	if (core->passwords_owner_only && !others)
		return fail(c, ERR_INVALID,
			"NIMBUS_PASSWORD_SIGN_IN=owner leaves others no way in: set NIMBUS_OIDC, "
			"and "
			"a CLIENT_ID for one of its providers");
	return OK;
}

static enum err open_policy(struct ctx *c, const struct config *config, struct policy **out)
{
	const struct policy_opa_options options = {
		.url = config->policy,
		.token = secrets_source(config, &config->policy_token_from),
		.ca = config->policy_ca,
		.cert = config->policy_cert,
		.key = config->policy_key,
		.timeout = config->policy_timeout,
		.cache = config->policy_cache,
	};
	if (*config->policy)
		TRY(policy_opa_open(c, &options, out));
	else
		*out = policy_builtin_open();
	return OK;
}

/* Before the drivers for other tokens, which take those that they do not know for wrong. */
static enum err open_kubernetes(struct ctx *c, const struct config *config, struct core *core)
{
	const struct kubernetes_options options = {
		.api = config->kubernetes_api,
		.host = config->kubernetes_host,
		.port = config->kubernetes_port,
		.ca = config->kubernetes_ca,
		.token_file = config->kubernetes_token_file,
		.audiences = config->kubernetes_audiences,
		.accounts = config->kubernetes_accounts,
		.namespace = config->kubernetes_namespace,
		.timeout = config->kubernetes_timeout,
		.cache = config->kubernetes_cache,
	};
	if (strcmp(config->kubernetes, "on") != 0)
		return OK;
	TRY(auth_kubernetes_open(c, &options, core->db, &core->auth[core->auth_count]));
	core->auth_count++;
	if (strcmp(config->kubernetes_access, "on") == 0)
		TRY(policy_kubernetes_open(c, &options, core->policy, &core->policy));
	return OK;
}

enum err drivers_database(struct ctx *c, const struct config *config, bool make, struct db **out)
{
	struct str url = str_of(config->db);
	const struct secret_set login = {{secrets_source(config, &config->db_from),
		secrets_source(config, &config->db_user_from),
		secrets_source(config, &config->db_password_from)}};
	if (str_starts(url, STR("postgres://")) || str_starts(url, STR("postgresql://")))
		return db_postgres_open_as(c, &login, (size_t)config->db_connections, out);
	if (url.len)
		return fail(c, ERR_INVALID,
			"NIMBUS_DB must be postgres://USER:PASSWORD@HOST:PORT/NAME, or empty");
	const char *path = arena_fmt(c->arena, "%s/nimbus.db", config->data);
	if (!make && access(path, F_OK) != 0)
		return fail(c, ERR_NOT_FOUND,
			"there is no instance in NIMBUS_DATA=%s yet: `nimbus serve` makes one",
			config->data);
	TRY(folder_make(c, config->data));
	return db_sqlite_open(c, path, out);
}

enum err drivers_open(struct ctx *c, const struct config *config, bool make, struct core *core,
	struct instance *instance)
{
	*core = (struct core){.base_url = config->url,
		.issuer_alg = strcmp(config->jwt_alg, "ES256") == 0 ? JWS_ES256 : JWS_EDDSA};
	set_limits(config, core);
	TRY_WHILE(c, image_hosts_parse(c, str_of(config->image_hosts), &core->image_hosts),
		"reading NIMBUS_IMAGE_HOSTS");
	TRY(open_providers(c, config, core));
	TRY(check_password_sign_in(c, config, core));
	TRY(drivers_database(c, config, make, &core->db));
	TRY(folder_make(c, config->data));
	TRY(open_blob(c, config, core));
	TRY(open_kv(c, config, make, &core->kv));
	/* Beside a server it gives way; an administrator waits for it. */
	const char *scratch = arena_fmt(c->arena, "%s/scratch", config->data);
	if (strcmp(config->repack, "git") == 0)
		TRY(repack_git_open(c, scratch, make, &core->repack));
	TRY(open_policy(c, config, &core->policy));
#ifdef NIMBUS_HIGHLIGHT
	core->highlight = highlight_tree_sitter_open();
#endif
	TRY(hook_http_open(c, config->webhook_hosts, &core->hook));
	core->markup = markup_md4c_open();
	core->strength = strength_zxcvbn_open();
	core->qr = qr_qrencode_open();
	core->regex = regex_pcre2_open();
	if (core->provider_count)
		core->auth[core->auth_count++] =
			auth_oidc_open(core->db, core->providers, core->provider_count);
	TRY(open_kubernetes(c, config, core));
	core->auth[core->auth_count++] = auth_token_open(core->db);
	core->auth[core->auth_count++] = auth_key_open(core->db);
	core->auth[core->auth_count++] = auth_access_open(core->db, core->base_url);
	core->auth[core->auth_count++] = auth_password_open(core->db, core->kv);
	core->by_certificate = *config->tls_client_accounts != 0;
	if (core->by_certificate)
		TRY(auth_mtls_open(
			c, core->db, config->tls_client_accounts, &core->auth[core->auth_count++]));
	core->last_cache = last_cache_open();
	core->made = made_cache_open();
	core->logins = login_cache_open(c->world);
	core->audit = audit_log_open();
	if (make)
		TRY(login_cache_listen(c, core->logins, core->kv));
	core->snapshots = snapshots_open((size_t)config->snapshots_max);
	core->packs =
		pack_cache_open((uint64_t)config->pack_cache_max, config->pack_cache_age * 1000);
	TRY(instance_start(
		c, core, str_of(config->owner), str_of(config->owner_password), instance));
	core->instance = instance->id;
	core->nonce_key = instance->nonce_key;
	return seals_open(c, config, core);
}

void drivers_close(struct core *core)
{
	pack_cache_close(core->packs);
	last_cache_close(core->last_cache);
	made_cache_close(core->made);
	login_cache_close(core->logins);
	audit_log_close(core->audit);
	if (core->snapshots)
		snapshots_close(core->snapshots);
	for (size_t i = 0; i < core->auth_count; i++)
		auth_close(core->auth[i]);
	for (size_t i = 0; i < core->provider_count; i++)
		provider_close(core->providers[i]);
	highlight_close(core->highlight);
	markup_close(core->markup);
	strength_close(core->strength);
	qr_close(core->qr);
	repack_close(core->repack);
	hook_close(core->hook);
	policy_close(core->policy);
	kv_close(core->kv);
	blob_close(core->blob);
	blob_close(core->bucket);
	if (core->db)
		core->db->ops->close(core->db);
}
