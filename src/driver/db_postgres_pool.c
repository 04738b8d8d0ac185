#include "driver/db_postgres_parts.h"

#include "base/host.h"
#include "driver/wait.h"

enum {
	LOOK_US = 1000000,      /* how often a login that may change is looked at */
	ROTATION_US = 10000000, /* how long server and secret may disagree about a password */
	ROTATION_STEP_US = 250000,
};

void pg_pool_leave(struct postgres *db)
{
	HOLD(db->lock);
	db->count--;
	pthread_cond_signal(&db->back);
}

void pg_pool_drop(struct connection *conn)
{
	struct postgres *db = conn->owner;
	pg_disconnect(conn);
	pg_pool_leave(db);
}

/* False where its login is outdated by one that succeeded. */
static bool pool_keep(struct postgres *db, struct connection *conn)
{
	HOLD(db->lock);
	if (conn->generation < db->newest)
		return false;
	conn->next = db->idle;
	db->idle = conn;
	pthread_cond_signal(&db->back);
	return true;
}

void pg_pool_return(struct connection *conn)
{
	if (!pool_keep(conn->owner, conn))
		pg_pool_drop(conn);
}

/* Closes the idle ones whose login is older. */
static void pool_forget(struct postgres *db, uint64_t generation)
{
	struct connection *gone = NULL;
	pthread_mutex_lock(&db->lock);
	for (struct connection **at = &db->idle; *at;) {
		struct connection *conn = *at;
		if (conn->generation >= generation) {
			at = &conn->next;
			continue;
		}
		*at = conn->next;
		conn->next = gone;
		gone = conn;
	}
	pthread_mutex_unlock(&db->lock);
	while (gone) {
		struct connection *next = gone->next;
		pg_pool_drop(gone);
		gone = next;
	}
}

void pg_pool_empty(struct postgres *db)
{
	pool_forget(db, UINT64_MAX);
}

/* A login has succeeded: those before it are of no use any more. */
static void login_prove(struct postgres *db, uint64_t generation)
{
	bool newer;
	{
		HOLD(db->lock);
		db->proven = true;
		newer = generation > db->newest;
		if (newer)
			db->newest = generation;
	}
	if (newer)
		pool_forget(db, generation);
}

static enum err sign_in(struct ctx *c, struct postgres *db, const struct secret_values *login,
	bool *refused, struct connection **out)
{
	TRY(pg_connect(c, db, login, refused, out));
	login_prove(db, login->generation);
	return OK;
}

static bool login_is_proven(struct postgres *db)
{
	HOLD(db->lock);
	return db->proven;
}

/*
 * A password is changed in two places, one after the other: for a moment they disagree. Who has signed
 * in before waits for that to end.
 */
enum err pg_pool_connect(struct ctx *c, struct postgres *db, struct connection **out)
{
	int64_t until = c->world->monotonic() + ROTATION_US;
	bool patient = login_is_proven(db) && !secret_set_is_fixed(&db->login);
	for (;;) {
		struct secret_values login;
		bool refused;
		TRY(secret_set_read(c, &db->login, &login));
		enum err kind = sign_in(c, db, &login, &refused, out);
		if (!kind || !refused || !patient || c->world->monotonic() >= until)
			return kind;
		struct error why = c->error;
		secret_set_doubt(c, &db->login, &login);
		if (wait_pause(c, ROTATION_STEP_US)) {
			c->error = why;
			return kind;
		}
		ctx_clear(c);
	}
}

/* Has the login changed since? */
static bool is_outdated(struct ctx *c, struct postgres *db, const struct connection *conn)
{
	int64_t now = c->world->monotonic();
	if (secret_set_is_fixed(&db->login) || now < atomic_load(&db->renew_at))
		return false;
	if (now >= atomic_load(&db->look_at)) {
		struct secret_values login;
		atomic_store(&db->look_at, now + LOOK_US);
		if (secret_set_read(c, &db->login, &login))
			ctx_clear(c);
		else
			atomic_store(&db->generation, login.generation);
	}
	return conn->generation < atomic_load(&db->generation);
}

/* In its place one with the login of now, where that succeeds; until then the old one is good. */
static struct connection *replaced(struct ctx *c, struct postgres *db, struct connection *old)
{
	struct secret_values login;
	struct connection *conn = NULL;
	bool refused;
	if (!is_outdated(c, db, old))
		return old;
	enum err kind = secret_set_read(c, &db->login, &login);
	if (!kind)
		kind = sign_in(c, db, &login, &refused, &conn);
	if (kind) {
		ctx_clear(c);
		/* Not every request has to find that out. */
		atomic_store(&db->renew_at, c->world->monotonic() + LOOK_US);
		return old;
	}
	pg_disconnect(old);
	return conn;
}

static enum err take_place(struct ctx *c, struct postgres *db, struct connection **out)
{
	HOLD(db->lock);
	int64_t until = wait_end(c, PATIENCE_US);
	while (!db->idle && db->count >= db->most)
		TRY(wait_slice(c, &db->lock, &db->back, until,
			"all connections to the database are in use"));
	*out = db->idle;
	if (*out)
		db->idle = (*out)->next;
	else
		db->count++;
	return OK;
}

enum err pg_pool_enter(struct ctx *c, struct postgres *db, struct connection **out)
{
	TRY(take_place(c, db, out));
	if (*out)
		*out = replaced(c, db, *out);
	return OK;
}
