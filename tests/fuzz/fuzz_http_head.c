#include "fuzz/fuzz.h"

#include "net/http_parse.h"

enum { HEADERS = 20 };
static const struct http_limits limits = {.line_max = 200, .head_max = 2000, .header_max = HEADERS};

static bool inside(struct str part, struct str whole)
{
	return part.len == 0 || (part.at >= whole.at && part.at + part.len <= whole.at + whole.len);
}

/* Byte by byte, as the slowest client sends it. */
static struct http_fault scan_slowly(struct str input, size_t *len)
{
	struct http_scan scan = {0};
	struct http_fault fault = {0, NULL};
	*len = 0;
	for (size_t end = 1; end <= input.len && !fault.status && !*len; end++)
		fault = http_scan(&scan, str_until(input, end), &limits, len);
	return fault;
}

static void check_head(struct ctx *c, struct str head)
{
	struct http_header headers[HEADERS];
	struct http_head h = {.headers = headers};
	struct http_fault fault = http_head_parse(head, &limits, &h);
	if (fault.status) {
		ASSERT(fault.status >= 400 && fault.status <= 505 && fault.why);
		return;
	}
	ASSERT(http_is_token(h.method) && inside(h.method, head));
	ASSERT(inside(h.target, head) && inside(h.query, head) && inside(h.host, head));
	ASSERT(h.raw_path.len > 0 && (h.raw_path.at[0] == '/' || h.raw_path.at[0] == '*'));
	ASSERT(h.minor == 0 || h.host.len > 0);
	int framings = 0;
	for (size_t i = 0; i < h.header_count; i++) {
		ASSERT(http_is_token(headers[i].name) && http_is_value(headers[i].value));
		ASSERT(inside(headers[i].name, head) && inside(headers[i].value, head));
		framings += str_eq_nocase(headers[i].name, STR("content-length"));
		framings += str_eq_nocase(headers[i].name, STR("transfer-encoding"));
	}
	ASSERT(framings <= 1 || h.length == HTTP_UNKNOWN);
	struct str path;
	if (http_path_decode(c->arena, h.raw_path, &path))
		ASSERT(!memchr(path.at, 0, path.len) && !str_ends(path, STR("/..")));
}

static void fuzz_one(struct ctx *c, struct str input)
{
	struct http_scan scan = {0};
	size_t len, slow_len;
	struct http_fault fault = http_scan(&scan, input, &limits, &len);
	struct http_fault slow = scan_slowly(input, &slow_len);
	ASSERT(len <= input.len && !(len && fault.status));
	/* What has come so far never changes whether a request is good, or where it ends. */
	ASSERT(slow_len == len && !slow.status == !fault.status);
	if (len)
		check_head(c, str_until(input, len));
}
