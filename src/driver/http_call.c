#include "driver/http_call.h"

#include "base/host.h"
#include "driver/libcurl.h"
#include "driver/pem_file.h"
#include "net/tls_peer.h"
#include "os/file.h"
#include "os/world.h"

#include <arpa/inet.h>
#include <openssl/ssl.h>
#include <stdlib.h>
#include <unistd.h>

enum {
	HEAD_MAX = 64 << 10,
	BODY_MAX = 1 << 20,
	URL_MAX = 8 << 10,
	TIMEOUT = 10000,
	CONNECT_MAX = 5000,
	MILLI = 1000,
	REVOKED_MAX = 8 << 20,
	LIFE_SECONDS = 300, /* of a connection, where a certificate may be revoked meanwhile */
};

struct http_client {
	const struct libcurl *lib;
	struct arena arena; /* of the texts */
	const char *service, *address, *ca, *ca_name;
	const char *cert, *key, *names, *revoked;
	bool plain;
	struct libcurl_pool pool;
};

/* One exchange under way. */
struct flight {
	struct ctx *c;
	struct http_client *h;
	const struct http_call *call;
	enum err kind; /* what a callback failed with */
	bool cut;      /* the rest of the body was not wanted */
	bool refused;  /* an address was not to be connected to */
	struct buf head, body;
	char why[CURL_ERROR_SIZE];
};

static const char *keep(struct arena *a, const char *text)
{
	return arena_strdup(a, text ? text : "");
}

static enum err check_file(struct ctx *c, const char *what, const char *path)
{
	if (path && *path && access(path, R_OK) != 0)
		return fail(c, ERR_INVALID, "%s=%.200s cannot be read", what, path);
	return OK;
}

static enum err read_revoked(struct ctx *c, const char *path, struct serials *out)
{
	struct str text;
	*out = (struct serials){0};
	if (!path || !*path)
		return OK;
	TRY_WHILE(c, file_read(c, path, REVOKED_MAX, &text), "reading serial numbers");
	TRY_WHILE(c, serials_parse(c, text, out), "reading %.200s", path);
	return OK;
}

static enum err check_trust(struct ctx *c, const struct http_client_options *options)
{
	struct serials ignored;
	const struct pem_pair pair = {options->cert_name ? options->cert_name : "the certificate",
		options->cert, options->key_name ? options->key_name : "the certificate's key",
		options->key};
	TRY(pem_file_check_trust(
		c, options->ca_name ? options->ca_name : "the file of certificates", options->ca));
	TRY(pem_file_check_pair(c, &pair));
	TRY(peer_patterns_check(c, str_of(options->names)));
	TRY(check_file(c, "the list of serial numbers", options->revoked));
	return read_revoked(c, options->revoked, &ignored);
}

/* OpenSSL's number for our pointer in its context: curl keeps what is its own elsewhere. */
static int client_index(void)
{
	static struct host_lock lock;
	static int index = -1;
	WITH_LOCK(&lock);
	if (index < 0)
		index = SSL_CTX_get_ex_new_index(0, NULL, NULL, NULL, NULL);
	ASSERT(index >= 0);
	return index;
}

static int verdict(const struct http_client *h, X509_STORE_CTX *chain)
{
	struct arena arena;
	struct ctx c;
	struct serials revoked;
	char name[TLS_NAME_MAX];
	int error = X509_V_OK;
	arena_init(&arena);
	ctx_init(&c, &arena, os_world());
	if (read_revoked(&c, h->revoked, &revoked) != OK ||
		!tls_peer_name(X509_STORE_CTX_get0_cert(chain), str_of(h->names), name))
		error = X509_V_ERR_APPLICATION_VERIFICATION;
	else if (tls_chain_revoked(X509_STORE_CTX_get0_chain(chain), &revoked))
		error = X509_V_ERR_CERT_REVOKED;
	arena_done(&arena);
	return error;
}

/* The last word on the service's certificate, after OpenSSL's own. */
static int judge_service(int good, X509_STORE_CTX *chain)
{
	SSL *ssl = X509_STORE_CTX_get_ex_data(chain, SSL_get_ex_data_X509_STORE_CTX_idx());
	if (!good || X509_STORE_CTX_get_error_depth(chain) != 0)
		return good;
	int error = verdict(SSL_CTX_get_ex_data(SSL_get_SSL_CTX(ssl), client_index()), chain);
	X509_STORE_CTX_set_error(chain, error);
	return error == X509_V_OK;
}

static CURLcode on_ssl_context(CURL *curl, void *context, void *client)
{
	(void)curl;
	SSL_CTX_set_ex_data(context, client_index(), client);
	SSL_CTX_set_verify(context, SSL_VERIFY_PEER, judge_service);
	return CURLE_OK;
}

