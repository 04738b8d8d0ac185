/* git/tree_diff.c */
#include "unit.h"

#include "git/idx.h"
#include "git/tree_diff.h"
#include "pack_make.h"

/* Trees are packed as they are made; the reader comes when all are there. */
struct trees {
	struct pack_make make;
	struct pack *pack;
	struct pack *packs[1];
	struct odb odb;
	struct odb_reader reader;
	struct idx_entry entries[2100];
	uint32_t count;
};

static struct oid add(struct trees *t, enum object_type type, struct str body)
{
	struct oid id;
	size_t start = t->make.bytes.len;
	for (uint32_t i = 0; i < t->count; i++) {
		struct object o = {type, body};
		object_hash(HASH_SHA1, &o, &id);
		if (oid_eq(&id, &t->entries[i].id))
			return id;
	}
	pack_make_object(&t->make, type, body, &id);
	t->entries[t->count++] = (struct idx_entry){.id = id,
		.offset = start,
		.crc = zip_crc32(0, t->make.bytes.at + start, t->make.bytes.len - start)};
	return id;
}

/* "a=1 b=2": the files of a tree, whose ids are told apart by what they hold. */
static struct oid file_id(char content)
{
	uint8_t hash[20] = {(uint8_t)content};
	return oid_from_bytes(HASH_SHA1, hash);
}

static struct trees *begin(struct ctx *c)
{
	struct trees *t = NEW(c->arena, struct trees);
	pack_make_init(&t->make, c->arena, HASH_SHA1);
	return t;
}

struct growing {
	struct sink sink;
	struct buf bytes;
};

static enum err grow(struct ctx *c, struct sink *self, const void *bytes, size_t len)
{
	(void)c;
	buf_bytes(&((struct growing *)self)->bytes, bytes, len);
	return OK;
}

static void end(struct ctx *c, struct trees *t)
{
	struct growing idx = {.sink.write = grow, .bytes.arena = c->arena};
	struct str pack = pack_make_end(&t->make);
	assert_ok(c, idx_write(c, HASH_SHA1, t->entries, t->count,
			     (const uint8_t *)pack.at + pack.len - 20, &idx.sink));
	struct extent_bytes *e = NEW_ARRAY(c->arena, struct extent_bytes, 2);
	extent_bytes_init(&e[0], pack.at, pack.len);
	extent_bytes_init(&e[1], idx.bytes.at, idx.bytes.len);
	assert_ok(c, pack_open(c, HASH_SHA1, &e[0].extent, &e[1].extent, &t->pack));
	t->packs[0] = t->pack;
	t->odb = (struct odb){.algo = HASH_SHA1, .packs = t->packs, .count = 1};
	odb_reader_init(c, &t->reader, &t->odb);
	t->reader.object_max = 1 << 20;
}

static struct str described(struct ctx *c, const struct tree_changes *all)
{
	struct buf out = {.arena = c->arena};
	for (size_t i = 0; i < all->count; i++) {
		const struct tree_change *t = &all->at[i];
		buf_fmt(&out, "%c%.*s ",
			!t->old_mode   ? '+'
			: !t->new_mode ? '-'
				       : '~',
			STR_FMT(t->path));
	}
	return buf_view(&out);
}

static struct oid tree_with(
	struct ctx *c, struct trees *t, const char *mode_and_name, struct oid id)
{
	struct buf b = {.arena = c->arena};
	tree_line(&b, mode_and_name, &id);
	return add(t, OBJECT_TREE, buf_view(&b));
}

static void files_are_added_deleted_and_changed_in_every_folder(void **state)
{
	struct ctx *c = *state;
	struct trees *t = begin(c);
	struct tree_changes all;
	struct buf old = {.arena = c->arena}, new = {.arena = c->arena};
	struct oid one = file_id(1), two = file_id(2);
	struct oid sub_old = tree_with(c, t, "100644 x", one),
		   sub_new = tree_with(c, t, "100644 x", two);
	tree_line(&old, "100644 a", &one);
	tree_line(&old, "100644 b", &one);
	tree_line(&old, "40000 dir", &sub_old);
	tree_line(&old, "40000 same", &sub_old);
	tree_line(&new, "100755 b", &one);
	tree_line(&new, "40000 dir", &sub_new);
	tree_line(&new, "40000 fresh", &sub_new);
	tree_line(&new, "40000 same", &sub_old);
	struct oid from = add(t, OBJECT_TREE, buf_view(&old)),
		   to = add(t, OBJECT_TREE, buf_view(&new));
	end(c, t);
	assert_ok(c, tree_diff(c, &t->reader, &from, &to, 100, &all));
	assert_str(described(c, &all), "-a ~b ~dir/x +fresh/x ");
	assert_ok(c, tree_diff(c, &t->reader, NULL, &to, 100, &all));
	assert_str(described(c, &all), "+b +dir/x +fresh/x +same/x ");
	assert_ok(c, tree_diff(c, &t->reader, &from, NULL, 100, &all));
	assert_str(described(c, &all), "-a -b -dir/x -same/x ");
	assert_ok(c, tree_diff(c, &t->reader, &from, &from, 100, &all));
	assert_int_equal(all.total, 0);
	pack_unref(t->pack);
}

