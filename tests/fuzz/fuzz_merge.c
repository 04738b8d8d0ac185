#include "fuzz/fuzz.h"

#include "git/merge_file.h"
#include "git/rename.h"

/* The input is three texts with NULs between them: base, ours, theirs. */
static void fuzz_one(struct ctx *c, struct str input)
{
	struct merge_texts in = {0};
	struct merged_text out;
	in.base = str_cut(&input, 0);
	in.ours = str_cut(&input, 0);
	in.theirs = input;
	for (int style = 0; style < 2; style++) {
		in.style = style ? MERGE_STYLE_DIFF3 : MERGE_STYLE_MERGE;
		if (merge_texts(c, &in, &out) != OK)
			return;
		if (str_eq(in.base, in.ours) || str_eq(in.ours, in.theirs))
			ASSERT(out.conflicts == 0 && str_eq(out.text, in.theirs));
		if (str_eq(in.base, in.theirs))
			ASSERT(out.conflicts == 0 && str_eq(out.text, in.ours));
	}
	uint64_t both = shared_bytes(c, in.ours, in.theirs);
	ASSERT(both <= in.ours.len && both <= in.theirs.len);
	ASSERT(shared_bytes(c, in.theirs, in.ours) == both);
}
