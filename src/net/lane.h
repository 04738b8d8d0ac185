/*
 * Where requests stand in line for a worker: values, which net/line.c goes by.
 *
 * There are lanes, of which the one comes next that has the least of what it may have; in it the
 * request whose flow has the fewest under work; and of these the oldest. Nothing here knows what the
 * lanes are for.
 */
#ifndef NET_LANE_H
#define NET_LANE_H

#include "base/str.h"

enum { HTTP_LANES = 5 };

struct http_header;

struct http_flow {
	uint64_t key;   /* whose it is */
	uint64_t group; /* what it is about; 0: nothing of which there is a bound */
	uint8_t lane;
	bool page; /* who is refused is shown a page */
};

/* What is known of a request before a worker is taken; as in http_exchange. */
struct http_ask {
	struct str method, raw_path, peer;
	const struct http_header *headers;
	size_t header_count;
};

/* Any thread, before the request is anybody's: it neither waits nor looks anything up elsewhere. */
typedef void http_classify(void *arg, const struct http_ask *ask, struct http_flow *out);

struct http_lane {
	const char *name;
	int workers; /* requests of it that are worked on at once; 0: any number, whatever their group
		      */
	int wait_ms;           /* for a worker, 503 beyond; 0: as long as it takes */
	const char *busy_page; /* HTML for whom it refuses, 3 KiB at most; NULL: a line of text */
};

#endif
