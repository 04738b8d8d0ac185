#include "driver/s3_http.h"

#include "base/date.h"
#include "base/host.h"
#include "driver/libcurl.h"
#include "driver/wait.h"

#include <stdlib.h>

enum {
	TEXT_MAX = 8 << 20,
	ERROR_TEXT_MAX = 16 << 10,
	STEP = 256 << 10,
	RATE_MIN = 1024, /* bytes a second: less counts as silence */
	CONNECT_MAX = 10000,
	PATIENT = 15, /* times as long may an answer take that takes its time */
	TRIES = 8,
	TIMEOUTS = 3, /* times the time-out: no try begins later */
	PAUSE_FIRST = 100,
	PAUSE_MAX = 5000,
	MILLI = 1000,
};

struct s3_http {
	const struct libcurl *lib;
	struct libcurl_pool pool;
	int64_t timeout;
	char ca[]; /* "": the system's */
};

/* One exchange under way. */
struct flight {
	struct ctx *c;
	struct s3_exchange *x;
	enum err kind; /* what a callback failed with */
	uint64_t sent;
	struct buf text;
	char why[CURL_ERROR_SIZE];
};

enum err s3_http_open(struct ctx *c, const char *ca, int64_t timeout, struct s3_http **out)
{
	const struct libcurl *lib;
	TRY(libcurl_load(c, &lib));
	size_t size = strlen(ca) + 1;
	struct s3_http *h = calloc(1, sizeof *h + size);
	if (!h)
		host_panic("out of memory");
	h->lib = h->pool.lib = lib;
	h->timeout = timeout;
	memcpy(h->ca, ca, size);
	*out = h;
	return OK;
}

void s3_http_close(struct s3_http *h)
{
	if (!h)
		return;
	libcurl_pool_close(&h->pool);
	free(h);
}

static bool is_good(const struct s3_exchange *x)
{
	return x->status >= 200 && x->status < 300;
}

/* A new answer begins: after "100 Continue" a second one. */
static void forget_answer(struct flight *f, int status)
{
	struct s3_exchange *x = f->x;
	x->status = status;
	x->len = 0;
	x->content_length = -1;
	x->date = 0;
	x->etag = x->content_range = x->sha256 = x->region = x->text = (struct str){0};
	f->text.len = 0;
}

static size_t on_header(char *at, size_t size, size_t count, void *arg)
{
	struct flight *f = arg;
	struct s3_exchange *x = f->x;
	struct str value = str_trim(str_from(at, size * count));
	if (str_starts(value, STR("HTTP/"))) {
		uint64_t status = 0;
		(void)str_cut(&value, ' ');
		(void)str_to_u64(str_until(value, 3), &status);
		forget_answer(f, (int)status);
		return size * count;
	}
	struct str name = str_cut(&value, ':');
	uint64_t number;
	int64_t date;
	value = str_trim(value);
	struct str *to = str_eq_nocase(name, STR("etag"))                  ? &x->etag
			 : str_eq_nocase(name, STR("content-range"))       ? &x->content_range
			 : str_eq_nocase(name, STR("x-amz-meta-sha256"))   ? &x->sha256
			 : str_eq_nocase(name, STR("x-amz-bucket-region")) ? &x->region
									   : NULL;
	if (to)
		*to = str_copy(f->c->arena, value);
	else if (str_eq_nocase(name, STR("content-length")) && str_to_u64(value, &number) &&
		 number <= INT64_MAX)
		x->content_length = (int64_t)number;
	else if (str_eq_nocase(name, STR("date")) && date_http_parse(value, &date))
		x->date = date;
	return size * count;
}

/* What curl is told in order to end the exchange: fewer bytes taken than it gave. */
static size_t stop(struct flight *f, enum err kind)
{
	f->kind = kind;
	return 0;
}

static size_t on_body(char *at, size_t size, size_t count, void *arg)
{
	struct flight *f = arg;
	struct s3_exchange *x = f->x;
	size_t len = size * count;
	enum err kind = OK;
	if (is_good(x) && x->take) {
		kind = x->take(f->c, x->take_arg, x->len, at, len);
	} else if (!is_good(x)) {
		size_t room = ERROR_TEXT_MAX - f->text.len;
		buf_bytes(&f->text, at, len < room ? len : room);
	} else if (f->text.len + len > TEXT_MAX) {
		kind = fail(
			f->c, ERR_UNAVAILABLE, "the S3 store's answer is over %d bytes", TEXT_MAX);
	} else {
		buf_bytes(&f->text, at, len);
	}
	x->len += len;
	return kind ? stop(f, kind) : len;
}

