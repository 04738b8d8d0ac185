/* Version 2: gitprotocol-v2(5), the commands ls-refs, fetch, object-info, bundle-uri. */
#include "base/sort.h"
#include "wire/advertise.h"
#include "wire/bundle.h"
#include "wire/packfile_uri.h"
#include "wire/upload_pack.h"

static enum err head_line(struct ctx *c, struct upload_pack *u)
{
	const struct snapshot *s = u->fetch->snapshot;
	const struct upload_request *r = &u->request;
	bool asked = r->prefixes.len == 0;
	char hex[OID_HEX_MAX];
	struct ref ref;
	for (size_t i = 0; i < r->prefixes.len && !asked; i++)
		asked = str_starts(STR("HEAD"), r->prefixes.at[i]);
	bool head = asked && advertise_head(s, &ref);
	if (!asked || (!head && !r->unborn))
		return OK;
	const char *id = head ? oid_hex(&ref.id, hex) : "unborn";
	if (!r->symrefs)
		return head ? lines_fmt(c, &u->lines, "%s HEAD\n", id) : OK;
	return lines_fmt(c, &u->lines, "%s HEAD symref-target:%.*s\n", id, STR_FMT(s->head));
}

static int prefix_cmp(const void *a, const void *b, const void *arg)
{
	(void)arg;
	return str_cmp(*(const struct str *)a, *(const struct str *)b);
}

/* Each prefix is a range of the sorted refs; one that begins with another lies in that one's. */
static enum err ls_refs(struct ctx *c, struct upload_pack *u)
{
	const struct ref_table *refs = &u->fetch->snapshot->refs;
	enum ref_lines how = u->request.peel ? REF_LINES_V2 : REF_LINES_PLAIN;
	struct strs *prefixes = &u->request.prefixes;
	const struct str *last = NULL;
	TRY(head_line(c, u));
	TRY(lines_send(c, &u->lines));
	if (prefixes->len == 0)
		TRY(advertise_lines(c, refs, 0, refs->count, how, u->to));
	sort_array(c->arena, prefixes->at, prefixes->len, sizeof *prefixes->at, prefix_cmp, NULL);
	for (size_t i = 0; i < prefixes->len; i++) {
		struct str prefix = prefixes->at[i];
		if (last && str_starts(prefix, *last))
			continue;
		last = &prefixes->at[i];
		TRY(advertise_lines(c, refs, ref_table_lower_bound(refs, prefix),
			ref_table_prefix_end(refs, prefix), how, u->to));
	}
	return lines_flush(c, &u->lines);
}

static enum err object_info(struct ctx *c, struct upload_pack *u)
{
	const struct oids *ids = &u->request.objects;
	if (u->request.size)
		TRY(lines_fmt(c, &u->lines, "size\n"));
	for (size_t i = 0; i < ids->len; i++) {
		enum object_type type = OBJECT_NONE;
		uint64_t size = 0;
		char hex[OID_HEX_MAX];
		oid_hex(&ids->at[i], hex);
		enum err err = fetch_stat(c, u->fetch, &ids->at[i], &type, &size);
		if (err && err != ERR_NOT_FOUND)
			return err;
		ctx_clear(c);
		if (err)
			TRY(lines_fmt(c, &u->lines, "%s \n", hex));
		else if (u->request.size)
			TRY(lines_fmt(c, &u->lines, "%s %llu\n", hex, (unsigned long long)size));
		else
			TRY(lines_fmt(c, &u->lines, "%s\n", hex));
	}
	return lines_flush(c, &u->lines);
}

