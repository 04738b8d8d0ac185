/* The last change of a path, and of each entry of a folder. */
#include "base/map.h"
#include "base/vec.h"
#include "core/browse_parts.h"
#include "core/last_cache.h"
#include "core/made_cache.h"
#include "git/last_change.h"
#include "git/path_log.h"

enum { LAST_STEPS_MAX = 200000, LAST_MICROS = 150 * 1000 };

/*
 * An answer as the cache keeps it, also of a search that was given up: of each entry whether its
 * commit is found, the commit, the name and a NUL.
 */
static struct str answer_write(struct ctx *c, const struct last_changes *changes)
{
	struct buf out = {.arena = c->arena};
	for (size_t i = 0; i < changes->count; i++) {
		const struct last_change *change = &changes->at[i];
		buf_byte(&out, change->found);
		buf_bytes(&out, change->commit.hash, hash_size(change->commit.algo));
		buf_str(&out, change->name);
		buf_byte(&out, 0);
	}
	return buf_view(&out);
}

static void answer_read(struct ctx *c, const struct last_answer *answer, struct last_changes *out)
{
	VEC_OF(struct last_change) list = {.arena = c->arena};
	struct str rest = answer->value;
	enum hash_algo algo = answer->commit.algo;
	while (rest.len) {
		struct last_change *change = vec_push(&list);
		change->found = rest.at[0];
		change->commit = oid_from_bytes(algo, rest.at + 1);
		rest = str_from_index(rest, 1 + hash_size(algo));
		change->name = str_cut(&rest, 0);
	}
	*out = (struct last_changes){answer->commit, list.at, list.len};
}

/* Do two answers as of the same commit say the same? Both list the folder as it is then. */
static bool is_news(const struct last_search *search, const struct last_changes *now)
{
	for (size_t i = 0; i < search->before_count; i++) {
		const struct last_changes *before = &search->before[i];
		size_t same = 0;
		if (!oid_eq(&before->commit, &now->commit) || before->count != now->count)
			continue;
		while (same < now->count && before->at[same].found == now->at[same].found &&
			oid_eq(&before->at[same].commit, &now->at[same].commit))
			same++;
		return same < now->count;
	}
	return true;
}

/* Finds what can be found in time, from where earlier looks at this folder came to. */
static enum err find(
	struct ctx *c, struct browse *b, struct str folder, struct last_changes *changes)
{
	struct last_cache *cache = b->core->last_cache;
	struct last_answer answers[LAST_CACHE_WAYS];
	struct last_changes before[LAST_CACHE_WAYS];
	struct str key =
		str_of(arena_fmt(c->arena, "%lld %.*s", (long long)b->repo.id, STR_FMT(folder)));
	size_t count = last_cache_get(c, cache, key, answers);
	for (size_t i = 0; i < count; i++)
		answer_read(c, &answers[i], &before[i]);
	const struct last_search search = {.reader = &b->reader,
		.folder = folder,
		.before = before,
		.before_count = count,
		.steps = LAST_STEPS_MAX,
		.micros = LAST_MICROS};
	TRY(last_changes_find(c, &search, changes));
	struct last_answer answer = {changes->commit, {0}};
	if (is_news(&search, changes)) {
		answer.value = answer_write(c, changes);
		last_cache_put(cache, key, &answer);
	}
	return OK;
}

/* A commit is often the last of many entries: its line is read once. */
static enum err line_of(struct ctx *c, struct browse *b, struct map *known,
	const struct last_change *change, const struct commit_line **out)
{
	*out = NULL;
	if (!change->found || extent_spent(c)) {
		b->partial = true;
		return OK;
	}
	void **place =
		map_put(known, str_from(change->commit.hash, hash_size(change->commit.algo)));
	if (!*place) {
		struct commit_line *line = NEW(c->arena, struct commit_line);
		*place = line;
		TRY(browse_line(c, b, &change->commit, line));
	}
	*out = *place;
	return OK;
}

enum err browse_last_changes(struct ctx *c, struct browse *b, const struct revision *rev,
	struct listing *list, const struct commit_line **folder)
{
	struct last_changes changes = {.commit = rev->commit, .count = list->count + 1};
	struct map known = {.arena = c->arena};
	changes.at = NEW_ARRAY(c->arena, struct last_change, changes.count);
	for (size_t i = 0; i < list->count; i++)
		changes.at[i].name = list->at[i].name;
	changes.at[list->count].name = STR("");
	TRY(find(c, b, list->path, &changes));
	c->world->random(&known.seed, sizeof known.seed);
	for (size_t i = 0; i < list->count; i++)
		TRY(line_of(c, b, &known, &changes.at[i], &list->at[i].last));
	return line_of(c, b, &known, &changes.at[list->count], folder);
}

static enum err find_one(struct ctx *c, struct browse *b, const struct oid *commit, struct str path,
	struct oid *out, bool *found)
{
	const struct path_log_query query = {
		.from = *commit, .path = path, .steps = LAST_STEPS_MAX, .micros = LAST_MICROS};
	PATH_LOG log;
	TRY(path_log_open(c, &log, &b->reader, &query));
	return path_log_next(c, &log, out, found);
}

enum err browse_last_change(struct ctx *c, struct browse *b, const struct oid *commit,
	struct str path, const struct commit_line **out)
{
	char hex[OID_HEX_MAX];
	struct oid id;
	struct str kept;
	struct commit_line *line = NEW(c->arena, struct commit_line);
	/* A commit's history never changes. */
	struct str key =
		str_of(arena_fmt(c->arena, "last %s %.*s", oid_hex(commit, hex), STR_FMT(path)));
	bool found = made_cache_get(c, b->core->made, key, &kept);
	*out = NULL;
	if (found) {
		id = oid_from_bytes(commit->algo, kept.at);
	} else {
		TRY(find_one(c, b, commit, path, &id, &found));
		b->partial = b->partial || !found;
		if (!found)
			return OK;
		made_cache_put(b->core->made, key, str_from(id.hash, hash_size(id.algo)));
	}
	*out = line;
	return browse_line(c, b, &id, line);
}
