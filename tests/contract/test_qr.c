#include "contract/contract.h"

#include "driver/driver.h"

struct driver {
	const char *name;
	struct qr_maker *(*open)(void);
};

static const struct driver drivers[] = {{"qrencode", qr_qrencode_open}};

static const char *name_of(const void *driver)
{
	return ((const struct driver *)driver)->name;
}

struct maker {
	struct unit unit; /* first, so that *state is its context */
	struct qr_maker *qr;
};

static int setup(void **state)
{
	const struct driver *driver = *state;
	struct maker *m = calloc(1, sizeof *m);
	arena_init(&m->unit.arena);
	ctx_init(&m->unit.ctx, &m->unit.arena, os_world());
	m->qr = driver->open();
	*state = m;
	return 0;
}

static int teardown(void **state)
{
	struct maker *m = *state;
	qr_close(m->qr);
	arena_done(&m->unit.arena);
	free(m);
	return 0;
}

static struct qr_maker *qr_of(struct ctx *c)
{
	return ((struct maker *)c)->qr;
}

static int module(const struct qr *qr, int x, int y)
{
	return qr->dark[y * qr->size + x];
}

/* The square in three corners by which cameras find it (ISO/IEC 18004, 6.3.3). */
static bool is_finder(const struct qr *qr, int left, int top)
{
	for (int y = 0; y < 7; y++)
		for (int x = 0; x < 7; x++) {
			bool rim = x == 0 || x == 6 || y == 0 || y == 6;
			bool core = x >= 2 && x <= 4 && y >= 2 && y <= 4;
			if (module(qr, left + x, top + y) != (rim || core))
				return false;
		}
	return true;
}

static void a_code_has_its_patterns(void **state)
{
	struct ctx *c = *state;
	struct qr qr;
	assert_ok(c, qr_make(c, qr_of(c), STR("otpauth://totp/Nimbus:ada?secret=GEZDGNBV"), &qr));
	int far = qr.size - 7;
	assert_int_equal((qr.size - 17) % 4, 0);
	assert_true(is_finder(&qr, 0, 0) && is_finder(&qr, far, 0) && is_finder(&qr, 0, far));
	assert_false(is_finder(&qr, far, far));
	for (int i = 8; i < qr.size - 8; i++) {
		assert_int_equal(module(&qr, i, 6), i % 2 == 0);
		assert_int_equal(module(&qr, 6, i), i % 2 == 0);
	}
	for (int i = 0; i < qr.size * qr.size; i++)
		assert_true(qr.dark[i] <= 1);
}

static void any_bytes_up_to_the_limit_fit(void **state)
{
	struct ctx *c = *state;
	char bytes[QR_TEXT_MAX + 1];
	struct qr small, large;
	memset(bytes, 0xff, sizeof bytes);
	bytes[1] = 0;
	assert_ok(c, qr_make(c, qr_of(c), str_from(bytes, 1), &small));
	assert_ok(c, qr_make(c, qr_of(c), str_from(bytes, QR_TEXT_MAX), &large));
	assert_true(large.size > small.size);
	assert_err(c, qr_make(c, qr_of(c), str_from(bytes, QR_TEXT_MAX + 1), &large), ERR_TOO_BIG);
	assert_err(c, qr_make(c, qr_of(c), STR(""), &large), ERR_INVALID);
}

int main(void)
{
	static const struct contract_test tests[] = {
		CONTRACT_TEST(a_code_has_its_patterns),
		CONTRACT_TEST(any_bytes_up_to_the_limit_fit),
	};
	static const struct contract contract = CONTRACT(drivers, setup, teardown);
	return contract_run(&contract, tests, sizeof tests / sizeof *tests);
}
