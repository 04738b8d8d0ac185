#include "wire/upload_request.h"

#include "base/buf.h"

void upload_request_init(
	struct ctx *c, struct upload_request *r, enum hash_algo algo, size_t lines_max)
{
	struct oids no_oids = {.arena = c->arena};
	struct strs no_strs = {.arena = c->arena};
	*r = (struct upload_request){.algo = algo,
		.lines_max = lines_max,
		.wants = no_oids,
		.haves = no_oids,
		.shallow = no_oids,
		.objects = no_oids,
		.want_refs = no_strs,
		.nots = no_strs,
		.prefixes = no_strs,
		.filter = FILTER_ALL};
}

static enum err unexpected(struct ctx *c, struct str line)
{
	return fail(c, ERR_INVALID, "unexpected line: '%.*s'", line.len > 100 ? 100 : (int)line.len,
		line.at);
}

static enum err add_oid(
	struct ctx *c, const struct upload_request *r, struct str hex, struct oids *to)
{
	struct oid id;
	if (!oid_parse(r->algo, hex, &id))
		return fail(c, ERR_INVALID, "invalid object id '%.*s'",
			hex.len > 100 ? 100 : (int)hex.len, hex.at);
	*vec_push(to) = id;
	return OK;
}

static enum err parse_depth(struct ctx *c, struct str text, uint32_t *out)
{
	uint64_t depth = 0;
	if (!str_to_u64(text, &depth) || depth == 0)
		return fail(c, ERR_INVALID, "invalid deepen: %.*s",
			text.len > 100 ? 100 : (int)text.len, text.at);
	*out = depth < SHALLOW_INFINITE ? (uint32_t)depth : SHALLOW_INFINITE;
	return OK;
}

static enum err parse_since(struct ctx *c, struct str text, int64_t *out)
{
	uint64_t since = 0;
	if (!str_to_u64(text, &since) || since == 0 || since > INT64_MAX)
		return fail(c, ERR_INVALID, "invalid deepen-since: %.*s",
			text.len > 100 ? 100 : (int)text.len, text.at);
	*out = (int64_t)since;
	return OK;
}

/* A line that both versions have, which *known says. */
static enum err common_line(struct ctx *c, struct upload_request *r, struct str line, bool *known)
{
	*known = true;
	if (str_skip(&line, STR("have ")))
		return add_oid(c, r, line, &r->haves);
	if (str_skip(&line, STR("shallow ")))
		return add_oid(c, r, line, &r->shallow);
	if (str_skip(&line, STR("deepen ")))
		return parse_depth(c, line, &r->depth);
	if (str_skip(&line, STR("deepen-since ")))
		return parse_since(c, line, &r->since);
	if (str_skip(&line, STR("deepen-not "))) {
		*vec_push(&r->nots) = str_copy(c->arena, line);
		return OK;
	}
	if (str_skip(&line, STR("filter ")))
		return filter_parse(c, str_copy(c->arena, line), &r->filter);
	if (str_is(line, "done")) {
		r->done = true;
		return OK;
	}
	*known = false;
	return OK;
}

static enum err next_line(struct ctx *c, struct upload_request *r, struct pkt_reader *from,
	enum pkt_kind *kind, struct str *line)
{
	TRY(pkt_read_line(c, from, kind, line));
	if (++r->lines > r->lines_max)
		return fail(c, ERR_TOO_BIG, "the request has more than %zu lines", r->lines_max);
	return OK;
}

/* A word that is there, or is not, with the place of what it sets. */
struct flag {
	const char *word;
	size_t at;
};

static bool set_flag(
	struct upload_request *r, const struct flag *flags, size_t count, struct str word)
{
	for (size_t i = 0; i < count; i++)
		if (str_is(word, flags[i].word)) {
			*(bool *)((char *)r + flags[i].at) = true;
			return true;
		}
	return false;
}

#define FLAG(word, field)                                    \
	{                                                    \
		word, offsetof(struct upload_request, field) \
	}
#define FLAGS(flags) flags, sizeof(flags) / sizeof *(flags)

static enum err check_format(struct ctx *c, const struct upload_request *r, struct str name)
{
	enum hash_algo algo = HASH_SHA1;
	if (!object_format_parse(name, &algo) || algo != r->algo)
		return fail(c, ERR_INVALID, "mismatched object format: server %s; client %.*s",
			object_format_name(r->algo), name.len > 20 ? 20 : (int)name.len, name.at);
	return OK;
}

/* The words after the first want. What is not known is for others. */
static enum err v0_capability(struct ctx *c, struct upload_request *r, struct str word)
{
	static const struct flag flags[] = {FLAG("thin-pack", thin), FLAG("ofs-delta", ofs_delta),
		FLAG("include-tag", include_tag), FLAG("no-progress", no_progress),
		FLAG("no-done", no_done), FLAG("deepen-relative", relative)};
	if (set_flag(r, FLAGS(flags), word))
		return OK;
	if (str_is(word, "multi_ack_detailed"))
		r->multi_ack = MULTI_ACK_DETAILED;
	else if (str_is(word, "multi_ack") && !r->multi_ack)
		r->multi_ack = MULTI_ACK_PLAIN;
	else if (str_is(word, "side-band-64k"))
		r->band_max = SIDE_BAND_DATA_MAX;
	else if (str_is(word, "side-band") && !r->band_max)
		r->band_max = SIDE_BAND_SMALL_MAX;
	else if (str_skip(&word, STR("object-format=")))
		return check_format(c, r, word);
	return OK;
}

static enum err v0_want(struct ctx *c, struct upload_request *r, struct str line)
{
	bool first = r->wants.len == 0;
	TRY(add_oid(c, r, str_cut(&line, ' '), &r->wants));
	while (first && line.len)
		TRY(v0_capability(c, r, str_cut(&line, ' ')));
	return OK;
}

