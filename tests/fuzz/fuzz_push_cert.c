/* A push certificate: its parts lie within it, in order, and nothing verifies by chance. */
#include "git/push_cert.h"

#include "fuzz.h"
#include "git/sshsig.h"

static void fuzz_one(struct ctx *c, struct str input)
{
	struct push_cert cert;
	struct sshsig_signer signer;
	struct str option = {0};
	if (push_cert_parse(c, input, &cert)) {
		enum err err = sshsig_verify(c, input, STR("git"), STR("fuzz"), &signer);
		ASSERT(err);
		return;
	}
	ASSERT(cert.content.len + cert.signature.len == input.len);
	ASSERT(cert.commands.at + cert.commands.len == cert.signature.at);
	while (push_cert_option(&cert.options, &option))
		ASSERT(option.at >= input.at && option.at + option.len <= cert.commands.at);
	if (!sshsig_verify(c, cert.signature, STR("git"), cert.content, &signer))
		ASSERT(str_starts(signer.fingerprint, STR("SHA256:")));
}
