#include "wire/upload_pack.h"

enum err upload_pack_ask(struct ctx *c, struct upload_pack *u)
{
	const struct upload_request *r = &u->request;
	struct fetch *f = u->fetch;
	for (size_t i = 0; i < r->wants.len; i++)
		TRY(fetch_want(c, f, &r->wants.at[i]));
	for (size_t i = 0; i < r->nots.len; i++)
		TRY(fetch_deepen_not(c, f, r->nots.at[i]));
	f->shallow = r->shallow;
	f->depth = r->depth;
	f->relative = r->relative;
	f->since = r->since;
	TRY(fetch_filter(c, f, &r->filter));
	f->thin = r->thin;
	f->ofs_delta = r->ofs_delta;
	f->include_tag = r->include_tag;
	return OK;
}

enum err upload_pack_shallow(struct ctx *c, struct upload_pack *u)
{
	struct oids shallow, unshallow;
	char hex[OID_HEX_MAX];
	TRY(fetch_shallow(c, u->fetch, &shallow, &unshallow));
	for (size_t i = 0; i < shallow.len; i++)
		TRY(lines_fmt(c, &u->lines, "shallow %s\n", oid_hex(&shallow.at[i], hex)));
	for (size_t i = 0; i < unshallow.len; i++)
		TRY(lines_fmt(c, &u->lines, "unshallow %s\n", oid_hex(&unshallow.at[i], hex)));
	return OK;
}

enum { KEEP_ALIVE_MICROSECONDS = 5000000 };

/* In place of progress that a client does not want: now and then a packet with nothing in it, so
 * that nobody between us takes the connection for dead. */
struct keep_alive {
	struct sink sink;
	struct sink *to;
	int64_t next;
};

static enum err keep_alive_write(struct ctx *c, struct sink *self, const void *bytes, size_t len)
{
	struct keep_alive *k = (struct keep_alive *)self;
	int64_t now = c->world->monotonic();
	(void)bytes;
	(void)len;
	if (now < k->next)
		return OK;
	k->next = now + KEEP_ALIVE_MICROSECONDS;
	return sink_write(c, k->to, "0005\1", 5);
}

static enum err keep_alive_flush(struct ctx *c, struct sink *self)
{
	return sink_flush(c, ((struct keep_alive *)self)->to);
}

static enum err keep_alive_push(struct ctx *c, struct sink *self, int64_t micros, bool *all)
{
	return sink_push(c, ((struct keep_alive *)self)->to, micros, all);
}

static struct sink *counted(struct upload_pack *u, struct sink *pack)
{
	return u->budget ? budget_sink(u->budget, pack) : pack;
}

enum err upload_pack_send(struct ctx *c, struct upload_pack *u)
{
	struct side_band data, progress;
	struct keep_alive quiet = {.sink = {.write = keep_alive_write,
					   .flush = keep_alive_flush,
					   .push = keep_alive_push},
		.to = u->to,
		.next = c->world->monotonic() + KEEP_ALIVE_MICROSECONDS};
	TRY(lines_send(c, &u->lines));
	u->in_pack = true;
	if (!u->pack_band)
		return fetch_send(c, u->fetch, counted(u, u->to), NULL);
	side_band_init(&data, u->to, BAND_DATA, u->pack_band);
	side_band_init(&progress, u->to, BAND_PROGRESS, u->pack_band);
	TRY(fetch_send(c, u->fetch, counted(u, &data.sink),
		u->request.no_progress ? &quiet.sink : &progress.sink));
	return lines_flush(c, &u->lines);
}

/* Tells the client why there is no more. */
static enum err tell(struct ctx *c, struct upload_pack *u)
{
	const char *why = err_told(c);
	struct side_band band;
	if (!u->in_pack && !u->lines.banded) {
		TRY(lines_fmt(c, &u->lines, "ERR %s\n", why));
		return lines_send(c, &u->lines);
	}
	if (u->in_pack && !u->pack_band)
		return ERR_IO;
	TRY(lines_send(c, &u->lines));
	side_band_init(&band, u->to, BAND_ERROR, u->in_pack ? u->pack_band : SIDE_BAND_DATA_MAX);
	const char *text = arena_fmt(c->arena, "%s\n", why);
	return sink_write(c, &band.sink, text, strlen(text));
}

enum err upload_pack_serve(struct ctx *c, struct upload_pack *u)
{
	lines_init(c, &u->lines, u->to);
	upload_request_init(
		c, &u->request, u->fetch->snapshot->algo, u->fetch->core->limits.fetch_lines_max);
	enum err err = u->version == 2 ? upload_pack_v2(c, u) : upload_pack_v0(c, u);
	if (err) {
		struct error why = c->error;
		u->told = err != ERR_CANCELED && !tell(c, u);
		c->error = why;
	}
	return err;
}
