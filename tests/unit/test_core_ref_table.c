#include "unit.h"

#include "base/buf.h"
#include "core/ref_table.h"

struct text {
	struct sink sink;
	struct buf buf;
};

static enum err text_write(struct ctx *c, struct sink *self, const void *bytes, size_t len)
{
	(void)c;
	buf_bytes(&((struct text *)self)->buf, bytes, len);
	return OK;
}

/* The refs that a table should have: by number, the id's last byte; 0 where it has none. */
enum { NAMES = 6000 };

static const char *name_of(struct ctx *c, int i)
{
	return arena_fmt(c->arena, "refs/%s/name-%05d", i < NAMES / 2 ? "heads" : "tags", i);
}

static struct ref ref_of(struct ctx *c, int i, uint8_t value)
{
	struct ref ref = {.name = str_of(name_of(c, i)), .id = oid_zero(HASH_SHA1)};
	ref.id.hash[0] = value;
	ref.id.hash[19] = (uint8_t)i;
	if (i >= NAMES / 2 && i % 3) {
		ref.peeled = ref.id;
		ref.peeled.hash[1] = 0xab;
	}
	return ref;
}

static const char *lines_of(struct ctx *c, const uint8_t *values, enum ref_lines how)
{
	struct buf text = {.arena = c->arena};
	for (int i = 0; i < NAMES; i++) {
		char hex[OID_HEX_MAX], peeled[OID_HEX_MAX];
		if (!values[i])
			continue;
		struct ref ref = ref_of(c, i, values[i]);
		bool tag = ref.peeled.algo && how != REF_LINES_PLAIN;
		bool v2 = tag && how == REF_LINES_V2, v0 = tag && how == REF_LINES_V0;
		oid_hex(&ref.peeled, peeled);
		size_t len = 4 + 40 + 1 + ref.name.len + (v2 ? 48 : 0) + 1;
		buf_fmt(&text, "%04x%s %.*s%s%s\n", (unsigned)len, oid_hex(&ref.id, hex),
			STR_FMT(ref.name), v2 ? " peeled:" : "", v2 ? peeled : "");
		if (v0)
			buf_fmt(&text, "%04x%s %.*s^{}\n", (unsigned)len + 3, peeled,
				STR_FMT(ref.name));
	}
	return buf_text(&text);
}

static void assert_table(struct ctx *c, const struct ref_table *t, const uint8_t *values)
{
	struct arena_mark mark = arena_mark(c->arena);
	size_t at = 0;
	for (int i = 0; i < NAMES; i++) {
		struct ref ref, want = ref_of(c, i, values[i]);
		assert_int_equal(ref_table_lower_bound(t, want.name), at);
		assert_int_equal(ref_table_find(t, want.name, &ref), values[i] != 0);
		if (!values[i])
			continue;
		assert_true(str_eq(ref.name, want.name));
		assert_true(oid_eq(&ref.id, &want.id) && oid_eq(&ref.peeled, &want.peeled));
		ref = ref_table_at(t, at++);
		assert_true(str_eq(ref.name, want.name));
		assert_true(oid_eq(&ref.id, &want.id) && oid_eq(&ref.peeled, &want.peeled));
	}
	assert_int_equal(t->count, at);
	for (int how = REF_LINES_PLAIN; how <= REF_LINES_V0; how++) {
		struct text text = {{.write = text_write}, {.arena = c->arena}};
		assert_ok(c, ref_table_write(c, t, 0, t->count, (enum ref_lines)how, &text.sink));
		assert_string_equal(buf_text(&text.buf), lines_of(c, values, (enum ref_lines)how));
	}
	arena_rewind(c->arena, mark);
}

static void make(struct ctx *c, struct ref_table *t, const uint8_t *values)
{
	struct ref_maker m;
	ref_table_init(t, c->arena, HASH_SHA1);
	ref_maker_init(&m, t, NULL);
	for (int i = 0; i < NAMES; i++) {
		struct ref ref = ref_of(c, i, values[i]);
		if (values[i])
			ref_maker_put(&m, &ref);
	}
	ref_maker_end(&m);
	ref_maker_done(&m);
}

