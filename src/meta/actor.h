/*
 * Is an actor still who they were proven to be?
 *
 * It takes one row of the account and one of the token, each by its key. So it is part of the
 * statement by which a repository is found (meta_repo_find), and costs no journey of its own.
 */
#ifndef META_ACTOR_H
#define META_ACTOR_H

#include "model/actor.h"
#include "port/db.h"

/* Of `account` and `token`, outer-joined by who->user_id and who->token_id: what meta_actor_is looks
 * at. */
#define META_ACTOR_COLUMNS                                                       \
	"account.username, account.owner, account.generation, account.expires, " \
	"token.ceiling, token.expires"
enum { META_ACTOR_COLUMN_COUNT = 6 };

/*
 * Whether these columns, at `now` (db_now), say of `who` what was proven: the account is there with the same name and
 * standing, and has time left; and the token is there and has time left or, where there is none, the password is the
 * same. Of the anonymous nothing was.
 */
bool meta_actor_is(int64_t now, const struct actor *who, const struct db_value *row);
/* And of who came by a minted key, from a device, or by a provider's token, whether that is as good as then:
 * a question that is asked for no other. */
enum err meta_actor_key_stands(
	struct ctx *c, struct db_tx *tx, const struct actor *who, bool *stands) MUST;

/* All of that by statements of their own. */
enum err meta_actor_stands(struct ctx *c, struct db_tx *tx, const struct actor *who, bool *stands)
	MUST;

#endif
