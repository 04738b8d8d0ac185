/*
 * Secrets in Vault. What was read once is kept, and a thread looks after it: what has a lease is
 * renewed when two thirds of it have passed, or read anew where that is refused or gives little; what
 * has none is read again after a while. With a token Vault ends all that it lent to it, so that what has a
 * lease is read anew, too, as soon as another token is there.
 */
#include "driver/driver.h"

#include "base/host.h"
#include "base/vec.h"
#include "driver/vault_api.h"
#include "os/log.h"
#include "os/thread.h"

#include <stdatomic.h>
#include <stdlib.h>

enum { SECOND = 1000000, DOUBT_US = SECOND, MILLI = 1000 };

struct field {
	struct str name, text;
};

/* What one read gave, in an arena of its own. */
struct reading {
	struct arena arena;
	VEC_OF(struct field) fields;
	const char *lease; /* NULL: none */
	uint64_t token;    /* the number of the one that it was lent to */
	int64_t seconds;   /* of it */
	bool renewable;
};

struct entry {
	struct entry *next;
	const char *path;
	struct reading *reading;
	uint64_t generation;
	int64_t looked, look; /* world->monotonic() */
};

struct secret_vault {
	struct secret secret;
	const struct world *world;
	int64_t refresh;         /* microseconds */
	struct host_lock asking; /* whoever talks to Vault; taken first */
	struct vault_api api;    /* under it */
	struct host_lock lock;   /* the rest */
	struct arena arena;      /* of the entries */
	struct entry *entries;
	uint64_t token; /* the number of the one that the keeper saw last */
	bool failing;   /* its last round failed */
	atomic_bool stopping;
	struct thread keeper;
};

static struct secret_vault *vault_of(struct secret *self)
{
	return (struct secret_vault *)self;
}

static void reading_free(struct reading *r)
{
	if (!r)
		return;
	arena_done(&r->arena);
	free(r);
}

static struct reading *reading_new(void)
{
	struct reading *r = calloc(1, sizeof *r);
	if (!r)
		host_panic("out of memory");
	arena_init(&r->arena);
	r->fields.arena = &r->arena;
	return r;
}

/* Of version 2 of the key-value store the fields lie one level deeper, beside what is told of them. */
static const struct json *fields_of(const struct json *answer)
{
	const struct json *data = json_get(answer, "data"), *inner = json_get(data, "data");
	const struct json *about = json_get(data, "metadata");
	bool versioned = inner && about && about->kind == JSON_OBJECT && data->count == 2;
	return versioned ? inner : data;
}

static struct reading *reading_of(const struct json *answer)
{
	struct reading *r = reading_new();
	const struct json *data = fields_of(answer);
	struct str lease = json_text(answer, "lease_id");
	const struct json *renewable = json_get(answer, "renewable");
	for (const struct json *m = data ? data->first : NULL; m; m = m->next) {
		struct str text = m->text;
		if (m->kind == JSON_INT)
			text = str_of(arena_fmt(&r->arena, "%lld", (long long)m->integer));
		else if (m->kind != JSON_STRING)
			continue;
		*vec_push(&r->fields) =
			(struct field){str_copy(&r->arena, m->key), str_copy(&r->arena, text)};
	}
	r->seconds = vault_seconds(json_get(answer, "lease_duration"));
	r->renewable = renewable && renewable->boolean;
	if (r->seconds && lease.len)
		r->lease = str_dup(&r->arena, lease);
	return r;
}

static bool same_fields(const struct reading *a, const struct reading *b)
{
	if (!a || a->fields.len != b->fields.len)
		return false;
	for (size_t i = 0; i < a->fields.len; i++)
		if (!str_eq(a->fields.at[i].name, b->fields.at[i].name) ||
			!str_eq(a->fields.at[i].text, b->fields.at[i].text))
			return false;
	return true;
}

static void look_after(struct secret_vault *v, struct entry *e, int64_t seconds)
{
	int64_t now = v->world->monotonic();
	int64_t wait = e->reading && e->reading->lease ? seconds * SECOND / 3 * 2 : v->refresh;
	WITH_LOCK(&v->lock);
	e->looked = now;
	e->look = now + (wait > SECOND / 2 ? wait : SECOND / 2);
	host_wake(&v->lock);
}

