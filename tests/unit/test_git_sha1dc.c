#include "git/sha1dc.h"
#include "git/sha1dc_table.h"

#include "unit.h"

#include "sha1dc_vectors.h"

static uint32_t rotate(uint32_t x, unsigned n)
{
	return n % 32 ? x << n % 32 | x >> (32 - n % 32) : x;
}

/* The standard, word for word: what the digest must be. */
static void plain_block(uint32_t state[5], const uint8_t *block)
{
	uint32_t w[80];
	for (int t = 0; t < 16; t++)
		w[t] = (uint32_t)block[4 * t] << 24 | (uint32_t)block[4 * t + 1] << 16 |
		       (uint32_t)block[4 * t + 2] << 8 | block[4 * t + 3];
	for (int t = 16; t < 80; t++)
		w[t] = rotate(w[t - 3] ^ w[t - 8] ^ w[t - 14] ^ w[t - 16], 1);
	static const uint32_t k[4] = {0x5a827999u, 0x6ed9eba1u, 0x8f1bbcdcu, 0xca62c1d6u};
	uint32_t a = state[0], b = state[1], c = state[2], d = state[3], e = state[4];
	for (int t = 0; t < 80; t++) {
		uint32_t f = t < 20              ? (b & c) | (~b & d)
			     : t >= 40 && t < 60 ? (b & c) | (b & d) | (c & d)
						 : b ^ c ^ d;
		uint32_t next = rotate(a, 5) + f + e + k[t / 20] + w[t];
		e = d, d = c, c = rotate(b, 30), b = a, a = next;
	}
	state[0] += a, state[1] += b, state[2] += c, state[3] += d, state[4] += e;
}

static void plain_sha1(const uint8_t *bytes, size_t len, uint8_t digest[20])
{
	uint32_t state[5] = {0x67452301u, 0xefcdab89u, 0x98badcfeu, 0x10325476u, 0xc3d2e1f0u};
	size_t at = 0;
	for (; len - at >= 64; at += 64)
		plain_block(state, bytes + at);
	uint8_t tail[128] = {0};
	if (len > at)
		memcpy(tail, bytes + at, len - at);
	tail[len - at] = 0x80;
	size_t end = len - at < 56 ? 64 : 128;
	for (int i = 0; i < 8; i++)
		tail[end - 1 - (size_t)i] = (uint8_t)((uint64_t)len * 8 >> (8 * i));
	for (size_t i = 0; i < end; i += 64)
		plain_block(state, tail + i);
	for (int i = 0; i < 20; i++)
		digest[i] = (uint8_t)(state[i / 4] >> (24 - 8 * (i % 4)));
}

static uint64_t seed;

static uint32_t next_random(void)
{
	seed = seed * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)(seed >> 32);
}

static uint8_t *random_bytes(size_t len)
{
	uint8_t *bytes = malloc(len);
	assert_non_null(bytes);
	for (size_t i = 0; i < len; i++)
		bytes[i] = (uint8_t)(next_random() >> 13);
	return bytes;
}

static bool whole(const void *bytes, size_t len, uint8_t digest[20])
{
	struct sha1dc h;
	sha1dc_init(&h);
	sha1dc_update(&h, bytes, len);
	return sha1dc_final(&h, digest);
}

static size_t from_hex(const char *hex, uint8_t *bytes)
{
	size_t len = strlen(hex) / 2;
	for (size_t i = 0; i < len; i++) {
		char pair[3] = {hex[2 * i], hex[2 * i + 1], 0};
		bytes[i] = (uint8_t)strtoul(pair, NULL, 16);
	}
	return len;
}

static void digest_of_the_standards_examples(void **state)
{
	(void)state;
	static const struct {
		const char *text, *digest;
	} row[] = {
		{"", "da39a3ee5e6b4b0d3255bfef95601890afd80709"},
		{"abc", "a9993e364706816aba3e25717850c26c9cd0d89d"},
		{"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
			"84983e441c3bd26ebaae4aa1f95129e5e54670f1"},
	};
	for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
		uint8_t got[20], want[20];
		from_hex(row[i].digest, want);
		assert_true(whole(row[i].text, strlen(row[i].text), got));
		assert_memory_equal(got, want, 20);
	}
}

