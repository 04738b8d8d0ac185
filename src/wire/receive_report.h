/*
 * What the client of a push is told: progress meanwhile, then what became of it
 * (gitprotocol-pack(5), "Report Status").
 */
#ifndef WIRE_RECEIVE_REPORT_H
#define WIRE_RECEIVE_REPORT_H

#include "core/push.h"
#include "git/pktline.h"

struct receive_report {
	struct receive_progress progress;
	struct sink *to;
	bool side_band;
	bool quiet;
	bool received;       /* the client has sent all, and waits */
	int64_t begun;       /* world->monotonic() */
	int64_t told, alive; /* when a person, and the connection, last heard of us */
	enum receive_stage stage;
};

/*
 * On a side-band, whatever calls ctx_check from here on keeps the connection alive, once the client
 * waits; until receive_report_decided.
 */
void receive_report_init(struct ctx *c, struct receive_report *r, struct sink *to, bool side_band);
void receive_report_decided(struct ctx *c);

/* Refuses what is not refused yet. */
void receive_report_refuse(struct push_commands *commands, const char *why);

/* The report and the end. `unpack`: why the pack was refused, or NULL. */
enum err receive_report_send(struct ctx *c, struct receive_report *r, const char *unpack,
	const struct push_commands *commands) MUST;
/* The end alone, for a client that wants no report. */
enum err receive_report_end(struct ctx *c, struct receive_report *r) MUST;

#endif
