#include "core/instance.h"

#include "base/hex.h"
#include "core/login.h"
#include "core/record.h"
#include "core/secret.h"
#include "meta/instance.h"
#include "meta/migrate.h"
#include "meta/user.h"

enum { ID_BYTES = 8, PASSWORD_LEN = 20 };

#define SEAL_KEY STR("seal_key")

/* ERR_NOT_FOUND before the first start. */
static enum err read_instance(struct ctx *c, struct db_tx *tx, struct instance *out)
{
	struct str id;
	struct user owner;
	TRY(meta_instance_get(c, tx, STR("id"), &id));
	TRY(meta_user_get_owner(c, tx, &owner));
	*out = (struct instance){.id = str_dup(c->arena, id), .owner = owner.username};
	return OK;
}

static enum err write_instance(
	struct ctx *c, struct db_tx *tx, struct str stored, struct instance *out)
{
	struct user owner = {.username = out->owner, .owner = true};
	TRY(meta_instance_put(c, tx, STR("id"), str_of(out->id)));
	TRY(meta_user_create(c, tx, &owner, stored));
	return record_add(c, tx,
		&(struct record){.type = EVENT_COLLABORATOR_ADDED, .subject = owner.username});
}

static enum err make_instance(struct ctx *c, struct core *core, struct str owner,
	struct str password, struct instance *out)
{
	struct str made_up = {0}, stored;
	if (!password.len)
		password = made_up = secret_word(c, PASSWORD_LEN);
	TRY_WHILE(c, username_check(c, owner), "naming the owner");
	TRY_WHILE(c, password_check(c, password), "setting the owner's password");
	TRY(login_enrol(c, core, password, &stored));

	uint8_t random[ID_BYTES];
	char *id = arena_alloc(c->arena, 2 + 2 * ID_BYTES);
	c->world->random(random, sizeof random);
	id[0] = 'i';
	hex_encode(random, sizeof random, id + 1);

	DB_TX *tx = NULL;
	TRY(db_begin(c, core->db, DB_WRITE, &tx));
	enum err kind = read_instance(c, tx, out);
	if (kind != ERR_NOT_FOUND)
		return kind; /* another process was faster, or it failed */
	ctx_clear(c);
	*out = (struct instance){.id = id, .owner = owner, .first = true, .password = made_up};
	TRY(write_instance(c, tx, stored, out));
	return db_commit(c, &tx);
}

static enum err find_instance(struct ctx *c, struct core *core, struct instance *out)
{
	DB_TX *tx = NULL;
	TRY(db_begin(c, core->db, DB_READ, &tx));
	return read_instance(c, tx, out);
}

static enum err look_for_key(struct ctx *c, struct db_tx *tx, struct str name, struct str *out)
{
	struct str key;
	enum err kind = meta_instance_get(c, tx, name, &key);
	if (!kind)
		*out = str_copy(c->arena, key);
	if (kind != ERR_NOT_FOUND)
		return kind;
	ctx_clear(c);
	return OK;
}

/* One for all processes, for as long as the instance lives: `made` where there is none. */
static enum err keep_key(
	struct ctx *c, struct db *db, struct str name, struct str made, struct str *out)
{
	DB_TX *tx = NULL;
	*out = (struct str){0};
	TRY(db_begin(c, db, DB_WRITE, &tx));
	TRY(look_for_key(c, tx, name, out));
	if (out->len)
		return OK;
	*out = made;
	TRY(meta_instance_put(c, tx, name, made));
	return db_commit(c, &tx);
}

static enum err find_key(struct ctx *c, struct db *db, struct str name, bool make, struct str *out)
{
	DB_TX *tx = NULL;
	*out = (struct str){0};
	TRY(db_begin(c, db, DB_READ, &tx));
	TRY(look_for_key(c, tx, name, out));
	db_rollback(&tx);
	return out->len || !make ? OK : keep_key(c, db, name, secret_make(c), out);
}

enum err instance_seal_key(struct ctx *c, struct db *db, bool make, struct str *out)
{
	return find_key(c, db, SEAL_KEY, make, out);
}

enum err instance_keep_seal_key(struct ctx *c, struct db *db, struct str text)
{
	struct str kept;
	return keep_key(c, db, SEAL_KEY, text, &kept);
}

static enum err find_or_make(struct ctx *c, struct core *core, struct str owner,
	struct str password, struct instance *out)
{
	enum err kind = find_instance(c, core, out);
	if (kind != ERR_NOT_FOUND)
		return kind;
	ctx_clear(c);
	return make_instance(c, core, owner.len ? owner : STR("owner"), password, out);
}

enum err instance_start(struct ctx *c, struct core *core, struct str owner, struct str password,
	struct instance *out)
{
	struct str proof_key;
	TRY(meta_migrate(c, core->db));
	TRY(find_or_make(c, core, owner, password, out));
	TRY(find_key(c, core->db, META_PROOF_KEY, true, &proof_key));
	return find_key(c, core->db, STR("nonce_key"), true, &out->nonce_key);
}

enum err instance_ready(struct ctx *c, struct core *core)
{
	DB_TX *tx = NULL;
	struct str id;
	TRY(db_begin(c, core->db, DB_READ, &tx));
	return meta_instance_get(c, tx, STR("id"), &id);
}
