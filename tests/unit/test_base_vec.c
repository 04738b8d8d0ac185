#include "base/vec.h"

#include "unit.h"

struct point {
	int x, y;
};

static void elements_are_zeroed_and_stay(void **state)
{
	struct ctx *c = *state;
	VEC_OF(struct point) points = {.arena = c->arena};
	for (int i = 0; i < 1000; i++) {
		struct point *p = vec_push(&points);
		assert_int_equal(p->x, 0);
		*p = (struct point){i, -i};
		if (i % 100 == 0)
			memset(arena_raw(c->arena, 64), 0xff, 64);
	}
	assert_int_equal(points.len, 1000);
	for (int i = 0; i < 1000; i++)
		assert_true(points.at[i].x == i && points.at[i].y == -i);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT_TEST(elements_are_zeroed_and_stay),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
