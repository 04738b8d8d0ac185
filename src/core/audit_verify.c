#include "base/hex.h"
#include "core/audit_read.h"
#include "core/permit.h"
#include "meta/ref.h"
#include "meta/repo.h"

enum { SECOND_US = 1000000, HEADS = 100, STEP = 1000 };

/* A chain being walked. */
struct walk {
	struct audit_verify *v;
	struct db_tx *tx;
	int64_t chain, sequence;    /* of the entry before */
	uint8_t previous[HASH_MAX]; /* and its hash */
	struct repo repo;           /* id 0: there is none (any more) */
	const struct audit_head *instance;
	bool from_birth; /* the chain is as old as the repository */
};

static void tell(struct ctx *c, struct audit_verify *v, const char *format, ...) PRINTF_LIKE(3, 4);
static void tell(struct ctx *c, struct audit_verify *v, const char *format, ...)
{
	struct arena_mark mark = arena_mark(c->arena);
	struct buf text = {.arena = c->arena};
	va_list args;
	va_start(args, format);
	buf_vfmt(&text, format, args);
	va_end(args);
	v->problems++;
	v->problem(v->arg, buf_text(&text));
	arena_rewind(c->arena, mark);
}

static const char *name_of(struct ctx *c, int64_t chain)
{
	if (chain == AUDIT_INSTANCE)
		return "the instance's chain";
	return arena_fmt(c->arena, "chain %lld", (long long)chain);
}

static void set_previous(struct walk *w, struct str hash)
{
	memset(w->previous, 0, sizeof w->previous);
	if (hash.len == sizeof w->previous)
		memcpy(w->previous, hash.at, hash.len);
}

static bool is_hash(struct str hex, const void *bytes)
{
	char text[2 * HASH_MAX + 1] = "";
	hex_encode(bytes, HASH_MAX, text);
	return str_is(hex, text);
}

static enum err hash_log(struct ctx *c, void *arg, const struct ref_log *entry)
{
	(void)c;
	meta_ref_log_hash(arg, entry);
	return OK;
}

/* A push: is the log of refs as it was then? */
static enum err check_refs(
	struct ctx *c, struct walk *w, const struct audit *entry, const struct json *detail)
{
	struct str digest = json_text(detail, "ref_log");
	const struct json *version = json_get(detail, "version");
	struct hash hash;
	uint8_t found[HASH_MAX];
	if (!w->repo.id || !digest.len || !version)
		return OK;
	w->v->pushes++;
	hash_init(&hash, HASH_SHA256);
	TRY(meta_ref_log_of(c, w->tx, &w->repo, version->integer, hash_log, &hash));
	hash_final(&hash, found);
	if (!is_hash(digest, found))
		tell(c, w->v,
			"%s, entry %lld: the log of refs of repository %.*s has something else for "
			"version %lld than the push wrote",
			name_of(c, w->chain), (long long)entry->sequence, STR_FMT(w->repo.name),
			(long long)version->integer);
	return OK;
}

static enum err check_anchored(
	struct ctx *c, struct walk *w, const struct audit *entry, const struct json *head)
{
	const struct json *chain = json_get(head, "chain"), *sequence = json_get(head, "sequence");
	struct audit_head now;
	struct audit there;
	if (!chain || !sequence)
		return OK;
	w->v->anchors++;
	TRY(meta_audit_head_get(c, w->tx, chain->integer, &now));
	if (sequence->integer <= now.cut)
		return OK;
	enum err kind = meta_audit_get(c, w->tx, chain->integer, sequence->integer, &there);
	bool missing = kind == ERR_NOT_FOUND;
	if (kind && !missing)
		return kind;
	ctx_clear(c);
	if (missing)
		tell(c, w->v,
			"chain %lld has no entry %lld, which it had when it was anchored (%s, "
			"entry "
			"%lld): its end was cut off",
			(long long)chain->integer, (long long)sequence->integer,
			name_of(c, w->chain), (long long)entry->sequence);
	else if (there.hash.len != HASH_MAX || !is_hash(json_text(head, "hash"), there.hash.at))
		tell(c, w->v,
			"chain %lld, entry %lld: it is not the one that was anchored (%s, entry "
			"%lld): the chain was made anew",
			(long long)chain->integer, (long long)sequence->integer,
			name_of(c, w->chain), (long long)entry->sequence);
	return OK;
}