enum err http_client_open(
	struct ctx *c, const struct http_client_options *options, struct http_client **out)
{
	const struct libcurl *lib;
	TRY(check_trust(c, options));
	TRY(libcurl_load(c, &lib));
	struct http_client *h = calloc(1, sizeof *h);
	if (!h)
		host_panic("out of memory");
	arena_init(&h->arena);
	h->lib = h->pool.lib = lib;
	h->service = keep(&h->arena, options->service);
	h->address = keep(&h->arena, options->address);
	h->ca = keep(&h->arena, options->ca);
	h->ca_name = keep(&h->arena, options->ca_name);
	h->cert = keep(&h->arena, options->cert);
	h->key = keep(&h->arena, options->key);
	h->names = keep(&h->arena, options->names);
	h->revoked = keep(&h->arena, options->revoked);
	h->plain = options->plain;
	*out = h;
	return OK;
}

void http_client_close(struct http_client *h)
{
	if (!h)
		return;
	libcurl_pool_close(&h->pool);
	arena_done(&h->arena);
	free(h);
}

static bool is_clean(struct str text)
{
	for (size_t i = 0; i < text.len; i++)
		if ((uint8_t)text.at[i] < 0x20 || text.at[i] == 0x7f)
			return false;
	return true;
}

static enum err bad_url(
	struct ctx *c, const struct http_client *h, const char *url, const char *what)
{
	return fail(c, ERR_INVALID, "%s%s%.200s %s", h->address, *h->address ? "=" : "", url, what);
}

/* 127.0.0.0/8, ::1 and localhost: what a request to them says leaves this machine for nobody. */
static bool is_loopback(struct str host)
{
	struct in_addr address;
	char text[16];
	if (str_eq_nocase(host, STR("localhost")) || str_is(host, "[::1]"))
		return true;
	if (host.len >= sizeof text)
		return false;
	memcpy(text, host.at, host.len);
	text[host.len] = 0;
	return inet_pton(AF_INET, text, &address) == 1 && ntohl(address.s_addr) >> 24 == 127;
}

enum err http_client_check(struct ctx *c, const struct http_client *h, const char *url)
{
	struct str rest = str_of(url);
	bool plain = str_skip(&rest, STR("http://"));
	if (rest.len > URL_MAX)
		return fail(c, ERR_INVALID, "an address of %s is over %d bytes long", h->service,
			URL_MAX);
	for (size_t i = 0; i < rest.len; i++)
		if ((uint8_t)rest.at[i] <= 0x20 || (uint8_t)rest.at[i] >= 0x7f)
			return fail(c, ERR_INVALID,
				"an address of %s holds a space, a control character or a letter "
				"that must be %%-encoded",
				h->service);
	if (!plain && !str_skip(&rest, STR("https://")))
		return bad_url(c, h, url, "is no https:// address");
	size_t end = 0;
	while (end < rest.len && !memchr("/?#\\", rest.at[end], 4))
		end++;
	struct str place = str_until(rest, end);
	if (str_find(place, '@') < place.len)
		return fail(c, ERR_INVALID,
			"%s has a name or a password in its address: they belong elsewhere",
			*h->address ? h->address : h->service);
	size_t colon = str_find_last(place, ':');
	struct str host = place;
	if (colon < place.len && str_find(str_from_index(place, colon), ']') == place.len - colon)
		host = str_until(place, colon);
	if (!host.len)
		return bad_url(c, h, url, "names no host");
	if (plain && !h->plain && !is_loopback(host))
		return bad_url(c, h, url, "must be https:// where it is not this machine itself");
	return OK;
}

/* What curl is told in order to end the exchange: fewer bytes taken than it gave. */
static size_t stop(struct flight *f, const char *what, size_t most)
{
	f->kind = fail(
		f->c, ERR_TOO_BIG, "%s's answer has %s over %zu bytes", f->h->service, what, most);
	return 0;
}

static size_t on_header(char *at, size_t size, size_t count, void *arg)
{
	struct flight *f = arg;
	struct str line = str_from(at, size * count);
	/* After "100 Continue" a second answer begins. */
	if (str_starts(line, STR("HTTP/")))
		f->head.len = 0;
	if (f->head.len + line.len > HEAD_MAX)
		return stop(f, "headers", HEAD_MAX);
	buf_str(&f->head, line);
	return line.len;
}

static size_t on_body(char *at, size_t size, size_t count, void *arg)
{
	struct flight *f = arg;
	size_t len = size * count, most = f->call->body_max ? f->call->body_max : BODY_MAX;
	if (len > most - f->body.len && !f->call->cut_body)
		return stop(f, "a body", most);
	f->cut = len > most - f->body.len;
	buf_bytes(&f->body, at, f->cut ? most - f->body.len : len);
	return f->cut ? 0 : len;
}

