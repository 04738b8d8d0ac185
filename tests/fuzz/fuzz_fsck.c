/*
 * An object under git's rules, and a .gitmodules. Input: a byte with the type, then the object. What
 * passes must be readable by those who read without checking.
 */
#include "fuzz.h"
#include "git/fsck.h"
#include "git/links.h"

static void fuzz_one(struct ctx *c, struct str input)
{
	if (!input.len)
		return;
	enum hash_algo algo = input.at[0] & 8 ? HASH_SHA256 : HASH_SHA1;
	struct object o = {1 + (input.at[0] & 3), str_from_index(input, 1)};
	struct fsck fsck;
	struct oid id;
	object_hash(algo, &o, &id);
	fsck_init(&fsck, algo, c->arena, 1);
	enum err err = fsck_object(c, &fsck, &id, &o);
	ASSERT(err == OK || err == ERR_INVALID);
	if (o.type == OBJECT_BLOB) {
		struct fsck_blob blob = {id, FSCK_GITMODULES | FSCK_GITATTRIBUTES};
		err = fsck_blob(c, &blob, &o);
		ASSERT(err == OK || err == ERR_INVALID);
		return;
	}
	struct links links;
	links_init(&links, algo, 1);
	enum err read = links_add_object(c, &links, &o, (struct str){0});
	/* One id as two types in one tree is nothing that an object alone could tell. */
	ASSERT(err || read == OK || strstr(c->error.text, "is named as"));
	links_done(&links);
}
