#include "net/tls.h"

#include "base/map.h"
#include "base/str.h"
#include "net/tls_parts.h"
#include "os/file.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <sys/stat.h>

/* Mozilla's "intermediate" without finite-field Diffie-Hellman, which costs most and nobody needs. */
#define CIPHERS                                                      \
	"ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:" \
	"ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384:" \
	"ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305"
#define GROUPS "X25519:P-256:P-384"

enum { TICKET_SECONDS = 3600, PATH_BYTES_MAX = 4096, REVOKED_BYTES_MAX = 8 << 20 };

struct tls_state *tls_state_take(struct tls *t)
{
	WITH_LOCK(&t->lock);
	atomic_fetch_add(&t->state->users, 1);
	return t->state;
}

void tls_state_give(struct tls_state *state)
{
	if (atomic_fetch_sub(&state->users, 1) != 1)
		return;
	for (size_t i = 0; i < state->count; i++)
		SSL_CTX_free(state->pairs[i]);
	free(state->revoked.at);
	free(state);
}

/* A key that needs a passphrase is no key for a server that starts by itself: OpenSSL would ask. */
static int no_passphrase(char *into, int size, int writing, void *arg)
{
	(void)into, (void)size, (void)writing, (void)arg;
	return -1;
}

static int choose_protocol(SSL *ssl, const unsigned char **out, unsigned char *out_len,
	const unsigned char *offered, unsigned offered_len, void *arg)
{
	static const unsigned char ours[] = {8, 'h', 't', 't', 'p', '/', '1', '.', '1'};
	unsigned char *chosen;
	(void)ssl, (void)arg;
	if (SSL_select_next_proto(&chosen, out_len, ours, sizeof ours, offered, offered_len) !=
		OPENSSL_NPN_NEGOTIATED)
		return SSL_TLSEXT_ERR_ALERT_FATAL;
	*out = chosen;
	return SSL_TLSEXT_ERR_OK;
}

/* The first pair whose certificate is of the name that the client asks for. */
static int choose_pair(SSL *ssl, int *alert, void *arg)
{
	const struct tls_link *link = SSL_get_app_data(ssl);
	const char *name = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);
	(void)alert, (void)arg;
	for (size_t i = 0; name && i < link->state->count; i++) {
		SSL_CTX *pair = link->state->pairs[i];
		X509 *cert = SSL_CTX_get0_certificate(pair);
		if (X509_check_host(cert, name, 0, 0, NULL) == 1) {
			SSL_set_SSL_CTX(ssl, pair);
			break;
		}
	}
	return SSL_TLSEXT_ERR_OK;
}