static enum err check_detail(struct ctx *c, struct walk *w, const struct audit *entry)
{
	struct json *detail;
	bool push = str_is(entry->action, "push") && w->chain > 0;
	bool anchor = str_is(entry->action, AUDIT_ANCHORED) && w->chain == AUDIT_INSTANCE;
	if ((!push && !anchor) || !entry->detail.len)
		return OK;
	if (json_parse(c, entry->detail, &detail)) {
		ctx_clear(c); /* its hash has told */
		return OK;
	}
	if (push)
		return check_refs(c, w, entry, detail);
	const struct json *heads = json_get(detail, "heads");
	for (const struct json *head = heads ? heads->first : NULL; head; head = head->next)
		TRY(check_anchored(c, w, entry, head));
	return OK;
}

static enum err check_entry(struct ctx *c, void *arg, const struct audit *entry)
{
	struct walk *w = arg;
	uint8_t hash[HASH_MAX];
	TRY(ctx_check(c));
	w->from_birth |= str_is(entry->action, "repository.created");
	if (entry->sequence != w->sequence + 1)
		tell(c, w->v, "%s: entries %lld to %lld are missing", name_of(c, w->chain),
			(long long)w->sequence + 1, (long long)entry->sequence - 1);
	meta_audit_hash(str_from(w->previous, HASH_MAX), entry, hash);
	if (entry->hash.len != HASH_MAX || memcmp(hash, entry->hash.at, HASH_MAX) != 0)
		tell(c, w->v, "%s, entry %lld: it, or one before it, is not as it was written",
			name_of(c, w->chain), (long long)entry->sequence);
	/* Whatever it is, the next is judged by it, so that one change is told once. */
	set_previous(w, entry->hash);
	w->sequence = entry->sequence;
	if (++w->v->entries % STEP == 0 && w->v->progress)
		w->v->progress(w->v->arg, w->v->entries);
	return check_detail(c, w, entry);
}

static void check_end(struct ctx *c, struct walk *w, const struct audit_head *head)
{
	bool same = head->sequence == w->sequence && head->hash.len == HASH_MAX &&
		    memcmp(head->hash.at, w->previous, HASH_MAX) == 0;
	if (w->sequence < head->sequence)
		tell(c, w->v, "%s: its end is missing: entries %lld to %lld", name_of(c, w->chain),
			(long long)w->sequence + 1, (long long)head->sequence);
	else if (!same)
		tell(c, w->v, "%s: it does not end with the entry that its head names (%lld)",
			name_of(c, w->chain), (long long)head->sequence);
}

struct cut_search {
	const struct audit_head *head;
	bool found;
};

static enum err look_for_cut(struct ctx *c, void *arg, const struct audit *entry)
{
	struct cut_search *search = arg;
	struct json *detail;
	if (!str_is(entry->action, AUDIT_CUT))
		return OK;
	TRY(json_parse(c, entry->detail, &detail));
	const struct json *chain = json_get(detail, "chain");
	const struct json *sequence = json_get(detail, "sequence");
	struct str hash = search->head->cut_hash;
	if (chain && sequence && chain->integer == search->head->chain &&
		sequence->integer == search->head->cut &&
		(hash.len == HASH_MAX ? is_hash(json_text(detail, "hash"), hash.at) : !hash.len))
		search->found = true;
	return OK;
}

/* That the start of a chain is gone must be said in the instance's, unless that lost its own start
 * since. */
static enum err check_start(struct ctx *c, struct walk *w, const struct audit_head *head)
{
	struct cut_search search = {.head = head};
	if (!head->cut || w->instance->cut)
		return OK;
	TRY(meta_audit_walk(c, w->tx, AUDIT_INSTANCE, 0, look_for_cut, &search));
	if (!search.found)
		tell(c, w->v,
			"%s: its start is missing (entries 1 to %lld), and no entry says that it "
			"was cut off",
			name_of(c, w->chain), (long long)head->cut);
	return OK;
}

