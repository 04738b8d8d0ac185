#include "wire/receive_report.h"

enum { SECOND = 1000000, FIRST_WORD = SECOND, WORD_EVERY = SECOND / 2, ALIVE_EVERY = 5 * SECOND };

static enum err keep_alive(struct ctx *c, void *arg);

static enum err tell(struct ctx *c, struct receive_report *r, struct str packet)
{
	/* Nothing may get in between. */
	c->working = NULL;
	TRY(sink_write(c, r->to, packet.at, packet.len));
	TRY(sink_flush(c, r->to));
	c->working = keep_alive;
	r->alive = c->world->monotonic();
	return OK;
}

/* Proxies cut a connection on which nothing happens. It is git's receive.keepAlive. */
static enum err keep_alive(struct ctx *c, void *arg)
{
	struct receive_report *r = arg;
	if (!r->received || c->world->monotonic() - r->alive < ALIVE_EVERY)
		return OK;
	return tell(c, r, STR("0005\1"));
}

static struct str stage_packet(struct ctx *c, enum receive_stage stage, uint32_t done, uint32_t all)
{
	unsigned percent = all ? (unsigned)((uint64_t)done * 100 / all) : 100;
	struct buf b = {.arena = c->arena};
	pkt_fmt(&b, "%c%s: %3u%% (%u/%u)%s", BAND_PROGRESS,
		stage == RECEIVE_DELTAS ? "Resolving deltas" : "Checking connectivity", percent,
		done, all, done == all ? ", done.\n" : "\r");
	return buf_view(&b);
}

/* Silent while the pack comes: the client shows that itself, and may not read before it has sent
 * everything. */
static enum err step(struct ctx *c, struct receive_progress *self, enum receive_stage stage,
	uint32_t done, uint32_t all)
{
	struct receive_report *r = (struct receive_report *)self;
	if (!r->received && done == all) {
		r->received = true;
		r->alive = c->world->monotonic();
	}
	if (r->quiet || stage == RECEIVE_OBJECTS || (done % 32 && done != all))
		return OK;
	int64_t now = c->world->monotonic();
	bool last = done == all && r->stage == stage && r->told;
	if (now - r->begun > FIRST_WORD && (now - r->told > WORD_EVERY || last)) {
		struct arena_mark mark = arena_mark(c->arena);
		TRY(tell(c, r, stage_packet(c, stage, done, all)));
		arena_rewind(c->arena, mark);
		r->told = now;
		r->stage = stage;
	}
	return OK;
}

void receive_report_init(struct ctx *c, struct receive_report *r, struct sink *to, bool side_band)
{
	*r = (struct receive_report){
		.progress = {step}, .to = to, .side_band = side_band, .stage = RECEIVE_OBJECTS};
	r->begun = r->alive = c->world->monotonic();
	c->working = side_band ? keep_alive : NULL;
	c->working_arg = r;
}

void receive_report_decided(struct ctx *c)
{
	c->working = NULL;
}

void receive_report_refuse(struct push_commands *commands, const char *why)
{
	for (size_t i = 0; i < commands->count; i++) {
		if (!commands->at[i].refused)
			commands->at[i].refused = why;
	}
}

static const char *one_line(struct arena *a, const char *text)
{
	char *line = arena_strdup(a, text);
	for (char *at = line; *at; at++) {
		if (*at == '\n' || *at == '\r')
			*at = ' ';
	}
	return line;
}

enum err receive_report_end(struct ctx *c, struct receive_report *r)
{
	return sink_write(c, r->to, "0000", r->side_band ? 4 : 0);
}

enum err receive_report_send(struct ctx *c, struct receive_report *r, const char *unpack,
	const struct push_commands *commands)
{
	struct buf lines = {.arena = c->arena};
	pkt_fmt(&lines, "unpack %s\n", unpack ? one_line(c->arena, unpack) : "ok");
	for (size_t i = 0; i < commands->count; i++) {
		const struct push_command *command = &commands->at[i];
		/* With the reason it must fit a packet; one so long is refused anyway. */
		struct str name = str_until(command->change.name, 4 * REF_NAME_MAX);
		if (command->refused)
			pkt_fmt(&lines, "ng %.*s %s\n", STR_FMT(name),
				one_line(c->arena, command->refused));
		else
			pkt_fmt(&lines, "ok %.*s\n", STR_FMT(name));
	}
	pkt_flush(&lines);
	if (!r->side_band)
		return sink_write(c, r->to, lines.at, lines.len);
	struct side_band band;
	side_band_init(&band, r->to, BAND_DATA, SIDE_BAND_DATA_MAX);
	TRY(sink_write(c, &band.sink, lines.at, lines.len));
	return receive_report_end(c, r);
}
