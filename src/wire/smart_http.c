#include "wire/smart_http.h"

#include "base/uri.h"
#include "core/budget.h"
#include "core/fetch.h"
#include "core/push.h"
#include "wire/advertise.h"
#include "wire/bundle.h"
#include "wire/packfile_uri.h"
#include "wire/receive_pack.h"
#include "wire/upload_pack.h"

enum { REQUEST_LINE_MAX = 160 }; /* bytes of a line of a fetch, on the average at most */

enum what { WHAT_NONE, WHAT_REFS, WHAT_UPLOAD, WHAT_RECEIVE, WHAT_BUNDLE, WHAT_PACK, WHAT_DUMB };

struct git_path {
	struct str name;
	enum what what;
	struct str pack; /* in hex, of WHAT_PACK */
};

static enum what what_of(struct str rest, bool suffixed)
{
	if (str_is(rest, "info/refs"))
		return WHAT_REFS;
	if (str_is(rest, "git-upload-pack"))
		return WHAT_UPLOAD;
	if (str_is(rest, "git-receive-pack"))
		return WHAT_RECEIVE;
	if (suffixed && str_is(rest, BUNDLE_NAME))
		return WHAT_BUNDLE;
	if (suffixed && (str_is(rest, "HEAD") || str_starts(rest, STR("objects/"))))
		return WHAT_DUMB;
	return WHAT_NONE;
}

static struct git_path path_of(const struct http_exchange *x)
{
	struct str rest = x->path;
	struct git_path path = {0};
	if (!str_skip(&rest, STR("/")) || str_find(rest, '/') == rest.len)
		return path;
	path.name = str_cut(&rest, '/');
	bool suffixed = str_skip_end(&path.name, STR(".git"));
	path.what = what_of(rest, suffixed);
	path.pack = rest;
	if (path.what == WHAT_DUMB && str_skip(&path.pack, STR(PACKFILE_PREFIX)) &&
		str_skip_end(&path.pack, STR(PACKFILE_SUFFIX)))
		path.what = WHAT_PACK;
	return path;
}

bool smart_http_is_git(const struct http_exchange *x)
{
	return path_of(x).what != WHAT_NONE;
}

/* The highest version in "version=2:…" that there is. */
static int version_of(const struct http_exchange *x)
{
	struct str rest = http_header(x, "git-protocol");
	int version = 0;
	while (rest.len) {
		struct str word = str_trim(str_cut(&rest, ':'));
		int asked = str_is(word, "version=2") ? 2 : str_is(word, "version=1") ? 1 : 0;
		version = asked > version ? asked : version;
	}
	return version;
}

static enum err begin(struct http_exchange *x, const char *type, struct sink **out)
{
	http_set(x, "Content-Type", str_of(type));
	http_set(x, "Cache-Control", STR("no-cache, max-age=0, must-revalidate"));
	http_set(x, "Pragma", STR("no-cache"));
	http_set(x, "Expires", STR("Fri, 01 Jan 1980 00:00:00 GMT"));
	return http_begin(x, 200, HTTP_UNKNOWN, out);
}

static enum err service_line(struct ctx *c, const char *service, struct sink *to)
{
	struct lines lines;
	lines_init(c, &lines, to);
	TRY(lines_fmt(c, &lines, "# service=%s\n", service));
	return lines_flush(c, &lines);
}

static enum err refs_for_fetch(struct ctx *c, const struct snapshot *s, struct http_exchange *x)
{
	struct sink *out = NULL;
	int version = version_of(x);
	TRY(begin(x, "application/x-git-upload-pack-advertisement", &out));
	if (version == 2)
		return advertise_v2(c, s->algo, out);
	TRY(service_line(c, "git-upload-pack", out));
	return advertise_upload_pack(c, s, version, out);
}

static enum err upload_refs(
	struct ctx *c, struct core *core, const struct actor *who, struct http_exchange *x)
{
	struct fetch fetch;
	TRY(fetch_open(c, core, who, path_of(x).name, &fetch));
	enum err err = refs_for_fetch(c, fetch.snapshot, x);
	fetch_close(&fetch);
	return err ? err : http_end(x);
}

/* Where a push would go; *snapshot stays NULL for a repository that its owner is about to create. */
static enum err receive_open(struct ctx *c, struct core *core, const struct actor *who,
	struct push_target *target, struct snapshot **snapshot)
{
	DB_TX *tx = NULL;
	const struct permit_need need = push_need(target->on.repo.name, DB_READ);
	TRY(push_begin(c, core, who, &need, &tx, target));
	return target->create ? OK : snapshot_get(c, core, tx, &target->on.repo, snapshot);
}

static enum err receive_refs(
	struct ctx *c, struct core *core, const struct actor *who, struct http_exchange *x)
{
	SNAPSHOT *snapshot = NULL;
	struct sink *out = NULL;
	int version = version_of(x) == 1;
	struct push_target target = {.on.repo.name = path_of(x).name};
	TRY(receive_open(c, core, who, &target, &snapshot));
	struct str nonce = push_nonce(c, core, target.on.repo.name, target.now);
	enum hash_algo algo = snapshot ? snapshot->algo : HASH_SHA1;
	TRY(begin(x, "application/x-git-receive-pack-advertisement", &out));
	TRY(service_line(c, "git-receive-pack", out));
	TRY(advertise_receive_pack(c, snapshot, algo, version, nonce, out));
	return http_end(x);
}

static enum err check_method(struct ctx *c, struct http_exchange *x, const char *method)
{
	bool head = str_is(x->method, "HEAD") && strcmp(method, "GET") == 0;
	if (str_is(x->method, method) || head)
		return OK;
	http_set(x, "Allow", str_of(method));
	(void)c;
	return http_reply(x, 405, "text/plain; charset=utf-8", STR("this is git's own path\n"));
}

