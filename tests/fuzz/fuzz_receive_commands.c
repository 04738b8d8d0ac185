/*
 * What a client sends to git-receive-pack, up to a pack, to an instance in memory: whatever it is, it is
 * answered or refused, and no ref appears (the inputs know no object).
 */
#include "core/instance.h"
#include "core/repo.h"
#include "core/snapshot.h"
#include "driver/driver.h"
#include "fuzz.h"
#include "meta/ref.h"
#include "wire/receive_pack.h"

struct kept {
	struct sink sink;
	struct buf bytes;
};

static struct core core;
static struct actor owner = {.user_id = 1,
	.username = {"owner", 5},
	.owner = true,
	.generation = 1,
	.limit = PERMISSION_ADMIN};
static struct repo repo;

static enum err keep(struct ctx *c, struct sink *self, const void *bytes, size_t len)
{
	(void)c;
	buf_bytes(&((struct kept *)self)->bytes, bytes, len);
	return OK;
}

static void begin(void)
{
	static struct arena arena;
	static struct ctx c;
	struct instance instance;
	struct repo_new what = {.name = STR("r")};
	if (core.db)
		return;
	arena_init(&arena);
	ctx_init(&c, &arena, os_world());
	ASSERT(db_sqlite_open(&c, ":memory:", &core.db) == OK);
	core.blob = blob_memory_open();
	core.kv = kv_memory_open(1 << 20, os_world());
	core.policy = policy_builtin_open();
	core.auth[0] = auth_password_open(core.db, core.kv);
	core.auth_count = 1;
	core.snapshots = snapshots_open(2);
	core.limits = (struct core_limits){.object_max = 1 << 20,
		.pack_max = 1 << 20,
		.pack_inline_max = 4096,
		.push_refs_max = 100,
		.fetch_lines_max = 100,
		.session_seconds = 60};
	ASSERT(instance_start(&c, &core, STR("owner"), STR("correct horse"), &instance) == OK);
	core.instance = instance.id;
	ASSERT(repo_create(&c, &core, &owner, &what, &repo) == OK);
}

static void fuzz_one(struct ctx *c, struct str input)
{
	struct kept to = {{.write = keep}, {.arena = c->arena}};
	struct source_bytes from;
	size_t refs;
	begin();
	source_bytes_init(&from, input.at, input.len);
	const struct receive_pack push = {&core, &owner, STR("r"), &from.source, &to.sink, true};
	enum err err = receive_pack_serve(c, &push);
	ASSERT(err == OK || to.bytes.len == 0);
	DB_TX *tx = NULL;
	ASSERT(db_begin(c, core.db, DB_READ, &tx) == OK);
	ASSERT(meta_ref_count(c, tx, repo.id, &refs) == OK);
	ASSERT(refs == 0);
}
