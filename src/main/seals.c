#include "main/seals.h"

#include "core/instance.h"
#include "core/secret.h"
#include "main/place.h"
#include "os/file.h"

enum { SEAL_FILE_MAX = 4096 };

static const char *file_in(struct ctx *c, const char *folder)
{
	return arena_fmt(c->arena, "%s/seal.key", folder);
}

/* Empty where there is none. */
static enum err read_file(struct ctx *c, const char *path, struct str *out)
{
	*out = (struct str){0};
	enum err kind = file_read(c, path, SEAL_FILE_MAX, out);
	if (kind != ERR_NOT_FOUND)
		return kind;
	ctx_clear(c);
	return OK;
}

/* Of two who make it at the same time, both use what the faster one made. */
static enum err make_file(struct ctx *c, const char *path, struct str *out)
{
	struct str line = str_of(arena_fmt(c->arena, "%.*s\n", STR_FMT(secret_make(c))));
	enum err kind = file_make(c, path, line, 0600);
	if (kind && kind != ERR_EXISTS)
		return kind;
	ctx_clear(c);
	return file_read(c, path, SEAL_FILE_MAX, out);
}

static enum err add(struct ctx *c, struct seal_keys *keys, struct str text, const char *where)
{
	size_t before = keys->count;
	TRY_WHILE(c, seal_keys_add(c, keys, text), "reading %s", where);
	if (text.len && !keys->count && before == keys->count)
		return fail(c, ERR_INVALID, "%s holds no key", where);
	return OK;
}

static enum err add_file(struct ctx *c, const char *data, struct seal_keys *keys)
{
	const char *path = file_in(c, data);
	struct str text;
	TRY(read_file(c, path, &text));
	if (!text.len && !keys->count)
		TRY(make_file(c, path, &text));
	return add(c, keys, text, path);
}

enum err seals_open(struct ctx *c, const struct config *config, struct core *core)
{
	struct str text;
	struct seal_keys *keys = &core->seals;
	bool home = core->db->ops->dialect == DB_SQLITE;
	TRY(add(c, keys, str_of(config->seal_key), "NIMBUS_SEAL_KEY"));
	if (home)
		TRY(add_file(c, config->data, keys));
	TRY(instance_seal_key(c, core->db, !keys->count, &text));
	return add(c, keys, text, "the key in the database");
}

/* Those of a folder that has some already stay; ours comes first. */
static enum err move_to_file(struct ctx *c, const char *path, struct str text)
{
	struct str there;
	TRY(read_file(c, path, &there));
	struct str both = str_of(arena_fmt(
		c->arena, "%.*s\n%.*s\n", STR_FMT(str_trim(text)), STR_FMT(str_trim(there))));
	return file_write(c, path, both, 0600);
}

enum err seals_move(struct ctx *c, const struct config *config, struct db *db, const char *place)
{
	struct str text;
	if (*config->db)
		return OK; /* it is among the rows */
	TRY(read_file(c, file_in(c, config->data), &text));
	if (!text.len)
		return OK;
	if (!place_is_server(place))
		return move_to_file(c, file_in(c, place), text);
	return *config->seal_key ? OK : instance_keep_seal_key(c, db, str_trim(text));
}