/* *send when the pack follows. */
static enum err acknowledge(struct ctx *c, struct upload_pack *u, bool *send)
{
	const struct upload_request *r = &u->request;
	struct fetch *f = u->fetch;
	char hex[OID_HEX_MAX];
	bool ready = false;
	for (size_t i = 0; i < r->haves.len; i++) {
		bool here;
		TRY(fetch_have(c, f, &r->haves.at[i], &here));
	}
	*send = r->done;
	if (*send)
		return OK;
	TRY(lines_fmt(c, &u->lines, "acknowledgments\n"));
	if (f->haves.len == 0)
		TRY(lines_fmt(c, &u->lines, "NAK\n"));
	for (size_t i = 0; i < f->haves.len; i++)
		TRY(lines_fmt(c, &u->lines, "ACK %s\n", oid_hex(&f->haves.at[i], hex)));
	if (!r->wait_for_done)
		TRY(fetch_ready(c, f, &ready));
	if (!ready)
		return lines_flush(c, &u->lines);
	*send = true;
	TRY(lines_fmt(c, &u->lines, "ready\n"));
	lines_delim(&u->lines);
	return OK;
}

static enum err wanted_refs(struct ctx *c, struct upload_pack *u, const struct oids *ids)
{
	const struct strs *names = &u->request.want_refs;
	char hex[OID_HEX_MAX];
	if (names->len == 0)
		return OK;
	TRY(lines_fmt(c, &u->lines, "wanted-refs\n"));
	for (size_t i = 0; i < names->len; i++)
		TRY(lines_fmt(c, &u->lines, "%s %.*s\n", oid_hex(&ids->at[i], hex),
			STR_FMT(names->at[i])));
	lines_delim(&u->lines);
	return OK;
}

static enum err fetch_command(struct ctx *c, struct upload_pack *u)
{
	const struct upload_request *r = &u->request;
	struct oids ids = {.arena = c->arena};
	bool send = true;
	u->pack_band = SIDE_BAND_DATA_MAX;
	u->lines.banded = r->banded;
	TRY(upload_pack_ask(c, u));
	for (size_t i = 0; i < r->want_refs.len; i++)
		TRY(fetch_want_ref(c, u->fetch, r->want_refs.at[i], vec_push(&ids)));
	if (u->fetch->wants.len == 0 && !r->wait_for_done)
		return OK;
	if (r->haves.len || !u->fetch->wants.len)
		TRY(acknowledge(c, u, &send));
	if (!send || u->fetch->wants.len == 0)
		return OK;
	if (fetch_is_deepening(u->fetch) || r->shallow.len) {
		TRY(lines_fmt(c, &u->lines, "shallow-info\n"));
		TRY(upload_pack_shallow(c, u));
		lines_delim(&u->lines);
	}
	TRY(wanted_refs(c, u, &ids));
	/* Nobody counts what goes by another way. */
	if (!u->budget || !budget_is_limited(u->budget))
		TRY(packfile_uri_section(c, u->fetch, r->uri_protocols, u->origin, &u->lines));
	TRY(lines_fmt(c, &u->lines, "packfile\n"));
	return upload_pack_send(c, u);
}

/* Relative to the URL that the client knows us by: whatever stands between us may have another. */
static enum err bundle_uri(struct ctx *c, struct upload_pack *u)
{
	struct ref head;
	TRY(lines_fmt(c, &u->lines, "bundle.version=1\n"));
	TRY(lines_fmt(c, &u->lines, "bundle.mode=all\n"));
	if (advertise_head(u->fetch->snapshot, &head))
		TRY(lines_fmt(c, &u->lines, "bundle.default.uri=" BUNDLE_NAME "\n"));
	return lines_flush(c, &u->lines);
}

enum err upload_pack_v2(struct ctx *c, struct upload_pack *u)
{
	TRY(upload_request_v2(c, &u->request, u->from));
	if (str_is(u->request.command, "ls-refs"))
		return ls_refs(c, u);
	if (str_is(u->request.command, "fetch"))
		return fetch_command(c, u);
	if (str_is(u->request.command, "object-info"))
		return object_info(c, u);
	if (str_is(u->request.command, "bundle-uri"))
		return bundle_uri(c, u);
	return lines_send(c, &u->lines);
}
