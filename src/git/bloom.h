/*
 * Changed-path filters of the commit-graph (gitformat-commit-graph(5)): Bloom filters that say of a
 * path that a commit surely did not change it, or that it may have.
 */
#ifndef GIT_BLOOM_H
#define GIT_BLOOM_H

#include "base/ctx.h"
#include "base/str.h"

struct tree_changes;

/* Version 1 hashes bytes over 127 as git did before 2.46 on most machines; 2 as murmur3 is meant. */
struct bloom_settings {
	uint32_t version, hashes, bits_per_path;
};

/* What git writes; more than BLOOM_PATHS_MAX paths make a filter that says maybe to all. */
#define BLOOM_SETTINGS ((struct bloom_settings){1, 7, 10})
enum { BLOOM_PATHS_MAX = 512, BLOOM_HASHES_MAX = 32, BLOOM_FOLDERS_MAX = 32 };

/* A path ("a/b": a file or a folder) made ready to be looked up in many filters of one version. */
struct bloom_key {
	uint32_t first, step;
};
struct bloom_key bloom_key(uint32_t version, struct str path);

/* False: the commit of this filter did not change that path. An empty filter says maybe. */
bool bloom_may_hold(
	const struct bloom_settings *settings, struct str filter, const struct bloom_key *key);

/* The bits of a filter of `len` bytes, at most BLOOM_SHORT, that are all set where it may hold a path: most
 * filters are so short, and one look at a word tells. */
enum { BLOOM_SHORT = 8 };
uint64_t bloom_bits(const struct bloom_settings *settings, size_t len, const struct bloom_key *key);
static inline uint64_t bloom_word(struct str filter)
{
	uint64_t word = 0;
	for (size_t i = 0; i < filter.len; i++)
		word |= (uint64_t)(uint8_t)filter.at[i] << (8 * i);
	return word;
}

/* A path and the folders that it lies in: what changes the one changes the others. */
struct bloom_path {
	const struct bloom_key *keys;
	size_t count;                   /* 0 of ""; of those nearest at most BLOOM_FOLDERS_MAX */
	uint64_t bits[BLOOM_SHORT + 1]; /* of all keys, by the length of the filter */
};
struct bloom_path bloom_path(
	const struct bloom_settings *settings, struct str path, struct arena *a);

/* False: surely not, as above; of more than one folder it says so more often. */
bool bloom_may_hold_path(
	const struct bloom_settings *settings, struct str filter, const struct bloom_path *path);

/* The filter of what changed, with all leading folders, in `a`; its temporary things in c->arena. */
struct str bloom_make(struct ctx *c, const struct bloom_settings *settings,
	const struct tree_changes *changes, struct arena *a);

#endif
