/*
 * The disturbance vectors that a feasible SHA-1 collision attack must follow, as numbers.
 *
 * Facts from M. Stevens, "Counter-cryptanalysis" (2013), and S. Manuel, "Classification and
 * generation of disturbance vectors for collision attacks against SHA-1" (2011). Only sha1dc.c and
 * its test, which computes all of it again from the definition, include this.
 */
#ifndef GIT_SHA1DC_TABLE_H
#define GIT_SHA1DC_TABLE_H

#include <stdint.h>

enum { SHA1DC_VECTORS = 32, SHA1DC_SHIFT_MAX = 56, SHA1DC_PATTERN = 93 };

/*
 * One vector: its class, I or II, and in it the shift `k` and rotation `b`. The 16 words from `k`
 * on decide it: only word 15 (bit b) is set in class I, words 1 and 3 (bit b - 1) as well in class
 * II.
 *
 * `step`: where both messages of a colliding pair have the same state, because the five words
 * before are zero. A multiple of five, as the rounds are unrolled by five.
 */
struct sha1dc_vector {
	uint8_t type, k, b, step;
};

static const struct sha1dc_vector sha1dc_vectors[SHA1DC_VECTORS] = {{1, 43, 0, 55}, {1, 44, 0, 55},
	{1, 45, 0, 55}, {1, 46, 0, 55}, {1, 46, 2, 55}, {1, 47, 0, 55}, {1, 47, 2, 55},
	{1, 48, 0, 55}, {1, 48, 2, 55}, {1, 49, 0, 55}, {1, 49, 2, 55}, {1, 50, 0, 55},
	{1, 50, 2, 55}, {1, 51, 0, 60}, {1, 51, 2, 60}, {1, 52, 0, 60}, {2, 45, 0, 55},
	{2, 46, 0, 55}, {2, 46, 2, 55}, {2, 47, 0, 60}, {2, 48, 0, 60}, {2, 49, 0, 60},
	{2, 49, 2, 60}, {2, 50, 0, 60}, {2, 50, 2, 60}, {2, 51, 0, 60}, {2, 51, 2, 60},
	{2, 52, 0, 65}, {2, 53, 0, 65}, {2, 54, 0, 65}, {2, 55, 0, 65}, {2, 56, 0, 65}};

/*
 * How the expanded messages of a pair differ. For one class the differences of all vectors are one
 * sequence, shifted by k and rotated by b: word t is pattern[type - 1][t + SHA1DC_SHIFT_MAX - k]
 * <<< b.
 */
static const uint32_t sha1dc_pattern[2][SHA1DC_PATTERN] = {
	{0x08000012u, 0x28000010u, 0xbc000010u, 0x24000004u, 0x04000010u, 0xe8000000u, 0x0800000cu,
		0x18000000u, 0xb800000au, 0xc8000010u, 0x2c000010u, 0xf4000014u, 0xb4000008u,
		0x08000000u, 0x9800000cu, 0xd8000010u, 0x08000010u, 0xb8000010u, 0x98000000u,
		0x60000000u, 0x00000008u, 0xc0000000u, 0x90000014u, 0x10000010u, 0xb8000014u,
		0x28000000u, 0x20000010u, 0x48000000u, 0x08000018u, 0x60000000u, 0x90000010u,
		0xf0000010u, 0x90000008u, 0xc0000000u, 0x90000010u, 0xf0000010u, 0xb0000008u,
		0x40000000u, 0x90000000u, 0xf0000010u, 0x90000018u, 0x60000000u, 0x90000010u,
		0x90000010u, 0x90000000u, 0x80000000u, 0x00000010u, 0xa0000000u, 0x20000000u,
		0xa0000000u, 0x20000010u, 0x00000000u, 0x20000010u, 0x20000000u, 0x00000010u,
		0x20000000u, 0x00000010u, 0xa0000000u, 0x00000000u, 0x20000000u, 0x20000000u,
		0x00000000u, 0x00000000u, 0x00000000u, 0x00000000u, 0x00000000u, 0x00000000u,
		0x00000000u, 0x00000000u, 0x00000000u, 0x00000000u, 0x00000001u, 0x00000020u,
		0x00000001u, 0x40000002u, 0x40000040u, 0x40000002u, 0x80000004u, 0x80000080u,
		0x80000006u, 0x00000049u, 0x00000103u, 0x80000009u, 0x80000012u, 0x80000202u,
		0x00000018u, 0x00000164u, 0x00000408u, 0x800000e6u, 0x8000004cu, 0x00000803u,
		0x80000161u, 0x80000599u},
	{0x2600001au, 0x00000010u, 0x0400001cu, 0xcc000014u, 0x0c000002u, 0xc0000010u, 0xb400001cu,
		0x3c000004u, 0xbc00001au, 0x20000010u, 0x2400001cu, 0xec000014u, 0x0c000002u,
		0xc0000010u, 0xb400001cu, 0x2c000004u, 0xbc000018u, 0xb0000010u, 0x0000000cu,
		0xb8000010u, 0x08000018u, 0x78000010u, 0x08000014u, 0x70000010u, 0xb800001cu,
		0xe8000000u, 0xb0000004u, 0x58000010u, 0xb000000cu, 0x48000000u, 0xb0000000u,
		0xb8000010u, 0x98000010u, 0xa0000000u, 0x00000000u, 0x00000000u, 0x20000000u,
		0x80000000u, 0x00000010u, 0x00000000u, 0x20000010u, 0x20000000u, 0x00000010u,
		0x60000000u, 0x00000018u, 0xe0000000u, 0x90000000u, 0x30000010u, 0xb0000000u,
		0x20000000u, 0x20000000u, 0xa0000000u, 0x00000010u, 0x80000000u, 0x20000000u,
		0x20000000u, 0x20000000u, 0x80000000u, 0x00000010u, 0x00000000u, 0x20000010u,
		0xa0000000u, 0x00000000u, 0x20000000u, 0x20000000u, 0x00000000u, 0x00000000u,
		0x00000000u, 0x00000000u, 0x00000000u, 0x00000000u, 0x00000001u, 0x00000020u,
		0x00000001u, 0x40000002u, 0x40000041u, 0x40000022u, 0x80000005u, 0xc0000082u,
		0xc0000046u, 0x4000004bu, 0x80000107u, 0x00000089u, 0x00000014u, 0x8000024bu,
		0x0000011bu, 0x8000016du, 0x8000041au, 0x000002e4u, 0x80000054u, 0x00000967u,
		0x80000569u, 0x0000057fu}};

#endif
