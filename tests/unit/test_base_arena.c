#include "base/arena.h"

#include "unit.h"

static void memory_is_zeroed_aligned_and_apart(void **state)
{
	struct ctx *c = *state;
	char *before = NULL;
	for (size_t size = 0; size < 3000; size += 7) {
		char *piece = arena_alloc(c->arena, size);
		assert_int_equal((uintptr_t)piece % 16, 0);
		for (size_t i = 0; i < size; i++)
			assert_int_equal(piece[i], 0);
		memset(piece, 0xaa, size);
		assert_ptr_not_equal(piece, before);
		before = piece;
	}
}

static void a_big_piece_gets_a_chunk_of_its_own(void **state)
{
	struct ctx *c = *state;
	char *small = arena_alloc(c->arena, 10);
	char *big = arena_alloc(c->arena, 5 << 20);
	small[9] = big[(5 << 20) - 1] = 1;
	assert_true(c->arena->bytes >= 5u << 20);
	assert_true(c->arena->bytes < 6u << 20);
}

static void rewinding_gives_back_what_came_after_the_mark(void **state)
{
	struct ctx *c = *state;
	char *kept = arena_strdup(c->arena, "kept");
	struct arena_mark mark = arena_mark(c->arena);
	size_t bytes = c->arena->bytes;
	char *first = arena_alloc(c->arena, 100);
	for (int i = 0; i < 1000; i++)
		arena_alloc(c->arena, 1000);
	arena_rewind(c->arena, mark);
	assert_int_equal(c->arena->bytes, bytes);
	assert_string_equal(kept, "kept");
	assert_ptr_equal(arena_alloc(c->arena, 100), first);
}

static void rewinding_to_an_empty_arena_frees_all(void **state)
{
	struct ctx *c = *state;
	struct arena_mark empty = arena_mark(c->arena);
	arena_alloc(c->arena, 100000);
	arena_rewind(c->arena, empty);
	assert_int_equal(c->arena->bytes, 0);
	assert_non_null(arena_alloc(c->arena, 1));
}

static void growing_keeps_the_content(void **state)
{
	struct ctx *c = *state;
	char *at = arena_grow(c->arena, NULL, 0, 8);
	char *newest = at;
	memcpy(at, "12345678", 8);
	at = arena_grow(c->arena, at, 8, 800);
	assert_ptr_equal(at, newest);
	memset(at + 8, 'x', 792);
	arena_alloc(c->arena, 1);
	at = arena_grow(c->arena, at, 800, 100000);
	assert_ptr_not_equal(at, newest);
	assert_memory_equal(at, "12345678xxxx", 12);
	assert_int_equal(at[799], 'x');
	at[99999] = 1;
}

static void strings_are_terminated_copies(void **state)
{
	struct ctx *c = *state;
	assert_string_equal(arena_strndup(c->arena, "abcdef", 3), "abc");
	assert_string_equal(arena_strndup(c->arena, NULL, 0), "");
	assert_string_equal(arena_strdup(c->arena, ""), "");
}

/* Else a loop that rewinds there would go to the host each time around. */
static void a_chunk_that_was_given_back_is_the_next(void **state)
{
	struct ctx *c = *state;
	arena_raw(c->arena, 3000);
	struct arena_mark mark = arena_mark(c->arena);
	void *first = arena_raw(c->arena, 3000);
	assert_ptr_not_equal(c->arena->chunk, mark.chunk);
	for (int i = 0; i < 3; i++) {
		arena_rewind(c->arena, mark);
		assert_ptr_equal(arena_raw(c->arena, 3000), first);
	}
	arena_rewind(c->arena, mark);
	assert_ptr_not_equal(arena_raw(c->arena, 1 << 20), first);
	assert_non_null(c->arena->spare);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT_TEST(memory_is_zeroed_aligned_and_apart),
		UNIT_TEST(a_big_piece_gets_a_chunk_of_its_own),
		UNIT_TEST(rewinding_gives_back_what_came_after_the_mark),
		UNIT_TEST(rewinding_to_an_empty_arena_frees_all),
		UNIT_TEST(growing_keeps_the_content),
		UNIT_TEST(a_chunk_that_was_given_back_is_the_next),
		UNIT_TEST(strings_are_terminated_copies),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