static void address_of(const struct curl_sockaddr *from, uint8_t out[ADDRESS_BYTES])
{
	static const uint8_t mapped[ADDRESS_BYTES] = {[10] = 0xff, [11] = 0xff};
	struct sockaddr_in v4;
	struct sockaddr_in6 v6 = {0};
	memcpy(out, mapped, sizeof mapped);
	if (from->family == AF_INET) {
		memcpy(&v4, &from->addr, sizeof v4);
		memcpy(out + sizeof mapped - sizeof v4.sin_addr, &v4.sin_addr, sizeof v4.sin_addr);
	} else if (from->family == AF_INET6) {
		memcpy(&v6, &from->addr, sizeof v6);
		memcpy(out, &v6.sin6_addr, sizeof v6.sin6_addr);
	}
}

static curl_socket_t on_open(void *arg, curlsocktype purpose, struct curl_sockaddr *to)
{
	struct flight *f = arg;
	uint8_t address[ADDRESS_BYTES];
	(void)purpose;
	address_of(to, address);
	if (!f->call->may_connect(f->call->arg, address)) {
		f->refused = true;
		return CURL_SOCKET_BAD;
	}
	return socket(to->family, to->socktype | SOCK_CLOEXEC, to->protocol);
}

static int on_progress(void *arg, curl_off_t a, curl_off_t b, curl_off_t d, curl_off_t e)
{
	struct flight *f = arg;
	(void)a, (void)b, (void)d, (void)e;
	if (!f->kind)
		f->kind = ctx_check(f->c);
	return f->kind != OK;
}

static enum err check_headers(
	struct ctx *c, const struct http_client *h, const struct http_call *call)
{
	for (size_t i = 0; i < call->header_count; i++)
		if (!is_clean(call->headers[i].name) || !is_clean(call->headers[i].value))
			return fail(c, ERR_INVALID,
				"the header %.*s for %s holds a control character",
				STR_FMT(str_until(call->headers[i].name, 60)), h->service);
	return OK;
}

/* curl copies nothing of a list: it lives until the exchange has ended. */
static struct curl_slist *header_list(
	struct ctx *c, const struct http_client *h, const struct http_call *call)
{
	struct curl_slist *list = h->lib->slist_append(NULL, "Expect:");
	for (size_t i = 0; list && i < call->header_count; i++)
		list = h->lib->slist_append(
			list, arena_fmt(c->arena, "%.*s: %.*s", STR_FMT(call->headers[i].name),
				      STR_FMT(call->headers[i].value)));
	if (!list)
		host_panic("out of memory");
	return list;
}

static void set_times(CURL *curl, struct ctx *c, const struct http_client *h, int64_t most)
{
	if (c->deadline) {
		int64_t left = (c->deadline - c->world->monotonic()) / MILLI + 1;
		most = left < most ? left : most;
	}
	most = most < 1 ? 1 : most; /* 0 is no limit */
	h->lib->easy_setopt(curl, CURLOPT_TIMEOUT_MS, (long)most);
	h->lib->easy_setopt(
		curl, CURLOPT_CONNECTTIMEOUT_MS, (long)(most < CONNECT_MAX ? most : CONNECT_MAX));
}

static void set_body(CURL *curl, const struct http_client *h, const struct http_call *call)
{
	const char *method = call->method;
	bool sends = call->body.len || strcmp(method, "POST") == 0 || strcmp(method, "PUT") == 0 ||
		     strcmp(method, "PATCH") == 0;
	if (sends) {
		h->lib->easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)call->body.len);
		h->lib->easy_setopt(curl, CURLOPT_POSTFIELDS, call->body.len ? call->body.at : "");
	}
	if (strcmp(method, "HEAD") == 0)
		h->lib->easy_setopt(curl, CURLOPT_NOBODY, 1L);
	else
		h->lib->easy_setopt(curl, CURLOPT_CUSTOMREQUEST, method);
}

/* Whom we trust, and who we are. A session that is resumed shows no certificate again. */
static void set_trust(CURL *curl, struct http_client *h)
{
	const struct libcurl *lib = h->lib;
	if (*h->ca)
		lib->easy_setopt(curl, CURLOPT_CAINFO, h->ca);
	if (*h->cert) {
		lib->easy_setopt(curl, CURLOPT_SSLCERT, h->cert);
		lib->easy_setopt(curl, CURLOPT_SSLKEY, h->key);
	}
	if (*h->names || *h->revoked) {
		lib->easy_setopt(curl, CURLOPT_SSL_CTX_FUNCTION, on_ssl_context);
		lib->easy_setopt(curl, CURLOPT_SSL_CTX_DATA, h);
		lib->easy_setopt(curl, CURLOPT_SSL_SESSIONID_CACHE, 0L);
		lib->easy_setopt(curl, CURLOPT_MAXLIFETIME_CONN, (long)LIFE_SECONDS);
	}
}