/* The next version: what differs between the two lists is put and dropped. */
static void change(struct ctx *c, const struct ref_table *from, const uint8_t *old,
	const uint8_t *new, struct ref_table *to)
{
	struct ref_maker m;
	ref_table_init(to, c->arena, HASH_SHA1);
	ref_maker_init(&m, to, from);
	for (int i = 0; i < NAMES; i++) {
		struct ref ref = ref_of(c, i, new[i]);
		if (old[i] != new[i] && new[i])
			ref_maker_put(&m, &ref);
		else if (old[i] != new[i])
			ref_maker_drop(&m, ref.name);
	}
	ref_maker_end(&m);
	ref_maker_done(&m);
}

static void an_empty_table_has_nothing(void **state)
{
	struct ctx *c = *state;
	static const uint8_t none[NAMES];
	struct ref_table t;
	make(c, &t, none);
	assert_table(c, &t, none);
	assert_int_equal(ref_table_prefix_end(&t, STR("")), 0);
	ref_table_done(&t);
}

static void a_table_gives_back_what_was_put(void **state)
{
	struct ctx *c = *state;
	uint8_t values[NAMES];
	struct ref_table t;
	memset(values, 7, sizeof values);
	make(c, &t, values);
	assert_table(c, &t, values);
	assert_true(t.parts.len > 3);
	assert_int_equal(ref_table_prefix_end(&t, STR("refs/heads/")), NAMES / 2);
	assert_int_equal(ref_table_lower_bound(&t, STR("refs/tags/")), NAMES / 2);
	assert_int_equal(ref_table_prefix_end(&t, STR("refs/")), NAMES);
	assert_int_equal(ref_table_prefix_end(&t, STR("refs/aaa")), 0);
	assert_int_equal(ref_table_prefix_end(&t, STR("refs/heads/name-00010")), 11);
	ref_table_done(&t);
}

static void the_next_version_shares_all_but_one_chunk(void **state)
{
	struct ctx *c = *state;
	uint8_t old[NAMES], new[NAMES];
	struct ref_table first, second;
	size_t shared = 0;
	memset(old, 1, sizeof old);
	memset(new, 1, sizeof new);
	new[NAMES / 3] = 2;
	make(c, &first, old);
	change(c, &first, old, new, &second);
	assert_table(c, &second, new);
	assert_table(c, &first, old);
	for (size_t i = 0; i < first.parts.len; i++)
		for (size_t k = 0; k < second.parts.len; k++)
			shared += first.parts.at[i].chunk == second.parts.at[k].chunk;
	assert_int_equal(shared, first.parts.len - 1);
	ref_table_done(&first);
	assert_table(c, &second, new);
	ref_table_done(&second);
}

/* Hundreds of versions at random: each is right, and chunks neither pile up nor melt into one. */
static void any_changes_in_any_order_come_out_right(void **state)
{
	struct ctx *c = *state;
	uint8_t old[NAMES] = {0}, new[NAMES];
	struct ref_table now, next;
	uint32_t random = 12345;
	make(c, &now, old);
	for (int round = 0; round < 300; round++) {
		memcpy(new, old, sizeof new);
		random = random * 1664525 + 1013904223;
		int changes = (int)((random >> 8) % (round % 10 ? 20 : NAMES));
		for (int i = 0; i < changes; i++) {
			random = random * 1664525 + 1013904223;
			bool drop = (random >> 28) < (round < 200 ? 4 : 13);
			new[(random >> 8) % NAMES] = drop ? 0 : (uint8_t)(random >> 20 | 1);
		}
		change(c, &now, old, new, &next);
		ref_table_done(&now);
		now = next;
		memcpy(old, new, sizeof old);
		if (round % 20 == 0)
			assert_table(c, &now, old);
		assert_true(now.parts.len <= 2 * (ref_table_bytes(&now) / (64 << 10) + 2));
	}
	assert_table(c, &now, old);
	ref_table_done(&now);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT_TEST(an_empty_table_has_nothing),
		UNIT_TEST(a_table_gives_back_what_was_put),
		UNIT_TEST(the_next_version_shares_all_but_one_chunk),
		UNIT_TEST(any_changes_in_any_order_come_out_right),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
