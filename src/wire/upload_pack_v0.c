/* Versions 0 and 1: gitprotocol-pack(5), "Packfile Negotiation", over stateless HTTP. */
#include "wire/upload_pack.h"

/* What the answers to a round of haves amount to. */
struct round {
	char last[OID_HEX_MAX]; /* the last that is here too */
	size_t ask_at;      /* so many are here when it is worth asking whether that is enough */
	bool common, other; /* some were here, some were not */
	bool ready;         /* the client was told so */
};

static enum err answer_common(struct ctx *c, struct upload_pack *u, struct round *round)
{
	round->common = true;
	switch (u->request.multi_ack) {
	case MULTI_ACK_DETAILED: return lines_fmt(c, &u->lines, "ACK %s common\n", round->last);
	case MULTI_ACK_PLAIN: return lines_fmt(c, &u->lines, "ACK %s continue\n", round->last);
	case MULTI_ACK_NONE: break;
	}
	return u->fetch->haves.len == 1 ? lines_fmt(c, &u->lines, "ACK %s\n", round->last) : OK;
}

/* One that is not here is acknowledged all the same once enough is known, so that it ends. */
static enum err answer_other(
	struct ctx *c, struct upload_pack *u, struct round *round, const struct oid *id)
{
	char hex[OID_HEX_MAX];
	bool ready = false;
	round->other = true;
	if (!u->request.multi_ack || u->fetch->haves.len < round->ask_at)
		return OK;
	TRY(fetch_ready(c, u->fetch, &ready));
	/* Each answer is a walk over all of them: asked after each, they would take quadratic time. */
	round->ask_at = ready ? 0 : u->fetch->haves.len + u->fetch->haves.len / 8 + 1;
	if (!ready)
		return OK;
	round->ready |= u->request.multi_ack == MULTI_ACK_DETAILED;
	return lines_fmt(
		c, &u->lines, "ACK %s %s\n", oid_hex(id, hex), round->ready ? "ready" : "continue");
}

static enum err negotiate(struct ctx *c, struct upload_pack *u, struct round *round)
{
	const struct oids *haves = &u->request.haves;
	for (size_t i = 0; i < haves->len; i++) {
		bool here;
		TRY(fetch_have(c, u->fetch, &haves->at[i], &here));
		if (here) {
			oid_hex(&haves->at[i], round->last);
			TRY(answer_common(c, u, round));
		} else {
			TRY(answer_other(c, u, round, &haves->at[i]));
		}
	}
	return OK;
}

/* The end of a round that is not the last: *send when the pack follows all the same. */
static enum err end_round(struct ctx *c, struct upload_pack *u, struct round *round, bool *send)
{
	bool ready = false;
	if (u->request.multi_ack == MULTI_ACK_DETAILED && round->common && !round->other)
		TRY(fetch_ready(c, u->fetch, &ready));
	if (ready) {
		round->ready = true;
		TRY(lines_fmt(c, &u->lines, "ACK %s ready\n", round->last));
	}
	if (u->fetch->haves.len == 0 || u->request.multi_ack)
		TRY(lines_fmt(c, &u->lines, "NAK\n"));
	*send = u->request.no_done && round->ready && round->common;
	return *send ? lines_fmt(c, &u->lines, "ACK %s\n", round->last) : OK;
}

static enum err end_last_round(struct ctx *c, struct upload_pack *u, const struct round *round)
{
	if (!round->common)
		return lines_fmt(c, &u->lines, "NAK\n");
	return u->request.multi_ack ? lines_fmt(c, &u->lines, "ACK %s\n", round->last) : OK;
}

enum err upload_pack_v0(struct ctx *c, struct upload_pack *u)
{
	struct round round = {0};
	bool send = true;
	TRY(upload_request_v0(c, &u->request, u->from));
	u->pack_band = u->request.band_max;
	if (u->request.wants.len == 0)
		return OK;
	TRY(upload_pack_ask(c, u));
	TRY(upload_pack_shallow(c, u));
	if (fetch_is_deepening(u->fetch))
		pkt_flush(&u->lines.buf);
	if (u->request.no_round)
		return lines_send(c, &u->lines);
	TRY(negotiate(c, u, &round));
	if (u->request.done)
		TRY(end_last_round(c, u, &round));
	else
		TRY(end_round(c, u, &round, &send));
	return send ? upload_pack_send(c, u) : lines_send(c, &u->lines);
}