static void digest_is_sha1_for_every_length(void **state)
{
	(void)state;
	seed = 1;
	uint8_t *bytes = random_bytes(1100);
	for (size_t len = 0; len <= 1100; len++) {
		uint8_t got[20], want[20];
		plain_sha1(bytes, len, want);
		assert_true(whole(bytes, len, got));
		assert_memory_equal(got, want, 20);
	}
	free(bytes);
}

static void digest_does_not_depend_on_the_pieces(void **state)
{
	(void)state;
	seed = 2;
	uint8_t *bytes = random_bytes(5000);
	for (int round = 0; round < 2000; round++) {
		size_t len = next_random() % 5000, most = 1 + next_random() % 700;
		uint8_t got[20], want[20];
		plain_sha1(bytes, len, want);
		struct sha1dc h;
		sha1dc_init(&h);
		for (size_t at = 0; at < len;) {
			size_t n = next_random() % (most + 1);
			n = n < len - at ? n : len - at;
			sha1dc_update(&h, bytes + at, n);
			at += n;
		}
		assert_true(sha1dc_final(&h, got));
		assert_memory_equal(got, want, 20);
	}
	free(bytes);
}

static void random_data_raises_no_alarm(void **state)
{
	(void)state;
	seed = 3;
	size_t len = 64 * 100000;
	uint8_t *bytes = random_bytes(len);
	uint8_t got[20], want[20];
	plain_sha1(bytes, len, want);
	assert_true(whole(bytes, len, got));
	assert_memory_equal(got, want, 20);
	free(bytes);
}

static void monotonous_data_raises_no_alarm(void **state)
{
	(void)state;
	enum { LEN = 10000 };
	uint8_t *bytes = malloc(LEN);
	assert_non_null(bytes);
	for (int value = 0; value < 256; value++) {
		uint8_t got[20], want[20];
		memset(bytes, value, LEN);
		plain_sha1(bytes, LEN, want);
		assert_true(whole(bytes, LEN, got));
		assert_memory_equal(got, want, 20);
	}
	free(bytes);
}

/* Both files of a pair, alone, with text after, and fed in pieces of every size. */
static void assert_attack(const char *hex_1, const char *hex_2)
{
	uint8_t one[1000] = {0}, two[1000] = {0}, digest[20], same[20], plain[20];
	size_t len = from_hex(hex_1, one);
	assert_int_equal(from_hex(hex_2, two), len);
	assert_memory_not_equal(one, two, len);
	for (size_t more = 0; more < 200; more++) {
		assert_false(whole(one, len + more, digest));
		assert_false(whole(two, len + more, same));
		plain_sha1(one, len + more, plain);
		assert_memory_equal(digest, same, 20);
		assert_memory_equal(digest, plain, 20);
	}
	for (size_t piece = 1; piece < 300; piece++) {
		struct sha1dc h;
		sha1dc_init(&h);
		for (size_t at = 0; at < sizeof one; at += piece)
			sha1dc_update(
				&h, one + at, piece < sizeof one - at ? piece : sizeof one - at);
		assert_false(sha1dc_final(&h, digest));
	}
}

static void shattered_is_found(void **state)
{
	(void)state;
	assert_attack(shattered_1, shattered_2);
}

static void shambles_is_found(void **state)
{
	(void)state;
	assert_attack(shambles_1, shambles_2);
}

