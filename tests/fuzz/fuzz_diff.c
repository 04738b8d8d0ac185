#include "fuzz/fuzz.h"

#include "base/buf.h"
#include "git/diff.h"

/* The input is two texts with a NUL between them; the script must turn the one into the other. */
static void fuzz_one(struct ctx *c, struct str input)
{
	struct diff_script s;
	struct str old = str_cut(&input, 0);
	if (diff_lines(c, old, input, &s) != OK)
		return;
	struct buf out = {.arena = c->arena};
	uint32_t at = 0;
	for (size_t i = 0; i < s.count; i++) {
		const struct diff_edit *e = &s.edits[i];
		ASSERT(e->old_at >= at);
		while (at < e->old_at)
			buf_str(&out, s.old.at[at++]);
		at += e->old_count;
		for (uint32_t k = 0; k < e->new_count; k++)
			buf_str(&out, s.new.at[e->new_at + k]);
	}
	while (at < s.old.count)
		buf_str(&out, s.old.at[at++]);
	ASSERT(str_eq(buf_view(&out), input));
}
