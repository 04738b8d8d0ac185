/*
 * The HTTP client of drivers that ask a service over its API: one request, one answer, both in
 * memory and small. Connections are kept open between requests, and taken by whoever asks next.
 *
 *	const struct http_call call = {.method = "GET", .url = url, .timeout_ms = 5000};
 *	TRY(http_call(c, client, &call, &answer));
 *
 * https, or http to this machine itself: what is asked and answered is secret more often than not.
 * A redirect is an answer like any other, and is not followed. Safe for any number of threads.
 */
#ifndef DRIVER_HTTP_CALL_H
#define DRIVER_HTTP_CALL_H

#include "base/address.h"
#include "base/buf.h"
#include "base/ctx.h"

struct http_client;

/* How a service is talked to. The texts are copied; NULL is as good as "". */
struct http_client_options {
	const char *service; /* what messages call it: "Vault" */
	const char *address; /* the setting that has its address, for messages; may be NULL */
	const char *ca;      /* a file of certificates (PEM) to trust instead of the system's */
	const char *ca_name; /* the setting that names that file, for messages; may be NULL */
	bool plain;          /* http is allowed to any host */
	const char *cert,
		*key; /* files (PEM) of our own certificate and its key: both or neither */
	const char *cert_name,
		*key_name; /* the settings that name these, for messages; may be NULL */
	const char *names; /* patterns, of which the service's certificate must have one
				   (net/peer_names.h), besides the name in the URL */
	const char *
		revoked; /* a file of serial numbers that are not trusted, read for each connection;
				where one cannot be read, nobody is */
};

/* ERR_UNSUPPORTED where libcurl is not installed; ERR_INVALID where `ca`, `cert` or `key` are not what
 * they should be (driver/pem_file.h), or `names` or `revoked` make no sense. */
enum err http_client_open(
	struct ctx *c, const struct http_client_options *options, struct http_client **out) MUST;
/* NULL is OK. Nobody is asking any more. */
void http_client_close(struct http_client *h);

/* May requests go to this URL? ERR_INVALID for other schemes than https (or http, see above), for a
 * name or password in it, and for what is no URL; the message names options.address. */
enum err http_client_check(struct ctx *c, const struct http_client *h, const char *url) MUST;

struct http_header {
	struct str name, value;
};

struct http_call {
	const char *method, *url;
	const struct http_header *headers;
	size_t header_count;
	struct str body;    /* sent where there is one, or the method is POST, PUT or PATCH */
	int64_t timeout_ms; /* for all of it; 0: 10 s. c->deadline ends it too */
	size_t body_max;    /* bytes that the answer's body may have; 0: 1 MiB */
	bool cut_body;      /* of a longer one the beginning is enough */
	/*
	 * May a connection go to this address? Asked of those that the host's name stands for, one after the other,
	 * in the thread that calls, so that no answer of a name server leads past it. ERR_DENIED where none may.
	 * No proxy is used then. NULL: to any.
	 */
	bool (*may_connect)(void *arg, const uint8_t address[ADDRESS_BYTES]);
	void *arg;
};

/* In the arena of the context that asked. */
struct http_answer {
	int status;
	struct str head; /* the header lines as they came */
	struct str body;
};

/*
 * Any status is OK. ERR_INVALID as of http_client_check, and for a header with a control character;
 * ERR_UNAVAILABLE when the service cannot be reached, or is not trusted; ERR_TIMEOUT; ERR_TOO_BIG for
 * an answer over body_max, or headers over 64 KiB; ERR_CANCELED.
 */
enum err http_call(struct ctx *c, struct http_client *h, const struct http_call *call,
	struct http_answer *out) MUST;

/* The value of the first header of that name (in any case); {0} where there is none. */
struct str http_answer_header(const struct http_answer *answer, const char *name);

#endif
