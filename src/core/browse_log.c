/* History as a list. */
#include "core/browse_parts.h"
#include "git/path_log.h"

enum { LOG_STEPS_MAX = 200000, LOG_MICROS = 800 * 1000, LAST_MICROS = 150 * 1000 };

/* A commit may be megabytes; a line of a list is not. */
static struct str cut(struct ctx *c, struct str text)
{
	enum { LINE_MAX_BYTES = 300 };
	size_t len = text.len < LINE_MAX_BYTES ? text.len : LINE_MAX_BYTES;
	while (len < text.len && len > LINE_MAX_BYTES - 4 && (text.at[len] & 0xC0) == 0x80)
		len--;
	return str_copy(c->arena, str_until(text, len));
}

enum err browse_line(struct ctx *c, struct browse *b, const struct oid *id, struct commit_line *out)
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
	out->id = *id;
	out->subject = cut(c, message_subject(commit.message));
	out->author = cut(c, commit.author.name);
	out->when = commit.author.seconds;
	return OK;
}

enum err browse_log(
	struct ctx *c, struct browse *b, const struct log_query *query, struct commit_log *out)
{
	PATH_LOG log;
	VEC_OF(struct commit_line) lines = {.arena = c->arena};
	const struct path_log_query walk = {.from = query->from,
		.path = query->path,
		.steps = LOG_STEPS_MAX,
		.micros = query->limit > 1 ? LOG_MICROS : LAST_MICROS};
	*out = (struct commit_log){.skip = query->skip, .head = query->from};
	TRY(path_log_open(c, &log, &b->reader, &walk));
	for (size_t seen = 0; !out->more; seen++) {
		struct oid id;
		bool found;
		TRY(path_log_next(c, &log, &id, &found));
		if (!found)
			break;
		if (seen >= query->skip + query->limit)
			out->more = true;
		else if (seen >= query->skip)
			TRY(browse_line(c, b, &id, vec_push(&lines)));
	}
	out->cut = log.cut;
	out->at = lines.at;
	out->count = lines.len;
	return OK;
}
