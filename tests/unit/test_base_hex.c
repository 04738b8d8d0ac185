#include "base/hex.h"

#include "unit.h"

static void hex_round_trips(void **state)
{
	struct ctx *c = *state;
	char text[8];
	uint8_t bytes[4];
	(void)c;
	hex_encode("\x00\x7f\x80\xff", 4, text);
	assert_memory_equal(text, "007f80ff", 8);
	assert_true(hex_decode("007F80fF", 4, bytes));
	assert_memory_equal(bytes, "\x00\x7f\x80\xff", 4);
}

static void hex_refuses_other_bytes(void **state)
{
	uint8_t byte;
	(void)state;
	for (int b = 0; b < 256; b++) {
		char text[2] = {'0', (char)b};
		bool digit =
			(b >= '0' && b <= '9') || (b >= 'a' && b <= 'f') || (b >= 'A' && b <= 'F');
		assert_int_equal(hex_decode(text, 1, &byte), digit);
		text[1] = '0', text[0] = (char)b;
		assert_int_equal(hex_decode(text, 1, &byte), digit);
	}
}

static void base64_gives_the_vectors_of_rfc_4648(void **state)
{
	struct ctx *c = *state;
	static const char *const plain[] = {"", "f", "fo", "foo", "foob", "fooba", "foobar"};
	static const char *const coded[] = {
		"", "Zg==", "Zm8=", "Zm9v", "Zm9vYg==", "Zm9vYmE=", "Zm9vYmFy"};
	for (size_t i = 0; i < 7; i++) {
		char back[16];
		size_t len = 99;
		assert_str(base64_encode(c->arena, str_of(plain[i])), coded[i]);
		assert_true(base64_decode(str_of(coded[i]), back, &len));
		assert_str(str_from(back, len), plain[i]);
	}
	assert_str(base64url_encode(c->arena, STR("\xfb\xff\xfe")), "-__-");
	assert_str(base64_encode(c->arena, STR("\xfb\xff\xfe")), "+//+");
	assert_str(base64url_encode(c->arena, STR("f")), "Zg");
}

static void base64_decoding_is_strict(void **state)
{
	static const char *const bad[] = {"Z", "Zg",
		"Zg=", "Zg===", "Zh==", "Zm9=", "====", "Z===", "Zg==Zg==", "Zm 9", "Zm9v\n",
		"-__-", "=Zg=", "Zg=a"};
	char back[16];
	size_t len;
	(void)state;
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		if (base64_decode(str_of(bad[i]), back, &len))
			fail_msg("\"%s\" was taken", bad[i]);
}

static void base64url_gives_back_what_it_wrote(void **state)
{
	struct ctx *c = *state;
	for (size_t len = 0; len < 20; len++) {
		char bytes[20], back[20];
		size_t got = 99;
		c->world->random(bytes, sizeof bytes);
		assert_true(base64url_decode(
			base64url_encode(c->arena, str_from(bytes, len)), back, &got));
		assert_int_equal(got, len);
		assert_memory_equal(back, bytes, len);
	}
}

static void base64url_decoding_is_strict(void **state)
{
	static const char *const bad[] = {
		"Z", "Zg==", "Zg=", "Zh", "Zm9", "Zm9vY", "Zm 9", "Zm9v\n", "+//+", "=", "Zm9v="};
	char back[16];
	size_t len;
	(void)state;
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		if (base64url_decode(str_of(bad[i]), back, &len))
			fail_msg("\"%s\" was taken", bad[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT_TEST(hex_round_trips),
		UNIT_TEST(hex_refuses_other_bytes),
		UNIT_TEST(base64_gives_the_vectors_of_rfc_4648),
		UNIT_TEST(base64_decoding_is_strict),
		UNIT_TEST(base64url_gives_back_what_it_wrote),
		UNIT_TEST(base64url_decoding_is_strict),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
