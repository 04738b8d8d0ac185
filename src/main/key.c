/* `nimbus key`: what needs neither a server nor its database. */
#include "main/key.h"
#include "core/secret.h"
#include "main/command.h"
#include "main/config_table.h"
#include "model/key_file.h"
#include "model/minted.h"
#include "os/file.h"

enum { TTL_SECONDS = 3600, ID_LEN = 22 };

static struct str argument(const struct run *run, const char *name)
{
	const char *value = run_argument(run, name);
	return value ? str_of(value) : STR("");
}

static enum err needed(struct ctx *c, const struct run *run, const char *name, struct str *out)
{
	*out = argument(run, name);
	return out->len ? OK : fail(c, ERR_INVALID, "%s is missing", name);
}

static enum err read_secret(struct ctx *c, const struct run *run, struct jwk_secret *out)
{
	struct str path, text;
	TRY(needed(c, run, "--key", &path));
	TRY_WHILE(c, file_read(c, str_dup(c->arena, path), KEY_FILE_MAX, &text),
		"reading the private key");
	return key_file_secret(c, text, out);
}

enum err key_mint(struct ctx *c, struct run *run)
{
	struct jwk_secret key;
	struct str level = argument(run, "--permission"), ttl = argument(run, "--ttl"), out;
	int64_t millis = TTL_SECONDS * 1000;
	struct minted_wish wish = {.limit = PERMISSION_WRITE,
		.id = secret_word(c, ID_LEN),
		.now = c->world->clock() / 1000000};
	TRY(read_secret(c, run, &key));
	TRY(needed(c, run, "--user", &wish.username));
	TRY(needed(c, run, "--instance", &wish.instance));
	if (level.len && (!permission_parse(level, &wish.limit) || wish.limit == PERMISSION_NONE))
		return fail(c, ERR_INVALID, "%.*s is not read, write or admin", STR_FMT(level));
	if (ttl.len && !config_number(CONFIG_TIME, ttl, &millis))
		return fail(c, ERR_INVALID, "--ttl %.*s is not a time such as 30m, 12h or 30d",
			STR_FMT(ttl));
	wish.seconds = millis / 1000;
	TRY_WHILE(c, scope_parse(c, argument(run, "--scope"), &wish.scope), "reading --scope");
	TRY(minted_make(c, &key, &wish, &out));
	print("%.*s\n", STR_FMT(out));
	return OK;
}
