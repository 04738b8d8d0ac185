/* The portable inflater and zlib: they take the same streams, give the same bytes, and stop at the same place. */
#include "base/inflater.h"

#include "fuzz.h"

#include <string.h>

enum { MOST = 1 << 16 };

/* The first byte says how long the pieces are. */
static void fuzz_one(struct ctx *c, struct str input)
{
	static struct inflater mine;
	static char my_bytes[MOST], their_bytes[MOST];
	struct inflate *zlib = NULL;
	if (!input.len)
		return;
	size_t step = 1 + (unsigned char)input.at[0], used = 0, got = 0;
	struct str in = str_from_index(input, 1);
	bool done = false, their_done = false;
	enum err err = OK;
	inflater_init(&mine);
	while (!err && !done) {
		struct zip_io io = {in.at + used, in.len - used < step ? in.len - used : step,
			my_bytes + got, MOST - got < step ? MOST - got : step};
		err = inflater_step(c, &mine, &io, &done);
		used += io.in_len;
		got += io.out_len;
		if (!io.in_len && !io.out_len)
			break;
	}
	ASSERT(!inflate_open(c, ZIP_ZLIB, &zlib));
	struct zip_io io = {in.at, in.len, their_bytes, MOST};
	enum err theirs = inflate_step(c, zlib, &io, &their_done);
	inflate_close(zlib);
	if (io.out_len == MOST && !their_done)
		return;
	/* What cannot become good any more may be refused while zlib still waits for the rest. */
	ASSERT(err == theirs || (err && !their_done));
	ASSERT(err || done == their_done);
	ASSERT(err || (got == io.out_len && memcmp(my_bytes, their_bytes, got) == 0));
	ASSERT(!done || used == io.in_len);
}
