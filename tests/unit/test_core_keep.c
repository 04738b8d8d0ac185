#include "core/keep.h"

#include "core/backup.h"
#include "core_house.h"

static const struct oid pack = {{7}, HASH_SHA1};

static enum err take(struct ctx *c, struct keep *out)
{
	return keep_take(c, house_of(c)->db, 1, &pack, out);
}

/* Is it kept? With *out a removal that has begun where it is not. */
static bool is_kept(struct ctx *c, const struct oid *id, struct removal *out)
{
	char hex[OID_HEX_MAX];
	bool kept;
	DB_TX *tx = NULL;
	assert_ok(c, db_begin_on(c, house_of(c)->db, 1, &tx));
	assert_ok(c, removal_take(c, tx, 1, str_of(oid_hex(id, hex)), out, &kept));
	if (kept)
		return true;
	assert_ok(c, db_commit(c, &tx));
	removal_begin(c, out);
	return false;
}

static enum err end(struct ctx *c, struct keep *k)
{
	DB_TX *tx = NULL;
	TRY(db_begin_on(c, house_of(c)->db, 1, &tx));
	TRY(keep_end(c, tx, k));
	return db_commit(c, &tx);
}

static void what_is_kept_is_not_removed(void **state)
{
	struct ctx *c = *state;
	struct keep one, two;
	struct removal removal;
	const struct oid other = {{8}, HASH_SHA1};
	assert_ok(c, take(c, &one));
	assert_ok(c, take(c, &two));
	assert_false(is_kept(c, &other, &removal));
	assert_int_equal(removal_end(c, &removal, OK), OK);
	assert_true(is_kept(c, &pack, &removal));
	assert_ok(c, end(c, &one));
	assert_int_equal(one.lease.name.len, 0);
	assert_true(is_kept(c, &pack, &removal));
	keep_give(c, &two);
	assert_false(is_kept(c, &pack, &removal));
}

static void whoever_stores_waits_for_who_removes(void **state)
{
	struct ctx *c = *state;
	struct keep keep;
	struct removal removal, second;
	assert_false(is_kept(c, &pack, &removal));
	assert_true(is_kept(c, &pack, &second));
	assert_true(c->deadline <= c->world->monotonic() + REMOVE_SECONDS * (int64_t)500000);
	c->deadline = c->world->monotonic() + 150000;
	assert_err(c, take(c, &keep), ERR_TIMEOUT);
	assert_int_equal(removal_end(c, &removal, OK), OK);
	assert_int_equal(c->deadline, 0);
	assert_ok(c, take(c, &keep));
	keep_give(c, &keep);
}

static void a_removal_that_failed_is_waited_for_until_its_time_is_over(void **state)
{
	struct ctx *c = *state;
	struct keep keep;
	struct removal removal;
	assert_false(is_kept(c, &pack, &removal));
	assert_int_equal(removal_end(c, &removal, ERR_IO), ERR_IO);
	c->deadline = c->world->monotonic() + 150000;
	assert_err(c, take(c, &keep), ERR_TIMEOUT);
	c->deadline = 0;
	house_moved += (REMOVE_SECONDS + 1) * (int64_t)1000000;
	assert_ok(c, take(c, &keep));
}

static void whoever_took_too_long_is_told(void **state)
{
	struct ctx *c = *state;
	struct keep keep;
	struct removal removal;
	assert_ok(c, take(c, &keep));
	house_moved += (KEEP_SECONDS + 1) * (int64_t)1000000;
	assert_err(c, end(c, &keep), ERR_CONFLICT);
	assert_false(is_kept(c, &pack, &removal));
}

static void a_backup_waits_for_who_removes(void **state)
{
	struct ctx *c = *state;
	struct removal removal;
	struct backup_guard guard;
	assert_false(is_kept(c, &pack, &removal));
	c->deadline = c->world->monotonic() + 150000;
	assert_err(c, backup_guard_take(c, house_of(c)->db, &guard), ERR_TIMEOUT);
	assert_int_equal(removal_end(c, &removal, OK), OK);
	assert_ok(c, backup_guard_take(c, house_of(c)->db, &guard));
	assert_true(is_kept(c, &pack, &removal));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		HOUSE_TEST(what_is_kept_is_not_removed),
		HOUSE_TEST(whoever_stores_waits_for_who_removes),
		HOUSE_TEST(a_removal_that_failed_is_waited_for_until_its_time_is_over),
		HOUSE_TEST(whoever_took_too_long_is_told),
		HOUSE_TEST(a_backup_waits_for_who_removes),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