static size_t on_read(char *to, size_t size, size_t count, void *arg)
{
	struct flight *f = arg;
	const struct s3_body *body = f->x->body;
	const uint8_t *from = NULL;
	uint64_t left = (body->extent ? body->size : body->bytes.len) - f->sent;
	size_t len = size * count < left ? size * count : (size_t)left;
	if (len == 0)
		return 0;
	if (body->extent)
		f->kind = extent_window(f->c, body->extent, body->at + f->sent, len, &from);
	else
		from = (const uint8_t *)body->bytes.at + f->sent;
	if (f->kind)
		return CURL_READFUNC_ABORT;
	memcpy(to, from, len);
	f->sent += len;
	return len;
}

/* A connection that was kept open may turn out to be closed: then the body begins once more. */
static int on_seek(void *arg, curl_off_t at, int from)
{
	struct flight *f = arg;
	if (from != SEEK_SET)
		return CURL_SEEKFUNC_CANTSEEK;
	f->sent = (uint64_t)at;
	return CURL_SEEKFUNC_OK;
}

static int on_progress(void *arg, curl_off_t a, curl_off_t b, curl_off_t d, curl_off_t e)
{
	struct flight *f = arg;
	(void)a, (void)b, (void)d, (void)e;
	if (!f->kind)
		f->kind = ctx_check(f->c);
	return f->kind != OK;
}

/* curl copies nothing of a list: it lives until the exchange has ended. */
static struct curl_slist *header_list(
	struct ctx *c, const struct s3_http *h, const struct s3_exchange *x)
{
	struct curl_slist *list = h->lib->slist_append(NULL, "Expect:");
	for (size_t i = 0; list && i < x->header_count; i++) {
		struct curl_slist *longer = h->lib->slist_append(
			list, arena_fmt(c->arena, "%.*s: %.*s", STR_FMT(x->headers[i].name),
				      STR_FMT(x->headers[i].value)));
		if (!longer)
			h->lib->slist_free_all(list);
		list = longer;
	}
	if (!list)
		host_panic("out of memory");
	return list;
}

static void set_times(CURL *curl, struct ctx *c, const struct s3_http *h, bool patient)
{
	int64_t left = c->deadline ? (c->deadline - c->world->monotonic()) / MILLI + 1 : 0;
	int64_t all = patient ? h->timeout * PATIENT : 0;
	left = c->deadline && left < 1 ? 1 : left; /* 0 is no limit */
	if (left && (!all || left < all))
		all = left;
	h->lib->easy_setopt(curl, CURLOPT_TIMEOUT_MS, (long)all);
	h->lib->easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS,
		(long)(h->timeout < CONNECT_MAX ? h->timeout : CONNECT_MAX));
	if (patient)
		return;
	h->lib->easy_setopt(curl, CURLOPT_LOW_SPEED_LIMIT, (long)RATE_MIN);
	h->lib->easy_setopt(curl, CURLOPT_LOW_SPEED_TIME, (long)((h->timeout + MILLI - 1) / MILLI));
}

