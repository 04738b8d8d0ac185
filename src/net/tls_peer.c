#include "net/tls_peer.h"

#include "base/buf.h"

#include <openssl/x509v3.h>

bool tls_chain_revoked(STACK_OF(X509) * chain, const struct serials *revoked)
{
	int count = sk_X509_num(chain);
	for (int i = 0; i < count; i++) {
		const ASN1_INTEGER *serial = X509_get0_serialNumber(sk_X509_value(chain, i));
		bool root = i > 0 && i == count - 1;
		if (!root && serials_have(revoked, ASN1_STRING_get0_data(serial),
				     (size_t)ASN1_STRING_length(serial)))
			return true;
	}
	return false;
}

/* False for a name of another kind, or one that is too long to be any. */
static bool write_name(const GENERAL_NAME *from, char name[TLS_NAME_MAX])
{
	const ASN1_STRING *text = from->type == GEN_DNS   ? from->d.dNSName
				  : from->type == GEN_URI ? from->d.uniformResourceIdentifier
							  : NULL;
	if (!text)
		return false;
	struct str bytes = str_from(ASN1_STRING_get0_data(text), (size_t)ASN1_STRING_length(text));
	if (bytes.len + 5 > TLS_NAME_MAX || memchr(bytes.at, 0, bytes.len))
		return false;
	fmt_into(name, TLS_NAME_MAX, "%s:%.*s", from->type == GEN_DNS ? "dns" : "uri",
		STR_FMT(bytes));
	return true;
}

static bool counts(struct str patterns, struct str name)
{
	return patterns.len ? peer_patterns_fit(patterns, name) : peer_name_is_plain(name);
}

bool tls_peer_name(X509 *cert, struct str patterns, char name[TLS_NAME_MAX])
{
	GENERAL_NAMES *names = X509_get_ext_d2i(cert, NID_subject_alt_name, NULL, NULL);
	bool found = false;
	for (int i = 0; !found && i < sk_GENERAL_NAME_num(names); i++)
		found = write_name(sk_GENERAL_NAME_value(names, i), name) &&
			counts(patterns, str_of(name));
	GENERAL_NAMES_free(names);
	if (!found)
		name[0] = 0;
	return found || !patterns.len;
}