static enum err refs(
	struct ctx *c, struct core *core, const struct actor *who, struct http_exchange *x)
{
	struct str service = {0};
	uri_param(c->arena, x->query, STR("service"), &service);
	if (str_is(service, "git-upload-pack"))
		return upload_refs(c, core, who, x);
	if (str_is(service, "git-receive-pack"))
		return receive_refs(c, core, who, x);
	return fail(c, ERR_DENIED,
		"this server speaks git's smart protocol only: update your git client");
}

/* What a browser can be made to send from elsewhere never has such a type. */
static enum err check_type(struct ctx *c, struct http_exchange *x, const char *type)
{
	struct str given = http_header(x, "content-type");
	if (str_eq_nocase(str_trim(str_cut(&given, ';')), str_of(type)))
		return OK;
	return fail(c, ERR_INVALID, "the content type must be %s", type);
}

/* Whoever asks, and what their key has left. */
struct asker {
	const struct actor *who;
	struct budget budget;
};

static enum err upload(struct ctx *c, struct core *core, struct asker *asker, struct str origin,
	struct http_exchange *x)
{
	struct fetch fetch;
	struct upload_pack u = {.fetch = &fetch,
		.origin = origin,
		.version = version_of(x),
		.from = x->body,
		.budget = &asker->budget};
	TRY(check_type(c, x, "application/x-git-upload-pack-request"));
	x->body_max = (uint64_t)core->limits.fetch_lines_max * REQUEST_LINE_MAX;
	TRY(fetch_open(c, core, asker->who, path_of(x).name, &fetch));
	enum err err = begin(x, "application/x-git-upload-pack-result", &u.to);
	if (!err)
		err = upload_pack_serve(c, &u);
	fetch_close(&fetch);
	if (!err)
		return http_end(x);
	struct error why = c->error;
	/* The error to log is what the client was told, not that it left before the end. */
	enum err ended = u.told ? http_end(x) : OK;
	(void)ended;
	c->error = why;
	return err;
}

static enum err bundle(
	struct ctx *c, struct core *core, struct asker *asker, struct http_exchange *x)
{
	struct fetch fetch;
	struct sink *out = NULL;
	TRY(fetch_open(c, core, asker->who, path_of(x).name, &fetch));
	enum err err = bundle_open(c, &fetch);
	if (!err)
		err = begin(x, "application/x-git-bundle", &out);
	if (!err)
		err = bundle_send(c, &fetch, budget_sink(&asker->budget, out));
	fetch_close(&fetch);
	return err ? err : http_end(x);
}

/* The reply begins with the first byte that the push has to say. */
struct late_sink {
	struct sink sink;
	struct http_exchange *x;
	struct sink *to;
};

static enum err late_write(struct ctx *c, struct sink *self, const void *bytes, size_t len)
{
	struct late_sink *late = (struct late_sink *)self;
	if (!late->to)
		TRY(begin(late->x, "application/x-git-receive-pack-result", &late->to));
	return sink_write(c, late->to, bytes, len);
}

static enum err late_flush(struct ctx *c, struct sink *self)
{
	struct late_sink *late = (struct late_sink *)self;
	return late->to ? sink_flush(c, late->to) : OK;
}

static enum err receive(
	struct ctx *c, struct core *core, struct asker *asker, struct http_exchange *x)
{
	struct late_sink out = {.sink = {.write = late_write, .flush = late_flush}, .x = x};
	struct receive_pack push = {.core = core,
		.who = asker->who,
		.repo = path_of(x).name,
		.from = budget_source(&asker->budget, x->body),
		.to = &out.sink,
		.to_end = true};
	TRY(check_type(c, x, "application/x-git-receive-pack-request"));
	TRY(receive_pack_serve(c, &push));
	if (!out.to)
		TRY(begin(x, "application/x-git-receive-pack-result", &out.to));
	return http_end(x);
}

/* Signed addresses are for whoever has them: so nothing could be counted there. */
static enum err pack_file(
	struct ctx *c, struct core *core, struct asker *asker, struct http_exchange *x)
{
	struct git_path path = path_of(x);
	if (budget_is_limited(&asker->budget))
		return fail(
			c, ERR_DENIED, "a key with a budget of bytes fetches no packs as files");
	return packfile_uri_serve(core, asker->who, path.name, path.pack, x);
}

static enum err answer(struct ctx *c, struct core *core, struct asker *asker, struct str origin,
	struct http_exchange *x)
{
	switch (path_of(x).what) {
	case WHAT_REFS: return refs(c, core, asker->who, x);
	case WHAT_UPLOAD: return upload(c, core, asker, origin, x);
	case WHAT_RECEIVE: return receive(c, core, asker, x);
	case WHAT_BUNDLE: return bundle(c, core, asker, x);
	case WHAT_PACK: return pack_file(c, core, asker, x);
	case WHAT_DUMB: return refs(c, core, asker->who, x);
	case WHAT_NONE: break;
	}
	return fail(c, ERR_NOT_FOUND, "this is no path of git's");
}

enum err smart_http_serve(
	struct core *core, const struct actor *who, struct str origin, struct http_exchange *x)
{
	struct ctx *c = x->ctx;
	struct git_path path = path_of(x);
	enum what what = path.what;
	struct asker asker = {.who = who};
	x->what = str_dup(c->arena, path.name);
	TRY(check_method(c, x, what == WHAT_UPLOAD || what == WHAT_RECEIVE ? "POST" : "GET"));
	if (x->status)
		return OK;
	TRY(budget_begin(c, core, who, &asker.budget));
	enum err err = answer(c, core, &asker, origin, x);
	budget_end(c, &asker.budget);
	return err;
}
