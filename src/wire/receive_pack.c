#include "wire/receive_pack.h"

#include "base/vec.h"
#include "core/push.h"
#include "core/push_cert.h"
#include "git/pktline.h"
#include "wire/receive_report.h"

enum {
	OPTIONS_MAX = 64,
	OPTION_LENGTH_MAX = 4096,
	COMMAND_BYTES_MAX = 32 << 20, /* all names together */
};

/* What the client asked for, before its pack. */
struct request {
	VEC_OF(struct push_command) commands;
	VEC_OF(struct str) options;
	bool report, side_band, atomic, push_options, quiet;
	size_t name_bytes;
	uint32_t shallow_lines;
	bool shallow;    /* it pushes from a shallow clone, and says so */
	struct buf cert; /* its push certificate, which has the commands then */
	bool is_signed, in_cert;
	struct push_signed proof; /* what the certificate was found to say */
	enum hash_algo format;    /* the client's */
};

static const char capabilities[] =
	"report-status report-status-v2 delete-refs side-band-64k quiet atomic push-options "
	"ofs-delta object-format=";

void receive_pack_capabilities(struct buf *to, enum hash_algo algo, struct str nonce)
{
	buf_cstr(to, capabilities);
	buf_cstr(to, object_format_name(algo));
	if (nonce.len)
		buf_fmt(to, " push-cert=%.*s", STR_FMT(nonce));
}

static enum err read_capabilities(struct ctx *c, struct request *r, struct str words)
{
	while (words.len) {
		struct str word = str_cut(&words, ' ');
		if (str_is(word, "report-status") || str_is(word, "report-status-v2"))
			r->report = true;
		else if (str_is(word, "side-band-64k"))
			r->side_band = true;
		else if (str_is(word, "atomic"))
			r->atomic = true;
		else if (str_is(word, "push-options"))
			r->push_options = true;
		else if (str_is(word, "quiet"))
			r->quiet = true;
		else if (str_skip(&word, STR("object-format=")) &&
			 !object_format_parse(word, &r->format))
			return fail(c, ERR_UNSUPPORTED, "object format \"%.*s\" is not supported",
				STR_FMT(word));
	}
	return OK;
}

/* "OLD NEW NAME", ids of either length: which of them is right is said later, in the report. */
static enum err read_command(struct ctx *c, struct request *r, struct str line)
{
	struct str old = str_cut(&line, ' '), new = str_cut(&line, ' ');
	enum hash_algo algo = old.len == 2 * hash_size(HASH_SHA256) ? HASH_SHA256 : HASH_SHA1;
	/* One byte too many is enough to refuse the name. */
	struct str name = str_until(line, REF_NAME_MAX + 1);
	r->name_bytes += name.len;
	if (r->name_bytes > COMMAND_BYTES_MAX)
		return fail(c, ERR_TOO_BIG, "the names of all refs together are over %d bytes",
			COMMAND_BYTES_MAX);
	struct ref_change change = {.name = str_copy(c->arena, name)};
	if (!oid_parse(algo, old, &change.old) || !oid_parse(algo, new, &change.new) || !line.len)
		return fail(c, ERR_INVALID, "a line of the push is no command");
	vec_push(&r->commands)->change = change;
	return OK;
}

static enum err read_cert_line(struct ctx *c, struct request *r, struct str line)
{
	if (str_is(line, "push-cert-end\n") || str_is(line, "push-cert-end")) {
		r->in_cert = false;
		return OK;
	}
	if (r->cert.len + line.len > COMMAND_BYTES_MAX)
		return fail(
			c, ERR_TOO_BIG, "the push certificate is over %d bytes", COMMAND_BYTES_MAX);
	buf_str(&r->cert, line);
	return OK;
}