/* The alarm is for the block that completes the collision, and one bit off there is no attack. */
static void no_alarm_before_the_collision_or_beside_it(void **state)
{
	(void)state;
	uint8_t bytes[320], digest[20];
	assert_int_equal(from_hex(shattered_1, bytes), 320);
	for (size_t len = 0; len < 320; len++)
		assert_true(whole(bytes, len, digest));
	for (size_t bit = 0; bit < 8 * 320; bit++) {
		bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
		assert_true(whole(bytes, 320, digest));
		bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
	assert_false(whole(bytes, 320, digest));
}

/* Word t of a disturbance vector, from the 16 words that define it, for -5 <= t < 80. */
static void disturbance(const struct sha1dc_vector *v, uint32_t words[85])
{
	uint32_t *w = words + 5;
	memset(words, 0, 85 * sizeof *words);
	w[v->k + 15] = rotate(1, v->b);
	if (v->type == 2)
		w[v->k + 1] = w[v->k + 3] = rotate(1, v->b + 31u);
	for (int t = v->k + 16; t < 80; t++)
		w[t] = rotate(w[t - 3] ^ w[t - 8] ^ w[t - 14] ^ w[t - 16], 1);
	for (int t = v->k - 1; t >= -5; t--)
		w[t] = rotate(w[t + 16], 31) ^ w[t + 13] ^ w[t + 8] ^ w[t + 2];
}

/* Each disturbance starts a local collision of six steps: that is the message difference. */
static void difference(const struct sha1dc_vector *v, uint32_t dm[80])
{
	uint32_t words[85], *w = words + 5;
	disturbance(v, words);
	for (int t = 0; t < 80; t++)
		dm[t] = w[t] ^ rotate(w[t - 1], 5) ^ w[t - 2] ^ rotate(w[t - 3], 30) ^
			rotate(w[t - 4], 30) ^ rotate(w[t - 5], 30);
}

static void the_patterns_follow_from_the_vectors(void **state)
{
	(void)state;
	for (int n = 0; n < SHA1DC_VECTORS; n++) {
		const struct sha1dc_vector *v = &sha1dc_vectors[n];
		uint32_t dm[80];
		difference(v, dm);
		const uint32_t *pattern = sha1dc_pattern[v->type - 1] + SHA1DC_SHIFT_MAX - v->k;
		for (int t = 0; t < 80; t++)
			assert_int_equal(rotate(pattern[t], v->b), dm[t]);
		for (int t = 16; t < 80; t++)
			assert_int_equal(
				dm[t], rotate(dm[t - 3] ^ dm[t - 8] ^ dm[t - 14] ^ dm[t - 16], 1));
	}
}

static void no_difference_is_left_at_the_step_of_a_vector(void **state)
{
	(void)state;
	for (int n = 0; n < SHA1DC_VECTORS; n++) {
		const struct sha1dc_vector *v = &sha1dc_vectors[n];
		uint32_t words[85];
		disturbance(v, words);
		assert_true(v->step == 55 || v->step == 60 || v->step == 65);
		for (int t = v->step - 5; t < v->step; t++)
			assert_int_equal(words[5 + t], 0);
	}
}

struct condition {
	int i, a, j, b;
	bool differ;
	uint32_t vectors;
};

static const struct condition conditions[] = {
#define EQUAL false
#define DIFFER true
#define UBC(i, a, j, b, relation, vectors) {i, a, j, b, relation, vectors},
#include "git/sha1dc_ubc.def"
#undef UBC
#undef EQUAL
#undef DIFFER
};
enum { CONDITIONS = sizeof conditions / sizeof *conditions };

/* A condition fixes the signs of two differences against each other, so both bits must differ. */
static void conditions_are_about_bits_that_differ(void **state)
{
	(void)state;
	for (int n = 0; n < CONDITIONS; n++) {
		const struct condition *ubc = &conditions[n];
		assert_int_not_equal(ubc->vectors, 0);
		for (int d = 0; d < SHA1DC_VECTORS; d++) {
			if (!(ubc->vectors >> d & 1))
				continue;
			uint32_t dm[80];
			difference(&sha1dc_vectors[d], dm);
			assert_int_equal(dm[ubc->i] >> ubc->a & 1, 1);
			assert_int_equal(dm[ubc->j] >> ubc->b & 1, 1);
		}
	}
}

/* What the conditions of one vector say together: bits of a group have known signs to each other. */
struct signs {
	int group[80][32]; /* 0: none */
	bool sign[80][32];
};

static void signs_merge(struct signs *s, int from, int into, bool differ)
{
	for (int t = 0; t < 80; t++) {
		for (int bit = 0; bit < 32; bit++) {
			if (s->group[t][bit] != from)
				continue;
			s->group[t][bit] = into;
			s->sign[t][bit] ^= differ;
		}
	}
}

static void signs_of(int vector, struct signs *s)
{
	memset(s, 0, sizeof *s);
	int groups = 0;
	for (int n = 0; n < CONDITIONS; n++) {
		const struct condition *ubc = &conditions[n];
		if (!(ubc->vectors >> vector & 1))
			continue;
		int *one = &s->group[ubc->i][ubc->a], *two = &s->group[ubc->j][ubc->b];
		*one = *one ? *one : ++groups;
		*two = *two ? *two : ++groups;
		assert_int_not_equal(*one, *two); /* else it would follow from those before */
		bool differ = s->sign[ubc->i][ubc->a] ^ s->sign[ubc->j][ubc->b] ^ ubc->differ;
		signs_merge(s, *one, *two, differ);
	}
}

/*
 * A vector with a larger k is the same attack some steps later. So wherever two such vectors both
 * relate a pair of bits, they do it in the same way: a wrong row would stand out.
 */
static void conditions_move_with_their_vector(void **state)
{
	(void)state;
	static struct signs signs[SHA1DC_VECTORS];
	for (int d = 0; d < SHA1DC_VECTORS; d++)
		signs_of(d, &signs[d]);
	int compared = 0;
	for (int pair = 0; pair < SHA1DC_VECTORS * SHA1DC_VECTORS; pair++) {
		int d = pair / SHA1DC_VECTORS, e = pair % SHA1DC_VECTORS;
		const struct sha1dc_vector *v = &sha1dc_vectors[d], *w = &sha1dc_vectors[e];
		if (d == e || v->type != w->type || v->b != w->b)
			continue;
		for (int n = 0; n < CONDITIONS; n++) {
			const struct condition *ubc = &conditions[n];
			int i = ubc->i + w->k - v->k, j = ubc->j + w->k - v->k;
			if (!(ubc->vectors >> d & 1) || i >= 80 || j >= 80)
				continue;
			int group = signs[e].group[i][ubc->a];
			if (!group || group != signs[e].group[j][ubc->b])
				continue;
			assert_int_equal(
				signs[e].sign[i][ubc->a] ^ signs[e].sign[j][ubc->b], ubc->differ);
			compared++;
		}
	}
	assert_true(compared > 1000);
}

/* Seven conditions let one block of 128 through, so none may lack them; more than 15 are not known.
 */
static void every_vector_has_seven_to_fifteen_conditions(void **state)
{
	(void)state;
	for (int d = 0; d < SHA1DC_VECTORS; d++) {
		uint32_t count = 0;
		for (int n = 0; n < CONDITIONS; n++)
			count += conditions[n].vectors >> d & 1;
		assert_in_range(count, 7, 15);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(digest_of_the_standards_examples),
		cmocka_unit_test(digest_is_sha1_for_every_length),
		cmocka_unit_test(digest_does_not_depend_on_the_pieces),
		cmocka_unit_test(random_data_raises_no_alarm),
		cmocka_unit_test(monotonous_data_raises_no_alarm),
		cmocka_unit_test(shattered_is_found),
		cmocka_unit_test(shambles_is_found),
		cmocka_unit_test(no_alarm_before_the_collision_or_beside_it),
		cmocka_unit_test(the_patterns_follow_from_the_vectors),
		cmocka_unit_test(no_difference_is_left_at_the_step_of_a_vector),
		cmocka_unit_test(conditions_are_about_bits_that_differ),
		cmocka_unit_test(conditions_move_with_their_vector),
		cmocka_unit_test(every_vector_has_seven_to_fifteen_conditions),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
