#include "core/device.h"

#include "base/hash.h"
#include "core/device_parts.h"
#include "core/issuer.h"
#include "core/login.h"
#include "core/permit.h"
#include "core/person.h"
#include "core/record.h"
#include "core/secret.h"
#include "meta/device.h"
#include "meta/user.h"

static const int64_t away_seconds = 90LL * 24 * 3600;

struct str device_hash(struct ctx *c, struct str secret)
{
	uint8_t digest[HASH_MAX];
	hash_once(HASH_SHA256, secret.at, secret.len, digest);
	return str_copy(c->arena, str_from(digest, 32));
}

static int64_t end_of(const struct core *core, const struct db_tx *tx)
{
	int64_t seconds = core->limits.device_seconds;
	return db_now(tx) + (seconds ? seconds : away_seconds);
}

/* What became of a device; id 0: of all that somebody had. */
struct happened {
	enum event_type type;
	const struct device *device;
	struct str username;
	const char *why; /* may be NULL */
};

static enum err record(
	struct ctx *c, struct db_tx *tx, const struct actor *who, const struct happened *what)
{
	const struct device *device = what->device;
	struct buf data = {.arena = c->arena};
	struct json_writer w = {.out = &data};
	json_begin_object(&w);
	if (device->id)
		json_member_int(&w, "id", device->id);
	json_member_str(&w, "username", what->username);
	if (device->client.len) {
		json_member_str(&w, "client", device->client);
		json_member_str(&w, "name", device->name);
		json_member_cstr(&w, "permission", permission_name(device->limit));
	}
	if (what->why)
		json_member_cstr(&w, "why", what->why);
	json_end_object(&w);
	return record_add(c, tx,
		&(struct record){.who = who,
			.type = what->type,
			.subject = what->username,
			.data = buf_view(&data)});
}

static enum err record_removed(struct ctx *c, struct db_tx *tx, const struct actor *who,
	const struct device *device, struct str username, const char *why)
{
	const struct happened what = {EVENT_DEVICE_REMOVED, device, username, why};
	return record(c, tx, who, &what);
}

/* The device acts for who let it in. */
static struct actor actor_of(
	struct ctx *c, const struct user *user, const struct device *device, struct str peer)
{
	struct actor who = meta_user_actor(user);
	who.via = str_of(arena_fmt(c->arena, "device %lld", (long long)device->id));
	who.peer = peer;
	return who;
}

/* Its tokens, of which the hash of the refresh token is given already. */
static enum err sign(struct ctx *c, struct core *core, struct db_tx *tx,
	const struct device_caller *caller, struct access_token *token, struct device_tokens *out)
{
	token->issuer = caller->issuer;
	token->client = caller->client;
	TRY(issuer_sign(c, core, tx, token, &out->access));
	out->seconds = token->seconds;
	out->limit = token->limit;
	return OK;
}

static struct str new_refresh(struct ctx *c, struct str family, struct str secret)
{
	return str_of(
		arena_fmt(c->arena, REFRESH_PREFIX "%.*s%.*s", STR_FMT(family), STR_FMT(secret)));
}

enum err device_begin(struct ctx *c, struct core *core, struct db_tx *tx,
	const struct device_caller *caller, const struct device_request *request,
	struct device_tokens *out)
{
	struct user user;
	struct str family = secret_word(c, REFRESH_FAMILY), secret = secret_word(c, REFRESH_SECRET);
	const struct device_hashes hashes = {device_hash(c, family), device_hash(c, secret)};
	TRY(meta_user_get(c, tx, request->user_id, &user));
	if (user.generation != request->generation || user_has_ended(&user, db_now(tx)))
		return fail(c, ERR_NOT_FOUND, "they were signed out meanwhile");
	struct device device = {
		.user_id = user.id,
		.client = request->client,
		.name = request->name,
		.limit = request->limit,
		.scope = request->scope,
		.generation = user.generation,
		.address = caller->peer,
		.expires = end_of(core, tx),
	};
	TRY(meta_device_sweep(c, tx));
	TRY(meta_device_create(c, tx, &device, &hashes));
	struct access_token token = {.username = user.username,
		.device_id = device.id,
		.limit = device.limit,
		.scope = device.scope};
	TRY(sign(c, core, tx, caller, &token, out));
	out->refresh = new_refresh(c, family, secret);
	const struct actor who = actor_of(c, &user, &device, caller->peer);
	const struct happened added = {EVENT_DEVICE_ADDED, &device, user.username, NULL};
	return record(c, tx, &who, &added);
}

static enum err nobody(struct ctx *c)
{
	return fail(c, ERR_UNAUTH, "the device is signed out: sign it in again");
}

struct family {
	struct device device;
	struct user user;
	struct str name, good; /* good: the hash of the secret that is */
};

/* ERR_UNAUTH when there is none that could go on. */
static enum err find_family(struct ctx *c, struct db_tx *tx, const struct device_caller *caller,
	struct str name, struct family *out)
{
	*out = (struct family){.name = name};
	enum err kind = meta_device_find(c, tx, device_hash(c, name), &out->device, &out->good);
	if (!kind)
		kind = meta_user_get(c, tx, out->device.user_id, &out->user);
	if (kind == ERR_NOT_FOUND)
		return nobody(c);
	TRY(kind);
	int64_t now = db_now(tx);
	bool over = out->device.expires <= now || user_has_ended(&out->user, now) ||
		    out->device.generation != out->user.generation ||
		    !str_eq(out->device.client, caller->client);
	return over ? nobody(c) : OK;
}

