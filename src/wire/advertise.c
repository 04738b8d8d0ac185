#include "wire/advertise.h"

#include "wire/receive_pack.h"

enum err advertise_v2(struct ctx *c, enum hash_algo algo, struct sink *to)
{
	struct lines out;
	lines_init(c, &out, to);
	TRY(lines_fmt(c, &out, "version 2\n"));
	TRY(lines_fmt(c, &out, "agent=" WIRE_AGENT "\n"));
	TRY(lines_fmt(c, &out, "ls-refs=unborn\n"));
	TRY(lines_fmt(c, &out,
		"fetch=shallow wait-for-done filter ref-in-want sideband-all packfile-uris\n"));
	TRY(lines_fmt(c, &out, "object-format=%s\n", object_format_name(algo)));
	TRY(lines_fmt(c, &out, "object-info\n"));
	TRY(lines_fmt(c, &out, "bundle-uri\n"));
	TRY(lines_fmt(c, &out, "session-id=%s\n", *c->id ? c->id : "none"));
	return lines_flush(c, &out);
}

bool advertise_head(const struct snapshot *s, struct ref *out)
{
	return snapshot_ref(s, s->head, out);
}

/* What a client of version 0 or 1 is told first: the line that has the capabilities too. */
struct advert {
	struct lines out;
	struct str capabilities;
};

static enum err advert_begin(struct ctx *c, struct advert *a, int version, struct sink *to)
{
	lines_init(c, &a->out, to);
	return version == 1 ? lines_fmt(c, &a->out, "version 1\n") : OK;
}

static enum err first_line(struct ctx *c, struct advert *a, const struct oid *id, struct str name)
{
	char hex[OID_HEX_MAX];
	return lines_fmt(c, &a->out, "%s %.*s%c%.*s\n", oid_hex(id, hex), STR_FMT(name), 0,
		STR_FMT(a->capabilities));
}

enum err advertise_lines(struct ctx *c, const struct ref_table *refs, size_t from, size_t to,
	enum ref_lines how, struct sink *out)
{
	size_t hidden = ref_table_lower_bound(refs, STR(REF_HIDDEN));
	size_t end = ref_table_prefix_end(refs, STR(REF_HIDDEN));
	if (hidden == end)
		return ref_table_write(c, refs, from, to, how, out);
	if (from < hidden)
		TRY(ref_table_write(c, refs, from, to < hidden ? to : hidden, how, out));
	return to > end ? ref_table_write(c, refs, from > end ? from : end, to, how, out) : OK;
}

/* The first that a client may see; refs->count: there is none. */
static size_t first_visible(const struct ref_table *refs)
{
	if (refs->count && ref_is_hidden(ref_table_at(refs, 0).name))
		return ref_table_prefix_end(refs, STR(REF_HIDDEN));
	return 0;
}

/* Ready-made lines from the ref at `from` on, and the end. */
static enum err advert_end(
	struct ctx *c, struct advert *a, const struct snapshot *s, size_t from, enum ref_lines how)
{
	TRY(lines_send(c, &a->out));
	TRY(advertise_lines(c, &s->refs, from, s->refs.count, how, a->out.to));
	return lines_flush(c, &a->out);
}

static enum err no_refs(struct ctx *c, struct advert *a, enum hash_algo algo)
{
	struct oid zero = oid_zero(algo);
	TRY(first_line(c, a, &zero, STR("capabilities^{}")));
	return lines_flush(c, &a->out);
}

static void upload_capabilities(struct ctx *c, const struct snapshot *s, bool head, struct buf *to)
{
	buf_cstr(to, "multi_ack thin-pack side-band side-band-64k ofs-delta shallow deepen-since "
		     "deepen-not deepen-relative no-progress include-tag multi_ack_detailed "
		     "allow-tip-sha1-in-want allow-reachable-sha1-in-want no-done filter");
	if (head)
		buf_fmt(to, " symref=HEAD:%.*s", STR_FMT(s->head));
	buf_fmt(to, " object-format=%s agent=" WIRE_AGENT, object_format_name(s->algo));
	if (*c->id)
		buf_fmt(to, " session-id=%s", c->id);
}

enum err advertise_upload_pack(
	struct ctx *c, const struct snapshot *s, int version, struct sink *to)
{
	struct advert a;
	struct buf capabilities = {.arena = c->arena};
	struct ref first;
	bool head = advertise_head(s, &first);
	TRY(advert_begin(c, &a, version, to));
	upload_capabilities(c, s, head, &capabilities);
	a.capabilities = buf_view(&capabilities);
	size_t at = first_visible(&s->refs);
	if (at == s->refs.count)
		return no_refs(c, &a, s->algo);
	if (head) {
		TRY(first_line(c, &a, &first.id, STR("HEAD")));
		return advert_end(c, &a, s, 0, REF_LINES_V0);
	}
	first = ref_table_at(&s->refs, at);
	char hex[OID_HEX_MAX];
	TRY(first_line(c, &a, &first.id, first.name));
	if (first.peeled.algo)
		TRY(lines_fmt(c, &a.out, "%s %.*s^{}\n", oid_hex(&first.peeled, hex),
			STR_FMT(first.name)));
	return advert_end(c, &a, s, at + 1, REF_LINES_V0);
}

enum err advertise_receive_pack(struct ctx *c, const struct snapshot *s, enum hash_algo algo,
	int version, struct str nonce, struct sink *to)
{
	struct advert a;
	struct buf capabilities = {.arena = c->arena};
	TRY(advert_begin(c, &a, version, to));
	receive_pack_capabilities(&capabilities, algo, nonce);
	buf_cstr(&capabilities, " agent=" WIRE_AGENT);
	if (*c->id)
		buf_fmt(&capabilities, " session-id=%s", c->id);
	a.capabilities = buf_view(&capabilities);
	size_t at = s ? first_visible(&s->refs) : 0;
	if (!s || at == s->refs.count)
		return no_refs(c, &a, algo);
	const struct ref first = ref_table_at(&s->refs, at);
	TRY(first_line(c, &a, &first.id, first.name));
	return advert_end(c, &a, s, at + 1, REF_LINES_PLAIN);
}
