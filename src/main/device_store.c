#include "main/device_store.h"

#include "base/json.h"
#include "base/uri.h"
#include "os/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/file.h>

enum { STATE_MAX = 64 << 10 };

static enum err find_folder(struct ctx *c, const char **out)
{
	const char *state = getenv("XDG_STATE_HOME"), *home = getenv("HOME");
	if (state && *state == '/')
		*out = arena_fmt(c->arena, "%s/nimbus", state);
	else if (home && *home)
		*out = arena_fmt(c->arena, "%s/.local/state/nimbus", home);
	else
		return fail(c, ERR_INVALID, "neither XDG_STATE_HOME nor HOME is set");
	return OK;
}

enum err device_store_open(struct ctx *c, struct str origin, struct device_store *out)
{
	const char *folder = NULL;
	struct buf name = {.arena = c->arena};
	TRY(find_folder(c, &folder));
	TRY(folder_make(c, folder));
	uri_encode(&name, origin);
	out->path = arena_fmt(c->arena, "%s/%s", folder, buf_text(&name));
	const char *lock = arena_fmt(c->arena, "%s.lock", out->path);
	out->lock = open(lock, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (out->lock < 0)
		return fail_errno(c, "open", lock);
	while (flock(out->lock, LOCK_EX) != 0)
		if (errno != EINTR)
			return fail_errno(c, "lock", lock);
	return OK;
}

void device_store_close(struct device_store *store)
{
	fd_close_at_end(&store->lock);
	store->lock = -1;
}

static int64_t number(const struct json *object, const char *key)
{
	const struct json *member = json_get(object, key);
	return member && member->kind == JSON_INT ? member->integer : 0;
}

enum err device_store_read(
	struct ctx *c, const struct device_store *store, struct device_state *out)
{
	struct str text;
	struct json *json = NULL;
	*out = (struct device_state){0};
	enum err kind = file_read(c, store->path, STATE_MAX, &text);
	if (!kind)
		kind = json_parse(c, text, &json);
	if (kind == ERR_NOT_FOUND || kind == ERR_INVALID || kind == ERR_TOO_BIG) {
		ctx_clear(c);
		return OK;
	}
	TRY(kind);
	*out = (struct device_state){
		.username = json_text(json, "username"),
		.refresh = json_text(json, "refresh_token"),
		.access = json_text(json, "access_token"),
		.ends = number(json, "ends"),
		.renew = number(json, "renew"),
	};
	return OK;
}

enum err device_store_write(
	struct ctx *c, const struct device_store *store, const struct device_state *state)
{
	struct buf out = {.arena = c->arena};
	struct json_writer w = {.out = &out};
	json_begin_object(&w);
	json_member_str(&w, "username", state->username);
	json_member_str(&w, "refresh_token", state->refresh);
	json_member_str(&w, "access_token", state->access);
	json_member_int(&w, "ends", state->ends);
	json_member_int(&w, "renew", state->renew);
	json_end_object(&w);
	buf_byte(&out, '\n');
	return file_write(c, store->path, buf_view(&out), 0600);
}

enum err device_store_remove(struct ctx *c, const struct device_store *store)
{
	if (unlink(store->path) != 0 && errno != ENOENT)
		return fail_errno(c, "remove", store->path);
	return OK;
}
