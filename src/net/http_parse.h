/*
 * The strict reading of HTTP/1.1 heads and chunked bodies: pure functions over bytes, no memory of
 * their own.
 *
 * Strict, because every laxness is where two servers disagree about where a request ends: what RFC
 * 9112 lets a server repair is refused here.
 */
#ifndef NET_HTTP_PARSE_H
#define NET_HTTP_PARSE_H

#include "net/http.h"

struct http_limits {
	size_t line_max; /* request line */
	size_t head_max; /* all of the head */
	size_t header_max;
};

/* Why a request is refused: the status, and a sentence for the client. Status 0: it is not. */
struct http_fault {
	int status;
	const char *why;
};

/* How far a head has been looked at. Zeroed for a new one. */
struct http_scan {
	size_t at;    /* bytes seen */
	size_t line;  /* where the line begins that `at` is in */
	size_t start; /* of the request line: 2 after an empty line that is forgiven */
	bool headers; /* the request line is behind */
};

/*
 * Looks on in bytes[s->at..]: *head_len is the head's length once its end is there, else 0. Refuses
 * at the first bad line, so that a bad client does not wait for the deadline.
 */
struct http_fault http_scan(struct http_scan *s, struct str bytes, const struct http_limits *limits,
	size_t *head_len) MUST;

/* A head, as views of the bytes that it was read from. */
struct http_head {
	struct str method, target;
	struct str raw_path, query; /* of the target in whatever form it came */
	struct str host;            /* of the target, else of the header */
	int minor;                  /* of HTTP/1.x */
	uint64_t length;            /* 0, Content-Length, or HTTP_UNKNOWN when chunked */
	bool keep_alive;            /* the client can take another reply on this connection */
	bool expects_continue;
	struct http_header *headers; /* caller's memory for limits->header_max */
	size_t header_count;
};

/* Reads a whole head as http_scan has measured it, into *h, whose `headers` the caller has set. */
struct http_fault http_head_parse(
	struct str head, const struct http_limits *limits, struct http_head *h) MUST;

/* The first header of that name, in any case; empty where there is none. */
struct str http_header_find(const struct http_header *headers, size_t count, struct str name);

bool http_is_token(struct str s); /* RFC 9110: method, header name */
bool http_is_value(struct str s); /* no control byte but a tab */

/* `path` decoded into the arena; false on a bad escape, a NUL, or a "." or ".." segment. */
bool http_path_decode(struct arena *a, struct str raw, struct str *out) MUST;

/* A body in chunks being decoded. Zeroed for a new one. */
struct http_chunks {
	int state;
	uint64_t left;   /* of the chunk that `state` is in */
	unsigned digits; /* of its size */
	size_t line;     /* bytes of this size line or trailer line */
	size_t extra;    /* bytes of extensions and trailers in all: capped */
};

/* The first byte is the size's. True when the last byte of the body, trailers too, has been taken.
 */
bool http_chunks_done(const struct http_chunks *k);

/* Bytes of data that come next for certain: they may be read past the decoder, with
 * http_chunks_skip. */
uint64_t http_chunks_ahead(const struct http_chunks *k);
void http_chunks_skip(struct http_chunks *k, uint64_t len);

/*
 * Takes from in[0..*in_len), gives data to out[0..*out_len); sets both to what was taken and given.
 * With *out_len 0 it takes only what frames the data. False when it is no chunked body.
 */
bool http_chunks_decode(
	struct http_chunks *k, const char *in, size_t *in_len, char *out, size_t *out_len) MUST;

#endif
