#include "wire/advertise.h"

#include "wire/receive_pack.h"

enum err advertise_v2(struct ctx *c, enum hash_algo algo, struct sink *to)
{
	struct lines out;
	lines_init(c, &out, to);
	TRY(lines_fmt(c, &out, "version 2\n"));
	TRY(lines_fmt(c, &out, "agent=" WIRE_AGENT "\n"));
	TRY(lines_fmt(c, &out, "ls-refs=unborn\n"));
	TRY(lines_fmt(c, &out, "fetch=shallow wait-for-done filter ref-in-want sideband-all\n"));
	TRY(lines_fmt(c, &out, "object-format=%s\n", object_format_name(algo)));
	TRY(lines_fmt(c, &out, "object-info\n"));
	TRY(lines_fmt(c, &out, "session-id=%s\n", *c->id ? c->id : "none"));
	return lines_flush(c, &out);
}

const struct ref *advertise_head(const struct snapshot *s)
{
	return snapshot_ref(s, s->head);
}

/* The lines of an advertisement: what they need to know of each other. */
struct advert {
	struct lines out;
	struct str capabilities; /* of the first line */
	bool first;
};

static enum err advert_line(
	struct ctx *c, struct advert *a, const struct oid *id, struct str name, const char *suffix)
{
	char hex[OID_HEX_MAX];
	oid_hex(id, hex);
	if (!a->first)
		return lines_fmt(c, &a->out, "%s %.*s%s\n", hex, STR_FMT(name), suffix);
	a->first = false;
	return lines_fmt(c, &a->out, "%s %.*s%s%c%.*s\n", hex, STR_FMT(name), suffix, 0,
		STR_FMT(a->capabilities));
}

static enum err advert_begin(struct ctx *c, struct advert *a, int version, struct sink *to)
{
	lines_init(c, &a->out, to);
	a->first = true;
	return version == 1 ? lines_fmt(c, &a->out, "version 1\n") : OK;
}

static enum err advert_end(struct ctx *c, struct advert *a, enum hash_algo algo)
{
	struct oid zero = oid_zero(algo);
	if (a->first)
		TRY(advert_line(c, a, &zero, STR("capabilities"), "^{}"));
	return lines_flush(c, &a->out);
}

static void upload_capabilities(struct ctx *c, const struct snapshot *s, struct buf *to)
{
	buf_cstr(to, "multi_ack thin-pack side-band side-band-64k ofs-delta shallow deepen-since "
		     "deepen-not deepen-relative no-progress include-tag multi_ack_detailed "
		     "allow-tip-sha1-in-want allow-reachable-sha1-in-want no-done filter");
	if (advertise_head(s))
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
	const struct ref *head = advertise_head(s);
	TRY(advert_begin(c, &a, version, to));
	upload_capabilities(c, s, &capabilities);
	a.capabilities = buf_view(&capabilities);
	if (head)
		TRY(advert_line(c, &a, &head->id, STR("HEAD"), ""));
	for (size_t i = 0; i < s->ref_count; i++) {
		const struct ref *ref = &s->refs[i];
		TRY(advert_line(c, &a, &ref->id, ref->name, ""));
		if (ref->peeled.algo)
			TRY(advert_line(c, &a, &ref->peeled, ref->name, "^{}"));
	}
	return advert_end(c, &a, s->algo);
}

enum err advertise_receive_pack(
	struct ctx *c, const struct snapshot *s, enum hash_algo algo, int version, struct sink *to)
{
	struct advert a;
	struct buf capabilities = {.arena = c->arena};
	TRY(advert_begin(c, &a, version, to));
	receive_pack_capabilities(&capabilities, algo);
	buf_cstr(&capabilities, " agent=" WIRE_AGENT);
	if (*c->id)
		buf_fmt(&capabilities, " session-id=%s", c->id);
	a.capabilities = buf_view(&capabilities);
	for (size_t i = 0; s && i < s->ref_count; i++)
		TRY(advert_line(c, &a, &s->refs[i].id, s->refs[i].name, ""));
	return advert_end(c, &a, algo);
}
