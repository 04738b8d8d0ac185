#include "driver/redis_link.h"

#include "os/socket.h"

#include <errno.h>
#include <hiredis/hiredis.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <poll.h>
#include <sys/socket.h>

static const char *reason_of_openssl(void)
{
	unsigned long error = ERR_peek_error();
	const char *reason = error ? ERR_reason_error_string(error) : NULL;
	return reason ? reason : "it ends the connection";
}

static enum err read_own(
	struct ctx *c, const struct redis_files *files, enum err kind, SSL_CTX *tls)
{
	if (files->cert && *files->cert &&
		(SSL_CTX_use_certificate_chain_file(tls, files->cert) != 1 ||
			SSL_CTX_use_PrivateKey_file(tls, files->key, SSL_FILETYPE_PEM) != 1))
		return fail(c, kind,
			"the certificate for Redis (%s) cannot be used with its key (%s): %s",
			files->cert, files->key, reason_of_openssl());
	return OK;
}

static enum err read_files(
	struct ctx *c, const struct redis_files *files, enum err kind, SSL_CTX *tls)
{
	bool own = files->ca && *files->ca;
	if ((own ? SSL_CTX_load_verify_file(tls, files->ca)
		 : SSL_CTX_set_default_verify_paths(tls)) != 1)
		return fail(c, kind, "the certificates to trust (%s) cannot be read: %s",
			own ? files->ca : "the system's", reason_of_openssl());
	return read_own(c, files, kind, tls);
}

static enum err read_trust(
	struct ctx *c, const struct redis_trust *trust, enum err kind, SSL_CTX **out)
{
	SSL_CTX *tls = SSL_CTX_new(TLS_client_method());
	if (!tls)
		host_panic("out of memory");
	ERR_clear_error();
	enum err bad = read_files(c, &trust->files, kind, tls);
	if (bad) {
		SSL_CTX_free(tls);
		return bad;
	}
	SSL_CTX_set_min_proto_version(tls, TLS1_2_VERSION);
	SSL_CTX_set_verify(tls, SSL_VERIFY_PEER, NULL);
	/* What could not be sent may come again from elsewhere, and with more behind it. */
	SSL_CTX_set_mode(tls, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
	*out = tls;
	return OK;
}

enum err redis_trust_read(struct ctx *c, struct redis_trust *trust)
{
	return read_trust(c, trust, ERR_INVALID, &trust->tls);
}

/* Names the server to itself (SNI) and to the check of its certificate. */
static bool expect(SSL *ssl, const char *host)
{
	if (X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), host) == 1)
		return true;
	/* What OpenSSL's macro does, but for its cast. */
	void *name = (void *)(uintptr_t)host;
	return SSL_set1_host(ssl, host) == 1 &&
	       SSL_ctrl(ssl, SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name, name) == 1;
}

enum err redis_link_begin_tls(
	struct ctx *c, struct redis_link *link, struct redis_trust *trust, const char *host)
{
	WITH_LOCK(&trust->lock);
	if (!trust->tls)
		TRY(read_trust(c, trust, ERR_UNAVAILABLE, &trust->tls));
	link->ssl = SSL_new(trust->tls);
	if (!link->ssl || SSL_set_fd(link->ssl, link->redis->fd) != 1)
		host_panic("out of memory");
	if (!expect(link->ssl, host))
		return fail(c, ERR_UNAVAILABLE, "no certificate can be of the name %s", host);
	SSL_set_connect_state(link->ssl);
	return OK;
}

/* What a call that gave no bytes means, as of recv(2) and send(2). */
static ssize_t without(struct redis_link *link, int result)
{
	switch (SSL_get_error(link->ssl, result)) {
	case SSL_ERROR_WANT_READ: link->awaits = POLLIN; break;
	case SSL_ERROR_WANT_WRITE: link->awaits = POLLOUT; break;
	case SSL_ERROR_ZERO_RETURN: return 0;
	default: errno = ECONNRESET; return -1;
	}
	errno = EAGAIN;
	return -1;
}

int redis_link_shake(struct redis_link *link, const char **why)
{
	ERR_clear_error();
	int result = SSL_do_handshake(link->ssl);
	if (result == 1)
		return 0;
	if (without(link, result) < 0 && errno == EAGAIN)
		return -1;
	long bad = SSL_get_verify_result(link->ssl);
	*why = bad == X509_V_OK ? reason_of_openssl() : X509_verify_cert_error_string(bad);
	errno = ECONNRESET;
	return -1;
}

/* Not by hiredis: its write(2) raises SIGPIPE where a process has not silenced that. */
ssize_t redis_link_send(struct redis_link *link, struct str bytes)
{
	size_t put;
	if (!link->ssl) {
		link->awaits = POLLOUT;
		return send(link->redis->fd, bytes.at, bytes.len, MSG_NOSIGNAL);
	}
	ERR_clear_error();
	int result = SSL_write_ex(link->ssl, bytes.at, bytes.len, &put);
	if (result == 1)
		return (ssize_t)put;
	if (without(link, result) == 0)
		errno = ECONNRESET;
	return -1;
}

ssize_t redis_link_receive(struct redis_link *link, void *into, size_t cap)
{
	size_t got;
	if (!link->ssl) {
		link->awaits = POLLIN;
		return recv(link->redis->fd, into, cap, 0);
	}
	ERR_clear_error();
	int result = SSL_read_ex(link->ssl, into, cap, &got);
	return result == 1 ? (ssize_t)got : without(link, result);
}

bool redis_link_stirs(struct redis_link *link)
{
	char byte;
	size_t got;
	bool came = socket_wait(link->redis->fd, POLLIN | POLLRDHUP, 0) != 0;
	if (!link->ssl || (!came && !SSL_has_pending(link->ssl)))
		return came;
	/* It may be TLS' own, such as a ticket. */
	ERR_clear_error();
	int result = SSL_peek_ex(link->ssl, &byte, 1, &got);
	return result == 1 || without(link, result) == 0 || errno != EAGAIN;
}

void redis_link_close(struct redis_link *link)
{
	SSL_free(link->ssl);
	redisFree(link->redis);
	*link = (struct redis_link){0};
}

void redis_trust_forget(struct redis_trust *trust)
{
	WITH_LOCK(&trust->lock);
	SSL_CTX_free(trust->tls);
	trust->tls = NULL;
}
