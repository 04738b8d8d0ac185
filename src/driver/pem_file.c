#include "driver/pem_file.h"

#include "base/host.h"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <unistd.h>

static bool is_set(const char *text)
{
	return text && *text;
}

static enum err check_readable(struct ctx *c, const char *setting, const char *path)
{
	if (access(path, R_OK) == 0)
		return OK;
	return fail(c, ERR_INVALID, "%s=%.200s cannot be read", setting, path);
}

static SSL_CTX *context(void)
{
	SSL_CTX *tls = SSL_CTX_new(TLS_client_method());
	if (!tls)
		host_panic("out of memory");
	return tls;
}

/* What went wrong here is no news for who asks OpenSSL next. */
static void done(SSL_CTX *tls)
{
	SSL_CTX_free(tls);
	ERR_clear_error();
}

enum err pem_file_check_trust(struct ctx *c, const char *setting, const char *path)
{
	if (!is_set(path))
		return OK;
	TRY(check_readable(c, setting, path));
	SSL_CTX *tls = context();
	bool good = SSL_CTX_load_verify_file(tls, path) == 1;
	done(tls);
	if (good)
		return OK;
	return fail(c, ERR_INVALID, "%s=%.200s holds no certificates in PEM", setting, path);
}

static enum err check_pair(struct ctx *c, const struct pem_pair *pair, SSL_CTX *tls)
{
	if (SSL_CTX_use_certificate_chain_file(tls, pair->cert) != 1)
		return fail(c, ERR_INVALID, "%s=%.200s holds no certificate in PEM",
			pair->cert_setting, pair->cert);
	if (SSL_CTX_use_PrivateKey_file(tls, pair->key, SSL_FILETYPE_PEM) != 1)
		return fail(c, ERR_INVALID,
			"%s=%.200s holds no private key in PEM without a passphrase, or not the "
			"certificate's",
			pair->key_setting, pair->key);
	return OK;
}

/* Nobody is asked for a passphrase. */
static int no_passphrase(char *to, int size, int writing, void *arg)
{
	(void)to, (void)size, (void)writing, (void)arg;
	return 0;
}

enum err pem_file_check_pair(struct ctx *c, const struct pem_pair *pair)
{
	bool cert = is_set(pair->cert), key = is_set(pair->key);
	if (cert != key)
		return fail(c, ERR_INVALID, "%s and %s go together: one of them is not set",
			pair->cert_setting, pair->key_setting);
	if (!cert)
		return OK;
	TRY(check_readable(c, pair->cert_setting, pair->cert));
	TRY(check_readable(c, pair->key_setting, pair->key));
	SSL_CTX *tls = context();
	SSL_CTX_set_default_passwd_cb(tls, no_passphrase);
	enum err kind = check_pair(c, pair, tls);
	done(tls);
	return kind;
}
