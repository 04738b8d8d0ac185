/* History as a list. */
#include "base/buf.h"
#include "core/browse_parts.h"
#include "core/made_cache.h"
#include "core/tracks.h"
#include "git/path_log.h"

enum {
	LOG_STEPS_MAX = 200000,
	LOG_MICROS = 800 * 1000,
	CURSOR_DIGITS = 12, /* of an id */
	CURSOR_IDS_MAX = 400,
};

/* A commit may be megabytes; a line of a list is not. */
static struct str cut(struct ctx *c, struct str text)
{
	enum { LINE_MAX_BYTES = 300 };
	size_t len = text.len < LINE_MAX_BYTES ? text.len : LINE_MAX_BYTES;
	while (len < text.len && len > LINE_MAX_BYTES - 4 && (text.at[len] & 0xC0) == 0x80)
		len--;
	return str_copy(c->arena, str_until(text, len));
}

static char lower(char byte)
{
	return byte >= 'A' && byte <= 'Z' ? (char)(byte + ('a' - 'A')) : byte;
}

bool browse_holds(struct str text, struct str part)
{
	for (size_t at = 0; at + part.len <= text.len; at++) {
		size_t same = 0;
		while (same < part.len && lower(text.at[at + same]) == lower(part.at[same]))
			same++;
		if (same == part.len)
			return true;
	}
	return part.len == 0;
}

static bool fits(const struct log_query *query, const struct commit *commit)
{
	const struct signature *a = &commit->author;
	if (query->since && commit->committer.seconds < query->since)
		return false;
	if (query->until && commit->committer.seconds >= query->until)
		return false;
	if (!browse_holds(a->name, query->author) && !browse_holds(a->email, query->author))
		return false;
	return browse_holds(commit->message, query->text);
}

/* *fits false: it is none that was asked for (`query` may be NULL), and *out is as it was. */
static enum err line_if(struct ctx *c, struct browse *b, const struct oid *id,
	const struct log_query *query, struct commit_line *out, bool *fit)
{
	__attribute__((cleanup(arena_done))) struct arena scratch;
	struct str bytes;
	struct commit commit;
	struct ctx own = *c;
	arena_init(&scratch);
	own.arena = &scratch;
	enum err err = odb_read_as(&own, &b->reader, id, OBJECT_COMMIT, &bytes);
	if (!err)
		err = commit_parse(&own, id->algo, bytes, &commit);
	c->afar.bytes = own.afar.bytes;
	if (err) {
		c->error = own.error;
		return err;
	}
	*fit = !query || fits(query, &commit);
	if (!*fit)
		return OK;
	out->id = *id;
	out->subject = cut(c, message_subject(commit.message));
	out->author = cut(c, commit.author.name);
	out->when = commit.author.seconds;
	out->parents = commit.parent_count;
	return OK;
}

enum err browse_line(struct ctx *c, struct browse *b, const struct oid *id, struct commit_line *out)
{
	bool fit;
	return line_if(c, b, id, NULL, out, &fit);
}

/* One page that is being listed. */
struct listing_log {
	struct browse *browse;
	const struct log_query *query;
	struct path_log *walk;
	struct tracks tracks;
	VEC_OF(struct commit_line) lines;
	VEC_OF(struct lane_row) rows;
	struct numbers froms; /* where the page begins */
};

static bool leaves_out(const struct log_query *q)
{
	return q->author.len || q->text.len || q->since || q->until;
}

/* A cursor is where the lines of history stand: of each commit that is to come the first digits. */
static enum err read_cursor(struct ctx *c, struct browse *b, struct str cursor, struct oid *out)
{
	size_t count = 0;
	while (cursor.len) {
		enum err err = OK;
		struct str part = str_cut(&cursor, '.');
		uint64_t digits;
		if (part.len != CURSOR_DIGITS || !str_hex_to_u64(part, &digits) ||
			count == CURSOR_IDS_MAX)
			return fail(c, ERR_INVALID, "that is no place in a history");
		err = odb_find_prefix(c, &b->reader, part, &out[count++]);
		if (err == ERR_NOT_FOUND)
			return fail(c, ERR_NOT_FOUND,
				"that place in the history is gone: begin again at its newest "
				"commits");
		TRY(err);
	}
	return OK;
}

/* How many are named. */
static size_t cursor_count(struct str cursor)
{
	size_t count = cursor.len > 0;
	for (size_t i = 0; i < cursor.len; i++)
		count += cursor.at[i] == '.';
	return count < CURSOR_IDS_MAX ? count : CURSOR_IDS_MAX;
}

static void write_cursor(
	struct ctx *c, const struct graph *g, const struct numbers *at, struct commit_log *out)
{
	struct buf text = {.arena = c->arena};
	char hex[OID_HEX_MAX];
	if (at->len > CURSOR_IDS_MAX) {
		out->cut = true;
		return;
	}
	for (size_t i = 0; i < at->len; i++) {
		struct oid id = oidmap_oid(&g->ids, at->at[i]);
		buf_cstr(&text, i ? "." : "");
		buf_bytes(&text, oid_hex(&id, hex), CURSOR_DIGITS);
	}
	out->next = buf_view(&text);
}

/* What is still to come, in the order of the lanes where there are any. */
static void rest_of(struct ctx *c, const struct listing_log *l, struct numbers *out)
{
	if (!l->query->graph) {
		path_log_rest(c->arena, l->walk, out);
		return;
	}
	*out = (struct numbers){.arena = c->arena};
	for (size_t i = 0; i < l->tracks.waits.len; i++)
		if (l->tracks.waits.at[i])
			*vec_push(out) = l->tracks.waits.at[i] - 1;
}