static void a_file_that_becomes_a_folder_is_both(void **state)
{
	struct ctx *c = *state;
	struct trees *t = begin(c);
	struct tree_changes all;
	struct oid one = file_id(1), sub = tree_with(c, t, "100644 x", one);
	struct oid from = tree_with(c, t, "100644 n", one), to = tree_with(c, t, "40000 n", sub);
	end(c, t);
	assert_ok(c, tree_diff(c, &t->reader, &from, &to, 100, &all));
	assert_str(described(c, &all), "-n +n/x ");
	pack_unref(t->pack);
}

static void and_so_is_a_file_that_becomes_a_link(void **state)
{
	struct ctx *c = *state;
	struct trees *t = begin(c);
	struct tree_changes all;
	struct oid one = file_id(1);
	struct oid from = tree_with(c, t, "100644 n", one), to = tree_with(c, t, "120000 n", one);
	end(c, t);
	assert_ok(c, tree_diff(c, &t->reader, &from, &to, 100, &all));
	assert_str(described(c, &all), "-n +n ");
	pack_unref(t->pack);
}

static void what_is_over_the_limit_is_counted(void **state)
{
	struct ctx *c = *state;
	struct trees *t = begin(c);
	struct tree_changes all;
	struct buf many = {.arena = c->arena};
	struct oid one = file_id(1);
	for (int i = 10; i < 60; i++)
		tree_line(&many, arena_fmt(c->arena, "100644 f%d", i), &one);
	struct oid to = add(t, OBJECT_TREE, buf_view(&many));
	end(c, t);
	assert_ok(c, tree_diff(c, &t->reader, NULL, &to, 7, &all));
	assert_int_equal(all.count, 7);
	assert_int_equal(all.total, 50);
	pack_unref(t->pack);
}

static void folders_nested_without_end_are_refused(void **state)
{
	struct ctx *c = *state;
	struct trees *t = begin(c);
	struct tree_changes all;
	struct oid id = tree_with(c, t, "100644 x", file_id(1));
	for (int i = 0; i < TREE_DIFF_DEPTH_MAX + 10; i++)
		id = tree_with(c, t, "40000 d", id);
	end(c, t);
	assert_err(c, tree_diff(c, &t->reader, NULL, &id, 100, &all), ERR_TOO_BIG);
	pack_unref(t->pack);
}

static void a_tree_that_is_not_there_is_an_error(void **state)
{
	struct ctx *c = *state;
	struct trees *t = begin(c);
	struct tree_changes all;
	struct oid to = tree_with(c, t, "40000 d", file_id(9));
	end(c, t);
	assert_err(c, tree_diff(c, &t->reader, NULL, &to, 100, &all), ERR_NOT_FOUND);
	pack_unref(t->pack);
}

static void what_lies_too_far_away_is_left_out(void **state)
{
	struct ctx *c = *state;
	struct trees *t = begin(c);
	struct tree_changes all;
	struct oid to = tree_with(c, t, "100644 x", file_id(1));
	end(c, t);
	c->afar.bytes_max = c->afar.bytes = 1;
	assert_ok(c, tree_diff(c, &t->reader, NULL, &to, 100, &all));
	assert_int_equal(all.total, 0);
	assert_true(all.cut);
	c->afar.bytes = 0;
	assert_ok(c, tree_diff(c, &t->reader, NULL, &to, 100, &all));
	assert_int_equal(all.total, 1);
	assert_false(all.cut);
	pack_unref(t->pack);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT_TEST(files_are_added_deleted_and_changed_in_every_folder),
		UNIT_TEST(a_file_that_becomes_a_folder_is_both),
		UNIT_TEST(and_so_is_a_file_that_becomes_a_link),
		UNIT_TEST(what_is_over_the_limit_is_counted),
		UNIT_TEST(folders_nested_without_end_are_refused),
		UNIT_TEST(a_tree_that_is_not_there_is_an_error),
		UNIT_TEST(what_lies_too_far_away_is_left_out),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
