#include "main/drivers.h"

#include "core/last_cache.h"
#include "core/pack_cache.h"
#include "core/snapshot.h"
#include "driver/driver.h"
#include "os/file.h"

#include <unistd.h>

const char *drivers_list(void)
{
	return "db=sqlite,postgres blob=local kv=memory auth=password,token policy=builtin "
	       "markup=md4c "
	       "repack=git";
}

static void set_limits(const struct config *config, struct core *core)
{
	core->limits = (struct core_limits){
		.object_max = (uint64_t)config->object_max,
		.pack_max = (uint64_t)config->pack_max,
		.pack_inline_max = (uint64_t)config->pack_inline_max,
		.page_blob_max = (uint64_t)config->page_blob_max,
		.push_objects_max = (uint32_t)config->push_objects_max,
		.push_refs_max = (uint32_t)config->push_refs_max,
		.fetch_lines_max = (uint32_t)config->fetch_lines_max,
		.login_tries = (uint32_t)config->login_tries,
		.session_seconds = config->session_lifetime / 1000,
		.retention_seconds = config->retention / 1000,
	};
}

enum err drivers_database(struct ctx *c, const struct config *config, bool make, struct db **out)
{
	struct str url = str_of(config->db);
	if (str_starts(url, STR("postgres://")) || str_starts(url, STR("postgresql://")))
		return db_postgres_open(c, config->db, (size_t)config->db_connections, out);
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

const char *drivers_blob_place(struct ctx *c, const struct config *config)
{
	return arena_fmt(c->arena, "%s/blob", config->data);
}

enum err drivers_open(struct ctx *c, const struct config *config, bool make, struct core *core,
	struct instance *instance)
{
	const char *blobs = drivers_blob_place(c, config);
	*core = (struct core){.base_url = config->url};
	set_limits(config, core);
	TRY(drivers_database(c, config, make, &core->db));
	TRY(folder_make(c, config->data));
	TRY(blob_local_open(c, blobs, (uint64_t)config->mapped_max, &core->blob));
	core->kv = kv_memory_open((size_t)config->sessions_max, c->world);
	/* Beside a server it gives way; an administrator waits for it. */
	const char *scratch = arena_fmt(c->arena, "%s/scratch", config->data);
	if (strcmp(config->repack, "git") == 0)
		TRY(repack_git_open(c, scratch, make, &core->repack));
	core->policy = policy_builtin_open();
	core->markup = markup_md4c_open();
	core->auth[core->auth_count++] = auth_token_open(core->db);
	core->auth[core->auth_count++] = auth_password_open(core->db, c->world);
	core->last_cache = last_cache_open();
	core->snapshots = snapshots_open((size_t)config->snapshots_max);
	core->packs =
		pack_cache_open((uint64_t)config->pack_cache_max, config->pack_cache_age * 1000);
	TRY(instance_start(
		c, core, str_of(config->owner), str_of(config->owner_password), instance));
	core->instance = instance->id;
	core->nonce_key = instance->nonce_key;
	return OK;
}

void drivers_close(struct core *core)
{
	pack_cache_close(core->packs);
	last_cache_close(core->last_cache);
	if (core->snapshots)
		snapshots_close(core->snapshots);
	for (size_t i = 0; i < core->auth_count; i++)
		auth_close(core->auth[i]);
	markup_close(core->markup);
	repack_close(core->repack);
	policy_close(core->policy);
	kv_close(core->kv);
	blob_close(core->blob);
	if (core->db)
		core->db->ops->close(core->db);
}