static enum err add_row(struct ctx *c, struct listing_log *l, const struct oid *id)
{
	struct graph *g = &l->walk->graph;
	struct commit_info *info;
	struct numbers open = {.arena = c->arena};
	uint32_t count, number = graph_add(g, id);
	TRY(graph_commit(c, g, number, &info));
	graph_mark(g, number, MARK_DONE);
	const uint32_t *parents = graph_parents(g, number, &count);
	/* Where a clock went wrong, a parent may stand above: no line waits for it. */
	for (uint32_t i = 0; i < count; i++)
		if (!graph_has(g, parents[i], MARK_DONE))
			*vec_push(&open) = parents[i];
	tracks_next(&l->tracks, number, open.at, open.len, vec_push(&l->rows));
	return OK;
}

static enum err take(
	struct ctx *c, struct listing_log *l, const struct oid *id, struct commit_log *out)
{
	struct commit_line line;
	bool fit;
	const struct log_query *q = l->query;
	TRY(line_if(c, l->browse, id, leaves_out(q) ? q : NULL, &line, &fit));
	if (!fit)
		return OK;
	if (l->lines.len == q->limit) {
		out->more = true;
		return OK;
	}
	*vec_push(&l->lines) = line;
	return q->graph ? add_row(c, l, id) : OK;
}

/* Of a history by date, what comes after one that is too old is older. */
static bool is_past(const struct listing_log *l)
{
	const struct commit_queue *queue = &l->walk->queue;
	return l->query->since && queue->heap.len && queue->heap.at[0].date < l->query->since;
}

static enum err walk_on(struct ctx *c, struct listing_log *l, struct commit_log *out)
{
	struct numbers rest;
	size_t seen = 0;
	bool found = true;
	while (found && !out->more && !is_past(l)) {
		struct oid id;
		/* A full page looks for one more, to know; the next one begins before that. */
		bool full = l->lines.len == l->query->limit;
		if (full && !out->next.len) {
			rest_of(c, l, &rest);
			write_cursor(c, &l->walk->graph, &rest, out);
		}
		TRY(path_log_next(c, l->walk, &id, &found));
		if (found && seen++ >= l->query->skip)
			TRY(take(c, l, &id, out));
	}
	out->cut = out->cut || l->walk->cut;
	l->browse->partial = l->browse->partial || out->cut;
	if (l->walk->cut && !out->more) {
		path_log_rest(c->arena, l->walk, &rest);
		write_cursor(c, &l->walk->graph, &rest, out);
	} else if (!out->more) {
		out->next = STR("");
	}
	return OK;
}

/* The key by which the first page of a path's history is kept: a commit's history never changes. */
static struct str kept_key(struct ctx *c, const struct log_query *q)
{
	char hex[OID_HEX_MAX];
	if (!q->path.len || q->after.len || q->skip || q->graph || leaves_out(q))
		return STR("");
	return str_of(arena_fmt(
		c->arena, "log %s %zu %.*s", oid_hex(&q->from, hex), q->limit, STR_FMT(q->path)));
}

/* Kept is the cursor of the next page, a NUL, and the ids of the lines. */
static void keep(struct ctx *c, struct browse *b, struct str key, const struct commit_log *log)
{
	struct buf value = {.arena = c->arena};
	if (!key.len || log->cut)
		return;
	buf_str(&value, log->next);
	buf_byte(&value, 0);
	for (size_t i = 0; i < log->count; i++)
		buf_bytes(&value, log->at[i].id.hash, hash_size(log->at[i].id.algo));
	made_cache_put(b->core->made, key, buf_view(&value));
}

static enum err take_kept(struct ctx *c, struct browse *b, const struct log_query *query,
	struct str kept, struct commit_log *out)
{
	size_t size = hash_size(query->from.algo);
	out->next = str_cut(&kept, 0);
	out->more = out->next.len > 0;
	struct commit_line *lines = NEW_ARRAY(c->arena, struct commit_line, kept.len / size + 1);
	for (; kept.len; kept = str_from_index(kept, size)) {
		struct oid id = oid_from_bytes(query->from.algo, kept.at);
		TRY(browse_line(c, b, &id, &lines[out->count++]));
	}
	out->at = lines;
	return OK;
}

static enum err walk_log(
	struct ctx *c, struct browse *b, const struct log_query *query, struct commit_log *out)
{
	size_t from_count = cursor_count(query->after);
	struct oid *froms = NEW_ARRAY(c->arena, struct oid, from_count + 1);
	const struct path_log_query walk = {.from = query->from,
		.path = query->path,
		.steps = LOG_STEPS_MAX,
		.micros = LOG_MICROS,
		.froms = froms,
		.from_count = from_count};
	TRY(read_cursor(c, b, query->after, froms));
	PATH_LOG log;
	struct listing_log l = {.browse = b, .query = query, .walk = &log};
	l.lines.arena = l.rows.arena = c->arena;
	tracks_init(&l.tracks, c->arena);
	TRY(path_log_open(c, &log, &b->reader, &walk));
	for (size_t i = 0; i < from_count; i++)
		tracks_open(&l.tracks, graph_add(&log.graph, &froms[i]));
	TRY(walk_on(c, &l, out));
	out->at = l.lines.at;
	out->count = l.lines.len;
	out->rows = query->graph ? l.rows.at : NULL;
	return OK;
}

enum err browse_log(
	struct ctx *c, struct browse *b, const struct log_query *query, struct commit_log *out)
{
	struct str kept, key = kept_key(c, query);
	*out = (struct commit_log){.skip = query->skip, .head = query->from};
	if (key.len && made_cache_get(c, b->core->made, key, &kept))
		return take_kept(c, b, query, kept, out);
	TRY(walk_log(c, b, query, out));
	keep(c, b, key, out);
	return OK;
}
