#include "view/qr.h"

#include "unit.h"

static void it_is_dark_on_white_with_a_quiet_zone(void **state)
{
	struct ctx *c = *state;
	static const uint8_t dark[] = {1, 1, 0, 0, 0, 0, 1, 0, 1};
	struct qr qr = {.size = 3, .dark = dark};
	struct buf out = {.arena = c->arena};
	view_qr(&out, &qr, STR("A code <for> \"ada\""));
	assert_str(buf_view(&out),
		"<svg class=\"qr\" viewBox=\"0 0 11 11\" width=\"44\" height=\"44\" "
		"shape-rendering=\"crispEdges\" role=\"img\" aria-label=\"A code &lt;for&gt; "
		"&quot;ada&quot;\"><path fill=\"#fff\" d=\"M0 0h11v11h-11z\"/><path fill=\"#000\" "
		"d=\"M4 4h2v1h-2zM4 6h1v1h-1zM6 6h1v1h-1z\"/></svg>\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {UNIT_TEST(it_is_dark_on_white_with_a_quiet_zone)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