static bool is_good(struct ctx *c, const struct family *family, struct str secret)
{
	struct str hash = device_hash(c, secret);
	return family->good.len == hash.len &&
	       bytes_equal_secret(family->good.at, hash.at, hash.len);
}

/* Two have the family: nobody knows which of them is the right one. */
static enum err end_family(
	struct ctx *c, struct db_tx **tx, const struct family *family, struct str peer)
{
	const struct device *device = &family->device;
	const struct actor who = actor_of(c, &family->user, device, peer);
	TRY(meta_device_delete(c, *tx, device->user_id, device->id));
	TRY(record_removed(
		c, *tx, &who, device, family->user.username, "a used-up token came again"));
	TRY(db_commit(c, tx));
	return fail(c, ERR_UNAUTH,
		"this token was used already, so the device is signed out: sign it in again");
}

static enum err renew(struct ctx *c, struct core *core, struct db_tx *tx,
	const struct device_caller *caller, struct family *family, struct device_tokens *out)
{
	struct device *device = &family->device;
	struct str secret = secret_word(c, REFRESH_SECRET);
	struct access_token token = {.username = family->user.username,
		.device_id = device->id,
		.limit = out->limit ? out->limit : device->limit,
		.scope = device->scope};
	if (token.limit > device->limit)
		return fail(c, ERR_INVALID, "the device was let in for %s only",
			permission_name(device->limit));
	device->address = caller->peer;
	device->expires = end_of(core, tx);
	TRY(meta_device_renew(c, tx, device, device_hash(c, secret)));
	TRY(sign(c, core, tx, caller, &token, out));
	out->refresh = new_refresh(c, family->name, secret);
	return OK;
}

/* Whoever makes tokens up waits for no turn to write, and nobody behind them. */
static enum err look_family(struct ctx *c, struct core *core, const struct device_caller *caller,
	struct str name, struct family *out)
{
	DB_TX *tx = NULL;
	TRY(db_begin(c, core->db, DB_READ, &tx));
	return find_family(c, tx, caller, name, out);
}

enum err device_refresh(struct ctx *c, struct core *core, const struct device_caller *caller,
	struct str refresh, enum permission limit, struct device_tokens *out)
{
	DB_TX *tx = NULL;
	struct family family;
	struct str name, secret;
	if (!refresh_token_read(refresh, &name, &secret))
		return nobody(c);
	TRY(look_family(c, core, caller, name, &family));
	TRY(db_begin(c, core->db, DB_WRITE, &tx));
	TRY(find_family(c, tx, caller, name, &family));
	if (!is_good(c, &family, secret))
		return end_family(c, &tx, &family, caller->peer);
	out->limit = limit;
	TRY(renew(c, core, tx, caller, &family, out));
	return db_commit(c, &tx);
}

enum err device_end(
	struct ctx *c, struct core *core, const struct device_caller *caller, struct str refresh)
{
	DB_TX *tx = NULL;
	struct family family;
	struct str name, secret;
	if (!refresh_token_read(refresh, &name, &secret))
		return OK;
	enum err kind = look_family(c, core, caller, name, &family);
	if (!kind)
		kind = db_begin(c, core->db, DB_WRITE, &tx);
	if (!kind)
		kind = find_family(c, tx, caller, name, &family);
	if (kind == ERR_UNAUTH) {
		ctx_clear(c);
		return OK;
	}
	TRY(kind);
	const struct device *device = &family.device;
	const struct actor who = actor_of(c, &family.user, device, caller->peer);
	TRY(meta_device_delete(c, tx, device->user_id, device->id));
	TRY(record_removed(c, tx, &who, device, family.user.username, "by itself"));
	return db_commit(c, &tx);
}

enum err device_list(struct ctx *c, struct core *core, const struct actor *who, struct str username,
	struct device **out, size_t *count)
{
	DB_TX *tx = NULL;
	struct user user;
	TRY(permit_begin_account_of(c, core, who, username, DB_READ, &tx));
	TRY(person_get(c, tx, username, &user));
	return meta_device_list(c, tx, user.id, out, count);
}

enum err device_remove(
	struct ctx *c, struct core *core, const struct actor *who, struct str username, int64_t id)
{
	return device_remove_seen(c, core, who, username, id, NULL);
}

static enum err check_seen(
	struct ctx *c, struct db_tx *tx, const struct user *user, struct expected *expected)
{
	struct device *now;
	size_t count;
	if (!expected || !expected->device)
		return OK;
	TRY(meta_device_list(c, tx, user->id, &now, &count));
	return expected_device(c, expected, now, count);
}

enum err device_remove_seen(struct ctx *c, struct core *core, const struct actor *who,
	struct str username, int64_t id, struct expected *expected)
{
	DB_TX *tx = NULL;
	struct user user;
	TRY(permit_begin_account_of(c, core, who, username, DB_WRITE, &tx));
	TRY(person_get(c, tx, username, &user));
	TRY(check_seen(c, tx, &user, expected));
	TRY(meta_device_delete(c, tx, user.id, id));
	TRY(record_removed(c, tx, who, &(struct device){.id = id}, user.username, NULL));
	return db_commit(c, &tx);
}

enum err device_remove_all(
	struct ctx *c, struct core *core, const struct actor *who, struct str username)
{
	DB_TX *tx = NULL;
	struct user user;
	TRY(permit_begin_account_of(c, core, who, username, DB_WRITE, &tx));
	TRY(person_get(c, tx, username, &user));
	TRY(meta_device_delete_all(c, tx, user.id));
	TRY(record_removed(c, tx, who, &(struct device){0}, user.username, "all"));
	return db_commit(c, &tx);
}
