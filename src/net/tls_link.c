#include "net/tls_parts.h"

#include <errno.h>
#include <openssl/err.h>
#include <poll.h>
#include <stdlib.h>

enum { RECORD_MAX = 16 << 10 };

bool tls_link_open(struct conn *k, struct tls *t)
{
	struct tls_link *link = calloc(1, sizeof *link);
	if (!link)
		return false;
	*link = (struct tls_link){.tls = t, .state = tls_state_take(t)};
	link->ssl = SSL_new(link->state->pairs[0]);
	if (!link->ssl || SSL_set_fd(link->ssl, k->fd) != 1) {
		SSL_free(link->ssl);
		tls_state_give(link->state);
		free(link);
		return false;
	}
	SSL_set_app_data(link->ssl, link);
	SSL_set_accept_state(link->ssl);
	k->tls = link;
	return true;
}

int tls_link_judge(int good, X509_STORE_CTX *chain)
{
	SSL *ssl = X509_STORE_CTX_get_ex_data(chain, SSL_get_ex_data_X509_STORE_CTX_idx());
	struct tls_link *link = SSL_get_app_data(ssl);
	struct str names = str_of(link->tls->config.client_names.value);
	if (!good || X509_STORE_CTX_get_error_depth(chain) != 0)
		return good;
	X509 *cert = X509_STORE_CTX_get0_cert(chain);
	if (tls_chain_revoked(X509_STORE_CTX_get0_chain(chain), &link->state->revoked)) {
		X509_STORE_CTX_set_error(chain, X509_V_ERR_CERT_REVOKED);
		return 0;
	}
	if (!tls_peer_name(cert, names, link->client)) {
		X509_STORE_CTX_set_error(chain, X509_V_ERR_APPLICATION_VERIFICATION);
		link->why = "the client's certificate has none of the names that may come";
		return 0;
	}
	return 1;
}

bool tls_link_stands(struct conn *k)
{
	struct tls_link *link = k->tls;
	if (!link || link->state->generation == atomic_load(&link->tls->generation))
		return true;
	STACK_OF(X509) *chain = SSL_get0_verified_chain(link->ssl);
	struct tls_state *now = tls_state_take(link->tls);
	bool revoked = chain && tls_chain_revoked(chain, &now->revoked);
	tls_state_give(now);
	return !revoked;
}

/* What a call that gave no bytes means, as errno; 0: the peer has ended. */
static int trouble(struct conn *k, int result)
{
	switch (SSL_get_error(k->tls->ssl, result)) {
	case SSL_ERROR_WANT_READ: k->awaits = POLLIN; return EAGAIN;
	case SSL_ERROR_WANT_WRITE: k->awaits = POLLOUT; return EAGAIN;
	case SSL_ERROR_ZERO_RETURN: return 0;
	default: k->tls->broken = true; return ECONNRESET;
	}
}

static ssize_t give_up(struct conn *k, int result)
{
	errno = trouble(k, result);
	return errno ? -1 : 0;
}

enum tls_shake tls_link_shake(struct conn *k, const char **why)
{
	ERR_clear_error();
	int result = SSL_do_handshake(k->tls->ssl);
	if (result == 1)
		return TLS_SHAKEN;
	if (trouble(k, result) == EAGAIN)
		return TLS_WAITS;
	k->tls->broken = true;
	unsigned long error = ERR_peek_error();
	int reason = ERR_GET_REASON(error);
	if (!error || reason == SSL_R_UNEXPECTED_EOF_WHILE_READING)
		return TLS_LEFT;
	*why = ERR_reason_error_string(error);
	if (reason == SSL_R_CERTIFICATE_VERIFY_FAILED)
		*why = k->tls->why
			       ? k->tls->why
			       : X509_verify_cert_error_string(SSL_get_verify_result(k->tls->ssl));
	return reason == SSL_R_HTTP_REQUEST ? TLS_SPEAKS_HTTP : TLS_REFUSED;
}

static ssize_t tls_read(struct conn *k, const struct iovec *into, int count)
{
	ssize_t all = 0;
	for (int i = 0; i < count; i++) {
		size_t got;
		ERR_clear_error();
		int result = SSL_read_ex(k->tls->ssl, into[i].iov_base, into[i].iov_len, &got);
		if (result != 1)
			return all ? all : give_up(k, result);
		all += (ssize_t)got;
		if (got < into[i].iov_len)
			break;
	}
	return all;
}

/* Small parts go into one record: each costs its own sum and header, and mostly a packet. */
static size_t gather(const struct iovec *parts, int count, char *record)
{
	size_t len = 0;
	for (int i = 0; i < count && len < RECORD_MAX; i++) {
		size_t room = RECORD_MAX - len;
		size_t some = parts[i].iov_len < room ? parts[i].iov_len : room;
		memcpy(record + len, parts[i].iov_base, some);
		len += some;
	}
	return len;
}

/* What OpenSSL could not send has to come again, the same bytes and no fewer: and so it does, since
 * they are the first of what is left. */
static ssize_t tls_write(struct conn *k, const struct iovec *parts, int count, bool more)
{
	char record[RECORD_MAX];
	const void *at = parts->iov_base;
	size_t len = parts->iov_len, put;
	(void)more;
	if (count > 1 && len < RECORD_MAX) {
		len = gather(parts, count, record);
		at = record;
	}
	ERR_clear_error();
	int result = SSL_write_ex(k->tls->ssl, at, len, &put);
	if (result != 1) {
		give_up(k, result);
		return -1;
	}
	return (ssize_t)put;
}

static void tls_finish(struct conn *k)
{
	ERR_clear_error();
	if (!k->tls->broken)
		SSL_shutdown(k->tls->ssl);
	k->tls->broken = true;
	socket_finish(k->fd);
}

static void tls_close_link(struct conn *k)
{
	SSL_free(k->tls->ssl);
	tls_state_give(k->tls->state);
	free(k->tls);
	k->tls = NULL;
}

static bool tls_holds(const struct conn *k)
{
	return SSL_has_pending(k->tls->ssl);
}

const struct transport transport_tls = {
	.read = tls_read,
	.write = tls_write,
	.finish = tls_finish,
	.close = tls_close_link,
	.holds = tls_holds,
};
