/*
 * This machine as a device of a Nimbus Git server: asking to be let in, and renewing what it was given.
 * The other side is web/oauth.c. A person is told on standard error what to do.
 */
#ifndef MAIN_DEVICE_LOGIN_H
#define MAIN_DEVICE_LOGIN_H

#include "driver/http_call.h"
#include "main/device_store.h"

struct device_server {
	struct str origin; /* "https://git.example.org" */
	struct http_client *http;
};

/* `origin` outlives it. Certificates: GIT_SSL_CAINFO, SSL_CERT_FILE, else the system's. */
enum err device_server_open(struct ctx *c, struct str origin, struct device_server *out) MUST;
/* One that was not opened is OK. */
void device_server_close(struct device_server *server);
#define DEVICE_SERVER __attribute__((cleanup(device_server_close))) struct device_server

/* Is it one of ours? ERR_NOT_FOUND: it is another. ERR_INVALID: it is, but known by another address. */
enum err device_server_check(struct ctx *c, const struct device_server *server) MUST;

struct device_terms {
	struct str permission; /* "read", "write", "admin"; empty: the server's choice */
	struct str limits;     /* JSON, as model/scope.h; empty: none */
};

/* Waits until somebody lets it in. ERR_DENIED when they refuse, ERR_TIMEOUT when nobody came. */
enum err device_login(struct ctx *c, const struct device_server *server,
	const struct device_terms *terms, struct device_state *out) MUST;
/* Another access token. ERR_UNAUTH: it is signed out. */
enum err device_renew(struct ctx *c, const struct device_server *server, struct device_state *state)
	MUST;
/* Signs it out at the server. */
enum err device_logout(
	struct ctx *c, const struct device_server *server, const struct device_state *state) MUST;

#endif