/* Vault's lease goes on: *done. False: it needs to be read anew. */
static enum err renew(struct ctx *c, struct secret_vault *v, struct entry *e, bool *done)
{
	struct buf body = {.arena = c->arena};
	struct json_writer w = {.out = &body};
	const struct json *answer;
	*done = false;
	json_begin_object(&w);
	json_member_cstr(&w, "lease_id", e->reading->lease);
	json_member_int(&w, "increment", e->reading->seconds);
	json_end_object(&w);
	enum err kind = vault_api_ask(c, &v->api, "sys/leases/renew", &body, &answer);
	if (kind == ERR_DENIED || kind == ERR_INVALID || kind == ERR_NOT_FOUND) {
		ctx_clear(c);
		return OK;
	}
	TRY(kind);
	int64_t seconds = vault_seconds(json_get(answer, "lease_duration"));
	*done = seconds * 2 >= e->reading->seconds;
	if (*done)
		look_after(v, e, seconds);
	return OK;
}

static enum err read_anew(struct ctx *c, struct secret_vault *v, struct entry *e)
{
	const struct json *answer;
	TRY(vault_api_ask(c, &v->api, e->path, NULL, &answer));
	struct reading *now = reading_of(answer), *before = now;
	now->token = v->api.number;
	{
		WITH_LOCK(&v->lock);
		if (!same_fields(e->reading, now))
			e->generation++;
		before = e->reading;
		e->reading = now;
	}
	reading_free(before);
	look_after(v, e, now->seconds);
	return OK;
}

/* v->asking is held. */
static enum err look(struct ctx *c, struct secret_vault *v, struct entry *e)
{
	bool done = false;
	const struct reading *r = e->reading;
	if (r && r->lease && r->renewable && r->token == v->api.number)
		TRY_WHILE(c, renew(c, v, e, &done), "renewing the lease of %s", e->path);
	return done ? OK : read_anew(c, v, e);
}

static struct entry *find(struct secret_vault *v, struct str path)
{
	struct entry *e = v->entries;
	while (e && !str_is(path, e->path))
		e = e->next;
	return e;
}

/* From memory; *there false: its path was never read. */
static enum err recall(struct ctx *c, struct secret_vault *v, struct str path, struct str name,
	struct secret_value *out, bool *there)
{
	WITH_LOCK(&v->lock);
	const struct entry *e = find(v, path);
	*there = e && e->reading;
	if (!*there)
		return OK;
	for (size_t i = 0; i < e->reading->fields.len; i++) {
		const struct field *f = &e->reading->fields.at[i];
		if (!str_eq(f->name, name))
			continue;
		if (!f->text.len || memchr(f->text.at, 0, f->text.len) ||
			f->text.len > SECRET_TEXT_MAX)
			return fail(c, ERR_INVALID,
				"the field %.*s at %.*s in Vault holds no secret: a text of 1 to "
				"%d bytes is expected",
				STR_FMT(name), STR_FMT(path), SECRET_TEXT_MAX);
		*out = (struct secret_value){str_copy(c->arena, f->text), e->generation};
		return OK;
	}
	return fail(
		c, ERR_NOT_FOUND, "Vault has no field %.*s at %.*s", STR_FMT(name), STR_FMT(path));
}

/* "secret/data/nimbus#password": a path as in Vault's API, of ordinary characters, and a field. */
static enum err read_reference(
	struct ctx *c, const char *reference, struct str *path, struct str *name)
{
	*name = str_of(reference);
	*path = str_cut(name, '#');
	bool ok = path->len && name->len && path->at[0] != '/' && str_is_utf8(*name);
	for (size_t i = 0; i < path->len; i++)
		ok = ok && (uint8_t)path->at[i] > ' ' && (uint8_t)path->at[i] < 0x7f &&
		     !strchr("?%\\\"", path->at[i]);
	if (!ok || str_find_str(*path, STR("..")) < path->len || path->len > 512)
		return fail(c, ERR_INVALID,
			"\"vault:%.100s\" is no reference: vault:PATH#FIELD is expected, such as "
			"vault:secret/data/nimbus#password",
			reference);
	return OK;
}

static enum err vault_get(
	struct ctx *c, struct secret *self, const char *reference, struct secret_value *out)
{
	struct secret_vault *v = vault_of(self);
	struct str path, name;
	bool there;
	TRY(read_reference(c, reference, &path, &name));
	TRY(recall(c, v, path, name, out, &there));
	if (there)
		return OK;
	WITH_LOCK(&v->asking);
	TRY(recall(c, v, path, name, out, &there));
	if (there)
		return OK;
	struct entry *e = find(v, path);
	if (!e) {
		WITH_LOCK(&v->lock);
		e = NEW(&v->arena, struct entry);
		*e = (struct entry){
			.next = v->entries, .path = str_dup(&v->arena, path), .look = INT64_MAX};
		v->entries = e;
	}
	TRY(look(c, v, e));
	return recall(c, v, path, name, out, &there);
}

