/* Names of clients' certificates, which net/tls.c has verified, and the accounts that work by them. */
#include "driver/driver.h"

#include "base/host.h"
#include "driver/machine.h"
#include "model/user.h"
#include "net/peer_names.h"

#include <stdlib.h>

static const char setting[] = "NIMBUS_TLS_CLIENT_ACCOUNTS";

struct auth_mtls {
	struct auth auth;
	struct db *db;
	char *accounts;
};

/* The next "PATTERN=ACCOUNT"; false: there is no more. */
static bool next_rule(struct str *rest, struct str *pattern, struct str *account)
{
	struct str part = {0};
	while (rest->len && !part.len)
		part = str_trim(str_cut(rest, ','));
	size_t equals = str_find_last(part, '=');
	*pattern = str_trim(str_until(part, equals));
	*account = equals < part.len ? str_trim(str_from_index(part, equals + 1)) : (struct str){0};
	return part.len > 0;
}

static enum err mtls_authenticate(
	struct ctx *c, struct auth *self, const struct credential *cred, struct actor *who)
{
	struct auth_mtls *a = (struct auth_mtls *)self;
	struct str rest = str_of(a->accounts), pattern;
	struct machine machine = {
		.setting = setting, .via = STR("certificate"), .subject = cred->secret};
	while (cred->kind == CREDENTIAL_CERTIFICATE && next_rule(&rest, &pattern, &machine.account))
		if (peer_patterns_fit(pattern, cred->secret))
			return machine_actor(c, a->db, &machine, who);
	return fail(c, ERR_UNSUPPORTED, "this is no certificate that an account works by");
}

static enum err mtls_enrol(struct ctx *c, struct auth *self, struct str secret, struct str *stored)
{
	(void)self, (void)secret, (void)stored;
	return fail(c, ERR_UNSUPPORTED, "nothing is stored of a certificate");
}

static void mtls_close(struct auth *self)
{
	struct auth_mtls *a = (struct auth_mtls *)self;
	free(a->accounts);
	free(a);
}

static const struct auth_ops mtls_ops = {
	.authenticate = mtls_authenticate, .enrol = mtls_enrol, .close = mtls_close};

static enum err check(struct ctx *c, struct str accounts)
{
	struct str rest = accounts, pattern, account;
	while (next_rule(&rest, &pattern, &account)) {
		if (!pattern.len || !account.len)
			return fail(c, ERR_INVALID,
				"must be NAME=ACCOUNT, such as dns:*.ci.example.org=robot");
		TRY(peer_patterns_check(c, pattern));
		TRY(username_check(c, account));
	}
	return OK;
}

enum err auth_mtls_open(struct ctx *c, struct db *db, const char *accounts, struct auth **out)
{
	TRY_WHILE(c, check(c, str_of(accounts)), "reading %s", setting);
	struct auth_mtls *a = calloc(1, sizeof *a);
	char *copy = strdup(accounts);
	if (!a || !copy)
		host_panic("out of memory");
	*a = (struct auth_mtls){{&mtls_ops}, db, copy};
	*out = &a->auth;
	return OK;
}
