/* Commits, tags and trees: every view lies in the input, and names come in one order or its reverse. */
#include "git/object.h"

#include "fuzz.h"

static void check_view(struct str all, struct str part)
{
	ASSERT(!part.len || (part.at >= all.at && part.at + part.len <= all.at + all.len));
}

static void check_signature(struct str all, const struct signature *s)
{
	check_view(all, s->name);
	check_view(all, s->email);
	ASSERT(s->seconds >= 0 && s->offset_minutes > -1440 && s->offset_minutes < 1440);
}

static void check_commit(struct ctx *c, enum hash_algo algo, struct str input)
{
	struct commit commit;
	if (commit_parse(c, algo, input, &commit))
		return;
	check_signature(input, &commit.author);
	check_signature(input, &commit.committer);
	check_view(input, commit.message);
	check_view(input, message_subject(commit.message));
	check_view(input, message_body(commit.message));
	for (size_t i = 0; i < commit.parent_count; i++)
		ASSERT(commit.parents[i].algo == algo);
}

static void check_tag(struct ctx *c, enum hash_algo algo, struct str input)
{
	struct tag tag;
	if (tag_parse(c, algo, input, &tag))
		return;
	check_view(input, tag.name);
	check_view(input, tag.message);
	check_signature(input, &tag.tagger);
	ASSERT(tag.target_type);
}

static void check_tree(struct ctx *c, enum hash_algo algo, struct str input)
{
	struct str rest = input;
	struct tree_entry entry, before = {0};
	bool more = true;
	while (!tree_next(c, algo, &rest, &entry, &more) && more) {
		check_view(input, entry.name);
		ASSERT(entry.name.len && !memchr(entry.name.at, 0, entry.name.len));
		bool tree = tree_entry_is_tree(&entry), was = tree_entry_is_tree(&before);
		int order = tree_name_cmp(before.name, was, entry.name, tree);
		int other = tree_name_cmp(entry.name, tree, before.name, was);
		ASSERT((order < 0) == (other > 0) && (order == 0) == (other == 0));
		before = entry;
	}
}

static void fuzz_one(struct ctx *c, struct str input)
{
	for (enum hash_algo algo = HASH_SHA1; algo <= HASH_SHA256; algo++) {
		check_commit(c, algo, input);
		check_tag(c, algo, input);
		check_tree(c, algo, input);
	}
}