static void set_up(CURL *curl, struct flight *f)
{
	const struct libcurl *lib = f->h->lib;
	lib->easy_setopt(curl, CURLOPT_URL, f->call->url);
	lib->easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
	lib->easy_setopt(curl, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
	lib->easy_setopt(curl, CURLOPT_USERAGENT, "nimbus-git");
	lib->easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
	lib->easy_setopt(curl, CURLOPT_ERRORBUFFER, f->why);
	lib->easy_setopt(curl, CURLOPT_HEADERFUNCTION, on_header);
	lib->easy_setopt(curl, CURLOPT_HEADERDATA, f);
	lib->easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_body);
	lib->easy_setopt(curl, CURLOPT_WRITEDATA, f);
	lib->easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, on_progress);
	lib->easy_setopt(curl, CURLOPT_XFERINFODATA, f);
	lib->easy_setopt(curl, CURLOPT_NOPROGRESS, 0L);
	/* What is not encrypted goes to nobody else on its way, whatever http_proxy says. */
	if (str_starts(str_of(f->call->url), STR("http://")))
		lib->easy_setopt(curl, CURLOPT_PROXY, "");
	if (f->call->may_connect) {
		lib->easy_setopt(curl, CURLOPT_PROXY, "");
		lib->easy_setopt(curl, CURLOPT_OPENSOCKETFUNCTION, on_open);
		lib->easy_setopt(curl, CURLOPT_OPENSOCKETDATA, f);
	}
	set_trust(curl, f->h);
	set_body(curl, f->h, f->call);
	set_times(curl, f->c, f->h, f->call->timeout_ms ? f->call->timeout_ms : TIMEOUT);
}

static enum err judge(const struct flight *f, CURLcode code)
{
	const struct http_client *h = f->h;
	struct ctx *c = f->c;
	if (code == CURLE_OK || f->kind || f->cut)
		return f->kind;
	if (f->refused && code == CURLE_COULDNT_CONNECT)
		return fail(c, ERR_DENIED, "%s is at an address that must not be connected to",
			h->service);
	const char *why = *f->why ? f->why : h->lib->easy_strerror(code);
	switch (code) {
	case CURLE_OPERATION_TIMEDOUT:
		return fail(c, ERR_TIMEOUT, "%s did not answer in the time allowed (%s)",
			h->service, why);
	case CURLE_PEER_FAILED_VERIFICATION:
	case CURLE_SSL_CACERT_BADFILE:
		return fail(c, ERR_UNAVAILABLE,
			"%s's certificate is not trusted (%s): check %s%s%s", h->service, why,
			*h->address ? h->address : "its address", *h->ca_name ? " and " : "",
			h->ca_name);
	default: return fail(c, ERR_UNAVAILABLE, "%s cannot be reached: %s", h->service, why);
	}
}

/* The status of the first line: "HTTP/1.1 200 OK". */
static int status_of(struct str head)
{
	uint64_t status = 0;
	(void)str_cut(&head, ' ');
	(void)str_to_u64(str_until(head, 3), &status);
	return (int)status;
}

enum err http_call(
	struct ctx *c, struct http_client *h, const struct http_call *call, struct http_answer *out)
{
	*out = (struct http_answer){0};
	TRY(ctx_check(c));
	TRY(http_client_check(c, h, call->url));
	TRY(check_headers(c, h, call));
	struct flight f = {
		.c = c, .h = h, .call = call, .head.arena = c->arena, .body.arena = c->arena};
	CURL *curl = libcurl_take(&h->pool);
	struct curl_slist *headers = header_list(c, h, call);
	set_up(curl, &f);
	h->lib->easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
	enum err kind = judge(&f, h->lib->easy_perform(curl));
	h->lib->slist_free_all(headers);
	libcurl_give(&h->pool, curl);
	TRY(kind);
	*out = (struct http_answer){
		status_of(buf_view(&f.head)), buf_view(&f.head), buf_view(&f.body)};
	return OK;
}

struct str http_answer_header(const struct http_answer *answer, const char *name)
{
	struct str rest = answer->head, line;
	while (str_line(&rest, &line)) {
		struct str found = str_cut(&line, ':');
		if (str_eq_nocase(found, str_of(name)))
			return str_trim(line);
	}
	return (struct str){0};
}