enum err upload_request_v0(struct ctx *c, struct upload_request *r, struct source *from)
{
	struct pkt_reader reader;
	enum pkt_kind kind = PKT_EOF;
	struct str line = {0};
	bool known = false;
	pkt_reader_init(c, &reader, from);
	while (true) {
		TRY(next_line(c, r, &reader, &kind, &line));
		if (kind != PKT_DATA)
			break;
		known = str_skip(&line, STR("want "));
		if (known)
			TRY(v0_want(c, r, line));
		else
			TRY(common_line(c, r, line, &known));
		if (!known)
			return unexpected(c, line);
	}
	if (kind == PKT_EOF && r->wants.len)
		return fail(c, ERR_INVALID, "the request ends before its wants do");
	size_t needs = r->lines;
	while (r->wants.len && !r->done) {
		TRY(next_line(c, r, &reader, &kind, &line));
		r->no_round = kind == PKT_EOF && r->lines == needs + 1;
		if (kind != PKT_DATA)
			break;
		if (!str_is(line, "done") && !str_starts(line, STR("have ")))
			return unexpected(c, line);
		TRY(common_line(c, r, line, &known));
	}
	return OK;
}

static enum err fetch_argument(struct ctx *c, struct upload_request *r, struct str line)
{
	static const struct flag flags[] = {FLAG("thin-pack", thin), FLAG("ofs-delta", ofs_delta),
		FLAG("include-tag", include_tag), FLAG("no-progress", no_progress),
		FLAG("deepen-relative", relative), FLAG("sideband-all", banded),
		FLAG("wait-for-done", wait_for_done)};
	bool known = false;
	if (set_flag(r, FLAGS(flags), line))
		return OK;
	if (str_skip(&line, STR("want ")))
		return add_oid(c, r, line, &r->wants);
	if (str_skip(&line, STR("want-ref "))) {
		*vec_push(&r->want_refs) = str_copy(c->arena, line);
		return OK;
	}
	if (str_skip(&line, STR("packfile-uris "))) {
		r->uri_protocols = str_copy(c->arena, line);
		return OK;
	}
	TRY(common_line(c, r, line, &known));
	return known ? OK : unexpected(c, line);
}

static enum err refs_argument(struct ctx *c, struct upload_request *r, struct str line)
{
	static const struct flag flags[] = {
		FLAG("peel", peel), FLAG("symrefs", symrefs), FLAG("unborn", unborn)};
	if (set_flag(r, FLAGS(flags), line))
		return OK;
	if (!str_skip(&line, STR("ref-prefix ")))
		return unexpected(c, line);
	*vec_push(&r->prefixes) = str_copy(c->arena, line);
	return OK;
}

static enum err info_argument(struct ctx *c, struct upload_request *r, struct str line)
{
	if (str_is(line, "size")) {
		r->size = true;
		return OK;
	}
	if (!str_skip(&line, STR("oid ")))
		return unexpected(c, line);
	return add_oid(c, r, line, &r->objects);
}

static enum err no_argument(struct ctx *c, struct upload_request *r, struct str line)
{
	(void)r;
	return unexpected(c, line);
}

struct command {
	const char *name;
	enum err (*argument)(struct ctx *c, struct upload_request *r, struct str line);
};

static const struct command commands[] = {{"ls-refs", refs_argument}, {"fetch", fetch_argument},
	{"object-info", info_argument}, {"bundle-uri", no_argument}};

static enum err v2_command(
	struct ctx *c, struct upload_request *r, struct str name, const struct command **out)
{
	if (*out)
		return fail(c, ERR_INVALID, "the request has two commands");
	for (size_t i = 0; i < sizeof commands / sizeof *commands; i++)
		if (str_is(name, commands[i].name))
			*out = &commands[i];
	if (!*out)
		return fail(c, ERR_UNSUPPORTED, "unknown command '%.*s'",
			name.len > 100 ? 100 : (int)name.len, name.at);
	r->command = str_of((*out)->name);
	return OK;
}

/* Up to the delimiter (or the end): the command, and what the client says of itself. */
static enum err v2_head(struct ctx *c, struct upload_request *r, struct pkt_reader *from,
	const struct command **command, enum pkt_kind *kind)
{
	struct str line = {0}, value = {0};
	while (true) {
		TRY(next_line(c, r, from, kind, &line));
		if (*kind != PKT_DATA)
			break;
		value = line;
		if (str_skip(&value, STR("command=")))
			TRY(v2_command(c, r, value, command));
		else if (str_skip(&value, STR("object-format=")))
			TRY(check_format(c, r, value));
		else if (!str_starts(line, STR("agent=")) && !str_starts(line, STR("session-id=")))
			return fail(c, ERR_INVALID, "unknown capability '%.*s'",
				line.len > 100 ? 100 : (int)line.len, line.at);
	}
	if (!*command && r->lines > 1)
		return fail(c, ERR_INVALID, "no command requested");
	return OK;
}

enum err upload_request_v2(struct ctx *c, struct upload_request *r, struct source *from)
{
	struct pkt_reader reader;
	enum pkt_kind kind = PKT_EOF;
	const struct command *command = NULL;
	struct str line = {0};
	pkt_reader_init(c, &reader, from);
	TRY(v2_head(c, r, &reader, &command, &kind));
	while (command && kind == PKT_DELIM) {
		TRY(next_line(c, r, &reader, &kind, &line));
		if (kind != PKT_DATA)
			break;
		kind = PKT_DELIM;
		TRY(command->argument(c, r, line));
	}
	if (command && kind != PKT_FLUSH)
		return fail(c, ERR_INVALID, "the request does not end with a flush packet");
	return OK;
}