static enum err read_line(struct ctx *c, struct request *r, struct str line)
{
	if (str_starts(line, STR("shallow "))) {
		r->shallow = true;
		r->shallow_lines++;
		return OK;
	}
	if (r->in_cert)
		return read_cert_line(c, r, line);
	size_t nul = str_find(line, 0);
	str_skip_end(&line, STR("\n"));
	if (nul < line.len) {
		TRY(read_capabilities(c, r, str_from_index(line, nul + 1)));
		line = str_until(line, nul);
	}
	if (r->is_signed)
		return fail(
			c, ERR_INVALID, "a signed push has no commands outside its certificate");
	if (str_is(line, "push-cert") && !r->commands.len) {
		r->is_signed = r->in_cert = true;
		return OK;
	}
	return read_command(c, r, line);
}

/* The commands that a certificate has. One that makes no sense is refused in the report. */
static enum err read_certified(struct ctx *c, struct request *r, uint32_t max)
{
	struct push_cert cert;
	struct str line;
	enum err err = push_cert_parse(c, buf_view(&r->cert), &cert);
	ctx_clear(c);
	if (err && err != ERR_UNSUPPORTED)
		return OK;
	while (str_line(&cert.commands, &line)) {
		if (r->commands.len == max)
			return fail(c, ERR_TOO_BIG, "the push changes more than %u refs", max);
		TRY(read_command(c, r, line));
	}
	return OK;
}

static enum err read_options(struct ctx *c, struct request *r, struct pkt_reader *from)
{
	for (;;) {
		enum pkt_kind kind;
		struct str line;
		TRY(pkt_read_line(c, from, &kind, &line));
		if (kind == PKT_FLUSH)
			return OK;
		if (kind != PKT_DATA)
			return fail(c, ERR_INVALID, "the push ends within its options");
		if (r->options.len == OPTIONS_MAX || line.len > OPTION_LENGTH_MAX)
			return fail(c, ERR_TOO_BIG,
				"a push has at most %d options of %d bytes each", OPTIONS_MAX,
				OPTION_LENGTH_MAX);
		*vec_push(&r->options) = str_copy(c->arena, line);
	}
}

/* Without commands it is a probe: a client asks whether it may speak before it sends much. */
static enum err read_request(
	struct ctx *c, const struct receive_pack *p, struct request *r, struct pkt_reader *from)
{
	uint32_t max = p->core->limits.push_refs_max;
	for (;;) {
		enum pkt_kind kind;
		struct str line;
		TRY(pkt_read(c, from, &kind, &line));
		bool begun = r->commands.len || r->shallow || r->is_signed;
		if ((kind == PKT_FLUSH && !r->in_cert) || (kind == PKT_EOF && !begun))
			break;
		if (kind != PKT_DATA)
			return fail(c, ERR_INVALID, "the push ends within its commands");
		if (r->shallow_lines == p->core->limits.fetch_lines_max)
			return fail(c, ERR_TOO_BIG, "there are more than %u shallow commits",
				r->shallow_lines);
		if (r->commands.len == max)
			return fail(c, ERR_TOO_BIG, "the push changes more than %u refs", max);
		TRY(read_line(c, r, line));
	}
	if (r->is_signed)
		TRY(read_certified(c, r, max));
	return (r->commands.len || r->is_signed) && r->push_options ? read_options(c, r, from) : OK;
}

static bool brings_pack(const struct request *r)
{
	for (size_t i = 0; i < r->commands.len; i++) {
		if (!oid_is_zero(&r->commands.at[i].change.new))
			return true;
	}
	return false;
}

/* The signature is over the options too, so that nobody adds or takes one on the way. */
static enum err check_certificate(struct ctx *c, const struct push *push, struct request *r)
{
	const struct repo *repo = &push->target.on.repo;
	TRY(push_cert_verify(
		c, push->core, repo->name, buf_view(&r->cert), push->target.now, &r->proof));
	struct str options = r->proof.cert.options, option;
	size_t count = 0;
	for (bool same = true; same && push_cert_option(&options, &option); count += same)
		same = count < r->options.len && str_eq(option, r->options.at[count]);
	if (options.len || count != r->options.len)
		return fail(c, ERR_INVALID, "the push's options are not those of its certificate");
	return OK;
}