/* One asks for all who doubt the same. */
static void vault_doubt(
	struct ctx *c, struct secret *self, const char *reference, uint64_t generation)
{
	struct secret_vault *v = vault_of(self);
	struct str name = str_of(reference), path = str_cut(&name, '#');
	WITH_LOCK(&v->asking);
	struct entry *e = find(v, path);
	if (!e || !e->reading || e->generation != generation ||
		v->world->monotonic() - e->looked < DOUBT_US)
		return;
	struct error before = c->error;
	if (read_anew(c, v, e))
		look_after(v, e, e->reading->seconds / 10);
	c->error = before;
}

static int64_t next_look(struct secret_vault *v)
{
	int64_t next = INT64_MAX;
	WITH_LOCK(&v->lock);
	for (const struct entry *e = v->entries; e; e = e->next)
		next = e->look < next ? e->look : next;
	return next;
}

static void tell(struct secret_vault *v, const struct ctx *c, bool failing)
{
	if (failing && !v->failing)
		log_text(LOG_LEVEL_WARN,
			"Vault keeps no secret up to date; what it told last is used: %s",
			c->error.text);
	else if (!failing && v->failing)
		log_text(LOG_LEVEL_INFO, "Vault is back");
	v->failing = failing;
}

/* What was lent to a token that is replaced is due. */
static void see_token(struct secret_vault *v, int64_t now)
{
	WITH_LOCK(&v->lock);
	for (struct entry *e = v->entries; e && v->token != v->api.number; e = e->next)
		if (e->reading && e->reading->lease && e->reading->token != v->api.number)
			e->look = now;
	v->token = v->api.number;
}

/* All that is due. */
static void keep_round(struct ctx *c, struct secret_vault *v)
{
	int64_t now = v->world->monotonic();
	bool asked = false, failed = false;
	WITH_LOCK(&v->asking);
	if (v->api.renew && now >= v->api.renew) {
		asked = true;
		if (vault_api_sign_in(c, &v->api)) {
			failed = true;
			v->api.renew = now + VAULT_AGAIN_US;
		}
	}
	see_token(v, now);
	for (struct entry *e = v->entries; e && !atomic_load(&v->stopping); e = e->next) {
		if (e->look > now)
			continue;
		asked = true;
		if (!look(c, v, e))
			continue;
		failed = true;
		WITH_LOCK(&v->lock);
		e->look = now + VAULT_AGAIN_US;
	}
	if (asked && !atomic_load(&v->stopping))
		tell(v, c, failed);
}

static bool is_stopping(void *arg)
{
	return atomic_load(&((struct secret_vault *)arg)->stopping);
}

static void rest(struct secret_vault *v)
{
	enum { LONGEST = SECOND };
	int64_t now = v->world->monotonic(), next = next_look(v);
	WITH_LOCK(&v->lock);
	if (!atomic_load(&v->stopping) && next > now)
		host_wait_for(&v->lock, next - now < LONGEST ? next - now : LONGEST);
}

static void keep(void *arg)
{
	struct secret_vault *v = arg;
	while (!atomic_load(&v->stopping)) {
		struct arena arena;
		struct ctx c;
		arena_init(&arena);
		ctx_init(&c, &arena, v->world);
		c.canceled = is_stopping;
		c.canceled_arg = v;
		keep_round(&c, v);
		arena_done(&arena);
		rest(v);
	}
}

static void vault_free(struct secret_vault *v)
{
	for (struct entry *e = v->entries; e; e = e->next)
		reading_free(e->reading);
	vault_api_done(&v->api);
	arena_done(&v->arena);
	free(v);
}

static void vault_close(struct secret *self)
{
	struct secret_vault *v = vault_of(self);
	atomic_store(&v->stopping, true);
	host_lock(&v->lock);
	host_wake(&v->lock);
	host_unlock(&v->lock);
	thread_join(&v->keeper);
	vault_free(v);
}

static const struct secret_ops vault_ops = {
	.get = vault_get, .doubt = vault_doubt, .close = vault_close};

enum err secret_vault_open(struct ctx *c, const struct vault_options *options, struct secret **out)
{
	struct secret_vault *v = calloc(1, sizeof *v);
	if (!v)
		host_panic("out of memory");
	v->secret.ops = &vault_ops;
	v->world = c->world;
	v->refresh = options->refresh * MILLI;
	arena_init(&v->arena);
	enum err kind = vault_api_init(c, &v->api, options);
	if (!kind)
		kind = thread_start(c, "vault keeper", keep, v, &v->keeper);
	if (kind)
		vault_free(v);
	else
		*out = &v->secret;
	return kind;
}
