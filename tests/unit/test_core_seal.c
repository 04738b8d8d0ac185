#include "core/seal.h"

#include "base/buf.h"
#include "unit.h"

static const char hex_key[] = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";
static const struct seal_bound mine = {"totp", 7};

static void add_key(struct ctx *c, struct seal_keys *keys, const char *text)
{
	assert_ok(c, seal_keys_add(c, keys, str_of(text)));
}

static void keys_are_read_however_they_are_written(void **state)
{
	struct ctx *c = *state;
	struct seal_keys one = {0}, other = {0}, third = {0};
	add_key(c, &one, hex_key);
	add_key(c, &other, "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=");
	add_key(c, &third, " \n,AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8\r\n");
	assert_int_equal(one.count, 1);
	assert_memory_equal(&one, &other, sizeof one);
	assert_memory_equal(&one, &third, sizeof one);
	add_key(c, &one, hex_key); /* known already */
	assert_int_equal(one.count, 1);
	add_key(c, &one, "");
	assert_int_equal(one.count, 1);
}

static void what_is_no_key_is_not_told(void **state)
{
	struct ctx *c = *state;
	struct seal_keys keys = {0};
	const char *const bad[] = {"hunter2", "00", "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHg==",
		"g00102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"};
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		assert_err(c, seal_keys_add(c, &keys, str_of(bad[i])), ERR_INVALID);
		assert_null(strstr(c->error.text, bad[i]));
	}
	assert_int_equal(keys.count, 0);
}

static void there_are_so_many_keys_at_most(void **state)
{
	struct ctx *c = *state;
	struct seal_keys keys = {0};
	char text[65];
	memcpy(text, hex_key, sizeof text);
	for (int i = 0; i < SEAL_KEYS_MAX; i++) {
		text[0] = (char)('0' + i);
		add_key(c, &keys, text);
	}
	text[0] = 'a';
	assert_err(c, seal_keys_add(c, &keys, str_of(text)), ERR_INVALID);
}

static void what_is_sealed_is_opened(void **state)
{
	struct ctx *c = *state;
	struct seal_keys keys = {0};
	struct str back;
	add_key(c, &keys, hex_key);
	struct str sealed = seal_make(c, &keys, &mine, STR("a secret"));
	struct str again = seal_make(c, &keys, &mine, STR("a secret"));
	assert_ok(c, seal_open(c, &keys, &mine, sealed, &back));
	assert_str(back, "a secret");
	assert_false(str_eq(sealed, again));
	assert_int_equal(str_find_str(sealed, STR("secret")), sealed.len);
	assert_false(seal_is_old(&keys, sealed));
	sealed = seal_make(c, &keys, &mine, STR(""));
	assert_ok(c, seal_open(c, &keys, &mine, sealed, &back));
	assert_int_equal(back.len, 0);
}

static void it_is_bound_to_what_it_is_and_whose(void **state)
{
	struct ctx *c = *state;
	struct seal_keys keys = {0};
	struct str back;
	add_key(c, &keys, hex_key);
	struct str sealed = seal_make(c, &keys, &mine, STR("a secret"));
	assert_err(c, seal_open(c, &keys, &(struct seal_bound){"totp", 8}, sealed, &back),
		ERR_DAMAGED);
	assert_err(c, seal_open(c, &keys, &(struct seal_bound){"totp2", 7}, sealed, &back),
		ERR_DAMAGED);
	assert_err(c, seal_open(c, &keys, &(struct seal_bound){"", 7}, sealed, &back), ERR_DAMAGED);
}

static void no_byte_can_be_changed(void **state)
{
	struct ctx *c = *state;
	struct seal_keys keys = {0};
	struct str back;
	add_key(c, &keys, hex_key);
	struct str sealed = seal_make(c, &keys, &mine, STR("a secret"));
	char *bytes = str_dup(c->arena, sealed);
	for (size_t i = 0; i < sealed.len; i++) {
		bytes[i] ^= 1;
		assert_err(c, seal_open(c, &keys, &mine, str_from(bytes, sealed.len), &back),
			i > 0 && i <= SEAL_KEY_ID ? ERR_UNAVAILABLE : ERR_DAMAGED);
		bytes[i] ^= 1;
	}
	for (size_t len = 0; len < sealed.len; len++)
		assert_err(c, seal_open(c, &keys, &mine, str_from(bytes, len), &back), ERR_DAMAGED);
	assert_ok(c, seal_open(c, &keys, &mine, str_from(bytes, sealed.len), &back));
}

static void a_key_is_replaced_by_one_before_it(void **state)
{
	struct ctx *c = *state;
	struct seal_keys before = {0}, both = {0}, after = {0};
	struct str back;
	char next[65];
	memcpy(next, hex_key, sizeof next);
	next[0] = 'f';
	add_key(c, &before, hex_key);
	add_key(c, &both, arena_fmt(c->arena, "%s,%s", next, hex_key));
	add_key(c, &after, next);
	struct str sealed = seal_make(c, &before, &mine, STR("a secret"));
	assert_ok(c, seal_open(c, &both, &mine, sealed, &back));
	assert_true(seal_is_old(&both, sealed));
	assert_err(c, seal_open(c, &after, &mine, sealed, &back), ERR_UNAVAILABLE);
	assert_non_null(strstr(c->error.text, "NIMBUS_SEAL_KEY"));
	sealed = seal_make(c, &both, &mine, back);
	assert_ok(c, seal_open(c, &after, &mine, sealed, &back));
	assert_str(back, "a secret");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT_TEST(keys_are_read_however_they_are_written),
		UNIT_TEST(what_is_no_key_is_not_told),
		UNIT_TEST(there_are_so_many_keys_at_most),
		UNIT_TEST(what_is_sealed_is_opened),
		UNIT_TEST(it_is_bound_to_what_it_is_and_whose),
		UNIT_TEST(no_byte_can_be_changed),
		UNIT_TEST(a_key_is_replaced_by_one_before_it),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