static void set_up(CURL *curl, const struct s3_http *h, struct flight *f)
{
	const struct s3_exchange *x = f->x;
	h->lib->easy_setopt(curl, CURLOPT_URL, x->url);
	h->lib->easy_setopt(curl, CURLOPT_PATH_AS_IS, 1L);
	h->lib->easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
	h->lib->easy_setopt(curl, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
	h->lib->easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
	h->lib->easy_setopt(curl, CURLOPT_BUFFERSIZE, (long)STEP);
	h->lib->easy_setopt(curl, CURLOPT_UPLOAD_BUFFERSIZE, (long)STEP);
	h->lib->easy_setopt(curl, CURLOPT_ERRORBUFFER, f->why);
	h->lib->easy_setopt(curl, CURLOPT_HEADERFUNCTION, on_header);
	h->lib->easy_setopt(curl, CURLOPT_HEADERDATA, f);
	h->lib->easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_body);
	h->lib->easy_setopt(curl, CURLOPT_WRITEDATA, f);
	h->lib->easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, on_progress);
	h->lib->easy_setopt(curl, CURLOPT_XFERINFODATA, f);
	h->lib->easy_setopt(curl, CURLOPT_NOPROGRESS, 0L);
	if (*h->ca)
		h->lib->easy_setopt(curl, CURLOPT_CAINFO, (const char *)h->ca);
	if (x->body) {
		h->lib->easy_setopt(curl, CURLOPT_UPLOAD, 1L);
		h->lib->easy_setopt(curl, CURLOPT_INFILESIZE_LARGE,
			(curl_off_t)(x->body->extent ? x->body->size : x->body->bytes.len));
		h->lib->easy_setopt(curl, CURLOPT_READFUNCTION, on_read);
		h->lib->easy_setopt(curl, CURLOPT_READDATA, f);
		h->lib->easy_setopt(curl, CURLOPT_SEEKFUNCTION, on_seek);
		h->lib->easy_setopt(curl, CURLOPT_SEEKDATA, f);
	}
	if (strcmp(x->method, "HEAD") == 0)
		h->lib->easy_setopt(curl, CURLOPT_NOBODY, 1L);
	else
		h->lib->easy_setopt(curl, CURLOPT_CUSTOMREQUEST, x->method);
}

static enum err judge(struct flight *f, const struct s3_http *h, CURLcode code)
{
	struct ctx *c = f->c;
	if (code == CURLE_OK)
		return OK;
	if (f->kind)
		return f->kind;
	if (c->deadline && c->world->monotonic() >= c->deadline)
		return fail(c, ERR_TIMEOUT, "the S3 store did not answer in the time allowed");
	const char *why = *f->why ? f->why : h->lib->easy_strerror(code);
	switch (code) {
	case CURLE_PEER_FAILED_VERIFICATION:
	case CURLE_SSL_CACERT_BADFILE:
		return fail(c, ERR_UNAVAILABLE,
			"the S3 store's certificate is not trusted (%s): check NIMBUS_S3_CA and "
			"the "
			"endpoint in NIMBUS_BLOB",
			why);
	case CURLE_OPERATION_TIMEDOUT:
		f->x->again = true;
		return fail(c, ERR_UNAVAILABLE, "the S3 store was silent for %lld ms (%s)",
			(long long)h->timeout, why);
	default:
		f->x->again = true;
		return fail(c, ERR_UNAVAILABLE, "the S3 store cannot be reached: %s", why);
	}
}

enum err s3_http_send(struct ctx *c, struct s3_http *h, struct s3_exchange *x)
{
	TRY(ctx_check(c));
	struct flight f = {.c = c, .x = x, .text.arena = c->arena};
	forget_answer(&f, 0);
	x->again = false;
	CURL *curl = libcurl_take(&h->pool);
	struct curl_slist *headers = header_list(c, h, x);
	set_up(curl, h, &f);
	set_times(curl, c, h, x->patient);
	h->lib->easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
	CURLcode code = h->lib->easy_perform(curl);
	x->text = buf_view(&f.text);
	enum err kind = judge(&f, h, code);
	h->lib->slist_free_all(headers);
	libcurl_give(&h->pool, curl);
	return kind;
}

enum err s3_http_again(struct ctx *c, struct s3_http *h, struct s3_patience *p, enum err kind)
{
	int64_t now = c->world->monotonic(), most = PAUSE_FIRST;
	if (!p->tries++)
		p->begun = now;
	for (int i = 1; i < p->tries && most < PAUSE_MAX; i++)
		most *= 2;
	most = (most < PAUSE_MAX ? most : PAUSE_MAX) * MILLI;
	/* Half of it by chance, so that those who failed together do not come back together. */
	uint32_t random;
	c->world->random(&random, sizeof random);
	int64_t wait = most / 2 + (int64_t)random % (most / 2);
	bool late = now - p->begun > TIMEOUTS * h->timeout * MILLI ||
		    (c->deadline && now + wait >= c->deadline);
	if (p->tries >= TRIES || late)
		return fail_while(c, kind, "trying it %d times", p->tries);
	return wait_pause(c, wait);
}
