#include "driver/db_postgres_parts.h"

#include "driver/wait.h"

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

void pg_pool_return(struct connection *conn)
{
	struct postgres *db = conn->owner;
	HOLD(db->lock);
	conn->next = db->idle;
	db->idle = conn;
	pthread_cond_signal(&db->back);
}

void pg_pool_empty(struct postgres *db)
{
	pthread_mutex_lock(&db->lock);
	struct connection *gone = db->idle;
	db->idle = NULL;
	pthread_mutex_unlock(&db->lock);
	while (gone) {
		struct connection *next = gone->next;
		pg_pool_drop(gone);
		gone = next;
	}
}

enum err pg_pool_enter(struct ctx *c, struct postgres *db, struct connection **out)
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