/* What can be told before the pack is looked at. */
static enum err check_request(struct ctx *c, const struct push *push, struct request *r)
{
	enum hash_algo ours = push->target.on.repo.object_format;
	if (r->is_signed)
		TRY(check_certificate(c, push, r));
	for (size_t i = 0; i < r->commands.len; i++) {
		const struct ref_change *change = &r->commands.at[i].change;
		if (r->format != ours || change->old.algo != ours || change->new.algo != ours)
			return fail(c, ERR_INVALID, "this repository's objects have %s ids",
				object_format_name(ours));
	}
	return OK;
}

/* The rest of a request that is refused: a client reads our answer only after it has sent all. */
static enum err read_away(struct ctx *c, const struct receive_pack *p, struct source *from)
{
	enum { PIECE = 64 << 10 };
	struct arena_mark mark = arena_mark(c->arena);
	struct error kept = c->error;
	char *into = arena_raw(c->arena, PIECE);
	uint64_t left = p->core->limits.pack_max;
	c->memory_max = 0; /* what was over it is to be told, too */
	for (size_t got = 1; p->to_end && got && left > PIECE; left -= got) {
		TRY(source_read(c, from, into, PIECE, &got));
		TRY(ctx_check(c));
	}
	c->error = kept;
	arena_rewind(c->arena, mark);
	return OK;
}

/* The connection is the trouble, so that nobody is there to be told. */
static bool is_gone(enum err err)
{
	return err == ERR_CANCELED || err == ERR_TIMEOUT;
}

static enum err serve_commands(struct ctx *c, const struct receive_pack *p, struct push *push,
	struct request *r, struct pkt_reader *from)
{
	struct receive_report report;
	struct source *rest = pkt_reader_rest(c, from);
	struct push_commands commands = {.at = r->commands.at,
		.count = r->commands.len,
		.atomic = r->atomic,
		.options = r->options.at,
		.option_count = r->options.len,
		.proof = r->is_signed ? &r->proof : NULL};
	receive_report_init(c, &report, p->to, r->side_band);
	if (r->side_band)
		push->progress = &report.progress;
	report.quiet = r->quiet;
	report.received = !brings_pack(r);
	enum err unpack = check_request(c, push, r);
	if (!unpack && brings_pack(r))
		unpack = push_pack(c, push, rest, p->to_end);
	enum err commit = unpack ? OK : push_commit(c, push, &commands);
	receive_report_decided(c);
	/* A shallow clone may push what is whole together with what is here; most pushes are. */
	if (unpack == ERR_INVALID && r->shallow)
		unpack = fail(c, unpack,
			"shallow update not allowed, run \"git fetch --unshallow\" first: %s",
			arena_strdup(c->arena, c->error.text));
	if (is_gone(unpack))
		return unpack;
	if (unpack)
		TRY(read_away(c, p, rest));
	const char *why = unpack ? err_told(c) : NULL;
	if (unpack)
		receive_report_refuse(&commands, "unpacker error");
	else if (commit)
		receive_report_refuse(&commands, err_told(c));
	struct error first = c->error;
	ctx_clear(c);
	if (r->report)
		TRY(receive_report_send(c, &report, why, &commands));
	else
		TRY(receive_report_end(c, &report));
	/* The client has been told; the log is to know too. */
	if (unpack || commit)
		c->error = first;
	return OK;
}

enum err receive_pack_serve(struct ctx *c, const struct receive_pack *p)
{
	struct push push;
	struct pkt_reader from;
	struct request request = {.format = HASH_SHA1};
	TRY(push_open(c, p->core, p->who, p->repo, &push));
	request.commands.arena = request.options.arena = request.cert.arena = c->arena;
	pkt_reader_init(c, &from, p->from);
	enum err err = read_request(c, p, &request, &from);
	if (!err && (request.commands.len || request.is_signed))
		err = serve_commands(c, p, &push, &request, &from);
	push_close(&push);
	return err;
}