static SSL_CTX *new_context(void)
{
	char groups[] = GROUPS; /* OpenSSL's macro takes no const */
	SSL_CTX *ssl = SSL_CTX_new(TLS_server_method());
	ASSERT(ssl);
	ASSERT(SSL_CTX_set_min_proto_version(ssl, TLS1_2_VERSION) == 1);
	ASSERT(SSL_CTX_set_cipher_list(ssl, CIPHERS) == 1);
	ASSERT(SSL_CTX_set1_groups_list(ssl, groups) == 1);
	SSL_CTX_set_options(ssl, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
	SSL_CTX_set_mode(ssl, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
				      SSL_MODE_RELEASE_BUFFERS);
	SSL_CTX_set_read_ahead(ssl, 1);
	/* What a client may resume by is in the ticket that it keeps, and nothing here. */
	SSL_CTX_set_session_cache_mode(ssl, SSL_SESS_CACHE_OFF);
	SSL_CTX_set_timeout(ssl, TICKET_SECONDS);
	tls_tickets_use(ssl);
	SSL_CTX_set_default_passwd_cb(ssl, no_passphrase);
	SSL_CTX_set_alpn_select_cb(ssl, choose_protocol, NULL);
	SSL_CTX_set_tlsext_servername_callback(ssl, choose_pair);
	return ssl;
}

static const char *openssl_reason(void)
{
	const char *reason = ERR_reason_error_string(ERR_peek_last_error());
	return reason ? reason : "no reason given";
}

static enum err check_readable(struct ctx *c, const struct tls_setting *setting, const char *path)
{
	if (access(path, R_OK) == 0)
		return OK;
	return fail(c, ERR_INVALID, "%s: %s cannot be read: %s", setting->name, path,
		strerrordesc_np(errno));
}

/*
 * Whoever resumes a session shows no certificate again, and what has become of it since would not be
 * asked: so where there are certificates of clients, no session is resumed.
 */
static enum err ask_clients(struct ctx *c, const struct tls_config *config, SSL_CTX *ssl)
{
	const char *path = config->client_ca.value;
	if (config->clients == TLS_CLIENTS_OFF)
		return OK;
	TRY(check_readable(c, &config->client_ca, path));
	STACK_OF(X509_NAME) *names = SSL_load_client_CA_file(path);
	if (!names || SSL_CTX_load_verify_file(ssl, path) != 1) {
		sk_X509_NAME_pop_free(names, X509_NAME_free);
		return fail(c, ERR_INVALID, "%s: %s holds no certificates in PEM (%s)",
			config->client_ca.name, path, openssl_reason());
	}
	SSL_CTX_set_client_CA_list(ssl, names);
	SSL_CTX_set_options(ssl, SSL_OP_NO_TICKET);
	SSL_CTX_set_num_tickets(ssl, 0);
	int must = config->clients == TLS_CLIENTS_REQUIRED ? SSL_VERIFY_FAIL_IF_NO_PEER_CERT : 0;
	SSL_CTX_set_verify(ssl, SSL_VERIFY_PEER | must, tls_link_judge);
	return OK;
}

static enum err load_revoked(struct ctx *c, const struct tls_config *config, struct serials *out)
{
	const struct tls_setting *setting = &config->revoked;
	struct serials all;
	struct str text;
	if (!setting->value || !*setting->value)
		return OK;
	TRY(check_readable(c, setting, setting->value));
	TRY_WHILE(c, file_read(c, setting->value, REVOKED_BYTES_MAX, &text), "reading %s",
		setting->name);
	TRY_WHILE(c, serials_parse(c, text, &all), "reading %s=%s", setting->name, setting->value);
	*out = (struct serials){calloc(all.count + 1, sizeof *all.at), all.count};
	ASSERT(out->at);
	if (all.count)
		memcpy(out->at, all.at, all.count * sizeof *all.at);
	return OK;
}

static enum err load_pair(struct ctx *c, const struct tls_config *config, SSL_CTX *ssl,
	struct str cert, struct str key)
{
	const char *cert_path = str_dup(c->arena, cert), *key_path = str_dup(c->arena, key);
	ERR_clear_error();
	TRY(check_readable(c, &config->certs, cert_path));
	TRY(check_readable(c, &config->keys, key_path));
	if (SSL_CTX_use_certificate_chain_file(ssl, cert_path) != 1)
		return fail(c, ERR_INVALID,
			"%s: %s holds no certificate in PEM that can be used (%s)",
			config->certs.name, cert_path, openssl_reason());
	if (SSL_CTX_use_PrivateKey_file(ssl, key_path, SSL_FILETYPE_PEM) == 1)
		return OK;
	int reason = ERR_GET_REASON(ERR_peek_last_error());
	if (reason == X509_R_KEY_VALUES_MISMATCH || reason == X509_R_KEY_TYPE_MISMATCH)
		return fail(c, ERR_INVALID, "%s: %s is not the key of the certificate in %s",
			config->keys.name, key_path, cert_path);
	return fail(c, ERR_INVALID, "%s: %s holds no private key in PEM without a passphrase (%s)",
		config->keys.name, key_path, openssl_reason());
}

/* The next of a list of files; empty at its end. */
static struct str next_path(struct str *rest)
{
	struct str path = {0};
	while (rest->len && !path.len)
		path = str_trim(str_cut(rest, ','));
	return path;
}

static enum err load_pairs(struct ctx *c, const struct tls_config *config, struct tls_state *state)
{
	struct str certs = str_of(config->certs.value), keys = str_of(config->keys.value);
	for (;;) {
		struct str cert = next_path(&certs), key = next_path(&keys);
		if (!cert.len != !key.len)
			return fail(c, ERR_INVALID, "%s and %s must name equally many files",
				config->certs.name, config->keys.name);
		if (!cert.len)
			break;
		if (state->count == TLS_PAIRS_MAX)
			return fail(c, ERR_INVALID, "%s names more than %d files",
				config->certs.name, TLS_PAIRS_MAX);
		state->pairs[state->count++] = new_context();
		TRY(load_pair(c, config, state->pairs[state->count - 1], cert, key));
		TRY(ask_clients(c, config, state->pairs[state->count - 1]));
	}
	return state->count ? OK : fail(c, ERR_INVALID, "%s names no file", config->certs.name);
}

static enum err load(struct ctx *c, const struct tls *t, struct tls_state **out)
{
	struct tls_state *state = calloc(1, sizeof *state);
	ASSERT(state);
	state->users = 1;
	state->generation = atomic_load(&t->generation) + 1;
	enum err wrong = load_pairs(c, &t->config, state);
	if (!wrong)
		wrong = load_revoked(c, &t->config, &state->revoked);
	if (wrong)
		tls_state_give(state);
	else
		*out = state;
	return wrong;
}

static uint64_t look_at(uint64_t hash, struct str path)
{
	char text[PATH_BYTES_MAX];
	struct stat s;
	if (path.len >= sizeof text)
		return hash;
	memcpy(text, path.at, path.len);
	text[path.len] = 0;
	if (stat(text, &s) != 0)
		return bytes_hash(hash, text, path.len);
	const int64_t what[] = {(int64_t)s.st_dev, (int64_t)s.st_ino, s.st_size, s.st_mtim.tv_sec,
		s.st_mtim.tv_nsec};
	return bytes_hash(hash, what, sizeof what);
}

/* Changes whenever one of the files does. */
static uint64_t look(const struct tls *t)
{
	const struct tls_setting *settings[] = {
		&t->config.certs, &t->config.keys, &t->config.client_ca, &t->config.revoked};
	uint64_t hash = 0;
	for (size_t i = 0; i < sizeof settings / sizeof *settings; i++) {
		struct str rest = str_of(settings[i]->value), path;
		while ((path = next_path(&rest)).len)
			hash = look_at(hash, path);
	}
	return hash;
}

static enum err check_names(struct ctx *c, const struct tls_setting *names)
{
	TRY_WHILE(c, peer_patterns_check(c, str_of(names->value)), "reading %s", names->name);
	return OK;
}

enum err tls_open(struct ctx *c, const struct tls_config *config, struct tls **out)
{
	struct tls *t = calloc(1, sizeof *t);
	ASSERT(t);
	t->config = *config;
	t->world = c->world;
	t->seen = t->used = look(t);
	enum err wrong = check_names(c, &t->config.client_names);
	if (!wrong)
		wrong = load(c, t, &t->state);
	if (wrong) {
		tls_close(t);
	} else {
		atomic_store(&t->generation, t->state->generation);
		*out = t;
	}
	return wrong;
}

enum err tls_refresh(struct ctx *c, struct tls *t, bool *refreshed)
{
	uint64_t now = look(t);
	bool rests = now == t->seen;
	struct tls_state *fresh, *old;
	*refreshed = false;
	t->seen = now;
	/* Whoever replaces several files has done so by the next look. */
	if (now == t->used || !rests)
		return OK;
	t->used = now;
	TRY(load(c, t, &fresh));
	{
		WITH_LOCK(&t->lock);
		old = t->state;
		t->state = fresh;
		atomic_store(&t->generation, fresh->generation);
	}
	tls_state_give(old);
	*refreshed = true;
	return OK;
}

void tls_close(struct tls *t)
{
	if (!t)
		return;
	if (t->state)
		tls_state_give(t->state);
	OPENSSL_cleanse(t->tickets, sizeof t->tickets);
	free(t);
}