/* Where to begin: what is older than `since` is believed. */
static enum err begin_walk(struct ctx *c, struct walk *w, const struct audit_head *head)
{
	struct audit before;
	w->chain = head->chain;
	w->sequence = head->cut;
	set_previous(w, head->cut_hash);
	if (!w->v->since)
		return OK;
	const struct audit_range past = {
		head->chain, head->cut, INT64_MAX, w->v->since * SECOND_US};
	enum err kind = meta_audit_older(c, w->tx, &past, &before);
	if (kind == ERR_NOT_FOUND) {
		ctx_clear(c);
		return OK;
	}
	TRY(kind);
	w->sequence = before.sequence;
	set_previous(w, before.hash);
	return OK;
}

static enum err find_repo(struct ctx *c, struct walk *w)
{
	w->repo = (struct repo){0};
	enum err kind = w->chain > 0 ? meta_repo_get(c, w->tx, w->chain, &w->repo) : OK;
	if (kind != ERR_NOT_FOUND)
		return kind;
	ctx_clear(c); /* it was purged, and its log of refs with it */
	return OK;
}

/* All that the log of refs has, if the whole chain was seen, is of pushes that were. */
static enum err check_versions(
	struct ctx *c, struct walk *w, const struct audit_head *head, int64_t pushes)
{
	int64_t versions;
	if (!w->repo.id || head->cut || w->v->since || !w->from_birth)
		return OK;
	TRY(meta_ref_log_versions(c, w->tx, w->repo.id, &versions));
	if (versions != pushes)
		tell(c, w->v,
			"%s: the log of refs of repository %.*s has changes of %lld versions, and "
			"pushes wrote %lld",
			name_of(c, w->chain), STR_FMT(w->repo.name), (long long)versions,
			(long long)pushes);
	return OK;
}

static enum err check_chain(struct ctx *c, struct walk *w, const struct audit_head *head)
{
	if (head->chain == AUDIT_BEFORE) {
		w->v->unchained = head->sequence - head->cut;
		return OK;
	}
	w->v->chains++;
	TRY(begin_walk(c, w, head));
	TRY(find_repo(c, w));
	TRY(check_start(c, w, head));
	int64_t before = w->v->pushes;
	w->from_birth = false;
	TRY(meta_audit_walk(c, w->tx, w->chain, w->sequence, check_entry, w));
	check_end(c, w, head);
	return check_versions(c, w, head, w->v->pushes - before);
}

static enum err check_headless(struct ctx *c, struct walk *w)
{
	for (int64_t chain = AUDIT_BEFORE - 1;;) {
		enum err kind = meta_audit_headless(c, w->tx, chain, &chain);
		if (kind == ERR_NOT_FOUND) {
			ctx_clear(c);
			return OK;
		}
		TRY(kind);
		tell(c, w->v, "%s: there are entries, but its head is missing", name_of(c, chain));
	}
}

enum err audit_verify(
	struct ctx *c, struct core *core, const struct actor *who, struct audit_verify *v)
{
	DB_TX *tx = NULL;
	int64_t after = AUDIT_BEFORE - 1;
	TRY(permit_begin_owner(c, core, who, DB_READ, &tx));
	TRY(meta_audit_head_get(c, tx, AUDIT_INSTANCE, &v->head));
	struct walk w = {.v = v, .tx = tx, .instance = &v->head};
	for (size_t count = HEADS; count == HEADS;) {
		struct arena_mark mark = arena_mark(c->arena);
		struct audit_head heads[HEADS];
		TRY(meta_audit_heads(c, tx, after, INT64_MIN, heads, &count));
		for (size_t i = 0; i < count; i++)
			TRY(check_chain(c, &w, &heads[i]));
		if (count)
			after = heads[count - 1].chain;
		arena_rewind(c->arena, mark);
	}
	return check_headless(c, &w);
}
