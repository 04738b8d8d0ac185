#include "git/push_cert.h"

#include "git/sshsig.h"

static enum err header_line(struct ctx *c, struct str line, struct push_cert *out)
{
	struct str value = line;
	if (str_skip(&value, STR("pusher ")))
		out->pusher = value;
	else if (str_skip(&value, STR("pushee ")))
		out->pushee = value;
	else if (str_skip(&value, STR("nonce ")))
		out->nonce = value;
	else if (str_starts(line, STR("push-option ")))
		out->options = str_from(out->options.len ? out->options.at : line.at,
			(size_t)(line.at + line.len -
				 (out->options.len ? out->options.at : line.at)));
	else if (str_skip(&value, STR("certificate version ")) && !str_is(value, "0.1"))
		return fail(c, ERR_UNSUPPORTED, "the push certificate has another version");
	return OK;
}

enum err push_cert_parse(struct ctx *c, struct str text, struct push_cert *out)
{
	struct str rest = text, line = {0};
	*out = (struct push_cert){.text = text};
	if (!str_starts(text, STR("certificate version ")))
		return fail(c, ERR_INVALID, "the push certificate has no version");
	while (str_line(&rest, &line) && line.len)
		TRY(header_line(c, line, out));
	/* Commands begin with an id, so that no line of theirs begins like this. */
	size_t commands = text.len - rest.len;
	size_t at = commands + str_find_str(rest, STR("-----BEGIN "));
	out->content = str_until(text, at);
	out->commands = str_from_index(out->content, commands);
	out->signature = str_from_index(text, at);
	if (at == text.len || (at && text.at[at - 1] != '\n'))
		return fail(c, ERR_INVALID, "the push certificate is not signed");
	if (!str_starts(out->signature, STR(SSHSIG_BEGIN)))
		return fail(c, ERR_UNSUPPORTED,
			"push certificates are checked when an SSH key has signed them: git config "
			"gpg.format ssh");
	return OK;
}

bool push_cert_option(struct str *options, struct str *out)
{
	while (str_line(options, out)) {
		if (str_skip(out, STR("push-option ")))
			return true;
	}
	return false;
}
