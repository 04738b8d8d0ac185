#include "net/http_parse.h"

#include "base/uri.h"

enum { METHOD_MAX = 32 };

#define FINE ((struct http_fault){0, NULL})
#define REFUSE(status, why) ((struct http_fault){(status), (why)})

static bool is_alnum(unsigned char byte)
{
	return (byte >= '0' && byte <= '9') || (byte >= 'a' && byte <= 'z') ||
	       (byte >= 'A' && byte <= 'Z');
}

static bool is_token_byte(unsigned char byte)
{
	return is_alnum(byte) || (byte && strchr("!#$%&'*+-.^_`|~", byte));
}

bool http_is_token(struct str s)
{
	for (size_t i = 0; i < s.len; i++) {
		if (!is_token_byte((unsigned char)s.at[i]))
			return false;
	}
	return s.len > 0;
}

bool http_is_value(struct str s)
{
	for (size_t i = 0; i < s.len; i++) {
		unsigned char byte = (unsigned char)s.at[i];
		if ((byte < 0x20 && byte != '\t') || byte == 0x7f)
			return false;
	}
	return true;
}

static struct str trim_blanks(struct str s)
{
	while (s.len && (s.at[0] == ' ' || s.at[0] == '\t'))
		s = str_from(s.at + 1, s.len - 1);
	while (s.len && (s.at[s.len - 1] == ' ' || s.at[s.len - 1] == '\t'))
		s.len--;
	return s;
}

/* Host = uri-host [":" port]: the bytes that may stand in one, and a port of digits. */
static bool is_host(struct str host)
{
	struct str port;
	if (host.len && host.at[0] == '[') {
		size_t end = str_find(host, ']');
		if (end == host.len || end < 3)
			return false;
		for (size_t i = 1; i < end; i++) {
			unsigned char byte = (unsigned char)host.at[i];
			if (!is_alnum(byte) && byte != ':' && byte != '.')
				return false;
		}
		port = str_from_index(host, end + 1);
	} else {
		size_t end = str_find(host, ':');
		if (end == 0)
			return false;
		for (size_t i = 0; i < end; i++) {
			unsigned char byte = (unsigned char)host.at[i];
			if (!is_alnum(byte) && !(byte && strchr("-._~%!$&'()*+,;=", byte)))
				return false;
		}
		port = str_from_index(host, end);
	}
	uint64_t number = 0;
	if (port.len <= 1)
		return port.len == 0 || port.at[0] == ':';
	return port.at[0] == ':' && str_to_u64(str_from_index(port, 1), &number) && number <= 65535;
}

static struct http_fault read_version(struct str version, struct http_head *h)
{
	if (version.len != 8 || !str_starts(version, STR("HTTP/")) || version.at[6] != '.' ||
		version.at[5] < '0' || version.at[5] > '9' || version.at[7] < '0' ||
		version.at[7] > '9')
		return REFUSE(400, "the request line does not end in an HTTP version");
	if (version.at[5] != '1' || version.at[7] > '1')
		return REFUSE(505, "this server speaks HTTP/1.1 and HTTP/1.0");
	h->minor = version.at[7] - '0';
	return FINE;
}

/* "http://host/path": the host of the target is the one that counts (RFC 9112, 3.2.2). */
static bool split_absolute(struct str *target, struct http_head *h)
{
	struct str rest = *target;
	size_t scheme = str_find_str(rest, STR("://"));
	if (scheme == rest.len)
		return false;
	struct str name = str_until(rest, scheme);
	if (!str_eq_nocase(name, STR("http")) && !str_eq_nocase(name, STR("https")))
		return false;
	rest = str_from_index(rest, scheme + 3);
	size_t end = 0;
	while (end < rest.len && rest.at[end] != '/' && rest.at[end] != '?')
		end++;
	h->host = str_until(rest, end);
	*target = str_from_index(rest, end);
	return is_host(h->host);
}

static struct http_fault read_target(struct http_head *h)
{
	for (size_t i = 0; i < h->target.len; i++) {
		unsigned char byte = (unsigned char)h->target.at[i];
		if (byte <= 0x20 || byte == 0x7f || byte == '#')
			return REFUSE(
				400, "the target has a byte in it that must be percent-encoded");
	}
	if (str_is(h->method, "CONNECT"))
		return REFUSE(501, "this server is no proxy");
	struct str path = h->target;
	if (str_is(path, "*")) {
		h->raw_path = path;
		return str_is(h->method, "OPTIONS") ? FINE
						    : REFUSE(400, "\"*\" is only for OPTIONS");
	}
	if (path.len == 0)
		return REFUSE(400, "the target is empty");
	if (path.at[0] != '/' && !split_absolute(&path, h))
		return REFUSE(400, "the target must begin with a slash");
	h->raw_path = str_cut(&path, '?');
	h->query = path;
	if (h->raw_path.len == 0)
		h->raw_path = STR("/");
	return FINE;
}

static struct http_fault read_request_line(struct str line, struct http_head *h)
{
	size_t first = str_find(line, ' '), last = str_find_last(line, ' ');
	h->method = str_until(line, first);
	if (!http_is_token(h->method))
		return REFUSE(400, "the request does not begin with a method");
	if (h->method.len > METHOD_MAX)
		return REFUSE(501, "there is no method with so long a name");
	if (first == line.len || first == last)
		return REFUSE(400, "the request line is not METHOD TARGET VERSION");
	h->target = str_from(line.at + first + 1, last - first - 1);
	struct http_fault fault = read_version(str_from_index(line, last + 1), h);
	return fault.status ? fault : read_target(h);
}

static struct http_fault scan_line(struct http_scan *s, struct str line)
{
	struct http_head h = {0};
	if (!s->headers) {
		s->headers = true;
		return read_request_line(line, &h);
	}
	return http_is_value(line) ? FINE : REFUSE(400, "a header has a control byte in it");
}

static struct http_fault scan_too_long(
	const struct http_scan *s, const struct http_limits *limits, size_t len)
{
	if (!s->headers && len - s->start > limits->line_max)
		return REFUSE(414, "the request line is too long");
	if (len > limits->head_max)
		return REFUSE(431, "the headers are too long");
	return FINE;
}

/* One line that ends in LF at `end`. True when it was the empty one after the headers. */
static struct http_fault scan_line_end(
	struct http_scan *s, struct str bytes, size_t end, bool *last)
{
	if (end == s->line || bytes.at[end - 1] != '\r')
		return REFUSE(400, "a line must end in CR LF");
	struct str line = str_from(bytes.at + s->line, end - 1 - s->line);
	s->line = end + 1;
	if (line.len == 0 && !s->headers) {
		/* One empty line before a request is forgiven (RFC 9112, 2.2). */
		if (s->start)
			return REFUSE(400, "the request begins with empty lines");
		s->start = s->line;
		return FINE;
	}
	*last = line.len == 0;
	return *last ? FINE : scan_line(s, line);
}

struct http_fault http_scan(
	struct http_scan *s, struct str bytes, const struct http_limits *limits, size_t *head_len)
{
	*head_len = 0;
	while (s->at < bytes.len) {
		const char *from = bytes.at + s->at;
		const char *newline = memchr(from, '\n', bytes.len - s->at);
		size_t end = newline ? (size_t)(newline - bytes.at) : bytes.len;
		struct http_fault fault = scan_too_long(s, limits, end);
		if (fault.status)
			return fault;
		s->at = end;
		if (!newline)
			break;
		bool last = false;
		fault = scan_line_end(s, bytes, end, &last);
		if (fault.status)
			return fault;
		s->at = end + 1;
		if (last) {
			*head_len = s->at;
			return FINE;
		}
	}
	/* What is no text at all, such as TLS, may never send a line end: look at its first byte.
	 */
	if (bytes.len > s->start && !s->headers && bytes.at[s->start] != '\r' &&
		!is_token_byte((unsigned char)bytes.at[s->start]))
		return REFUSE(400, "this is not HTTP");
	return FINE;
}

static struct http_fault read_header(struct str line, struct http_header *out)
{
	if (line.at[0] == ' ' || line.at[0] == '\t')
		return REFUSE(400, "a header is continued on the next line");
	size_t colon = str_find(line, ':');
	out->name = str_until(line, colon);
	if (colon == line.len || !http_is_token(out->name))
		return REFUSE(400, "a header line is not NAME: VALUE");
	out->value = trim_blanks(str_from_index(line, colon + 1));
	if (!http_is_value(out->value))
		return REFUSE(400, "a header has a control byte in it");
	return FINE;
}

/* Walks the elements of a comma-separated list; false at its end. */
static bool list_next(struct str *rest, struct str *element)
{
	if (!rest->at)
		return false;
	bool more = str_find(*rest, ',') < rest->len;
	*element = trim_blanks(str_cut(rest, ','));
	if (!more)
		rest->at = NULL;
	return true;
}

/* What the headers seen so far say about where the body ends. */
struct framing {
	bool has_length, has_coding, chunked, has_host, keep_alive, close;
};

static struct http_fault read_coding(struct framing *f, struct str value)
{
	struct str coding;
	f->has_coding = true;
	while (list_next(&value, &coding)) {
		if (f->chunked)
			return REFUSE(400, "Transfer-Encoding must end in one \"chunked\"");
		if (!str_eq_nocase(coding, STR("chunked")))
			return REFUSE(501, "the only known Transfer-Encoding is \"chunked\"");
		f->chunked = true;
	}
	return FINE;
}

static void read_connection(struct framing *f, struct str value)
{
	struct str option;
	while (list_next(&value, &option)) {
		f->close |= str_eq_nocase(option, STR("close"));
		f->keep_alive |= str_eq_nocase(option, STR("keep-alive"));
	}
}

static struct http_fault read_known_header(
	struct http_head *h, struct framing *f, struct http_header header)
{
	if (str_eq_nocase(header.name, STR("host"))) {
		if (f->has_host)
			return REFUSE(400, "there is more than one Host");
		f->has_host = true;
		if (!is_host(header.value))
			return REFUSE(400, "the Host is no host");
		if (h->host.len == 0)
			h->host = header.value;
	} else if (str_eq_nocase(header.name, STR("content-length"))) {
		if (f->has_length)
			return REFUSE(400, "there is more than one Content-Length");
		f->has_length = true;
		if (!str_to_u64(header.value, &h->length) || h->length > INT64_MAX)
			return REFUSE(400, "the Content-Length is no length");
	} else if (str_eq_nocase(header.name, STR("transfer-encoding"))) {
		return read_coding(f, header.value);
	} else if (str_eq_nocase(header.name, STR("connection"))) {
		read_connection(f, header.value);
	} else if (str_eq_nocase(header.name, STR("expect"))) {
		if (!str_eq_nocase(header.value, STR("100-continue")))
			return REFUSE(417, "the only known expectation is 100-continue");
		h->expects_continue = h->minor > 0;
	}
	return FINE;
}

static struct http_fault conclude(struct http_head *h, const struct framing *f)
{
	if (!f->has_host && h->minor > 0)
		return REFUSE(400, "an HTTP/1.1 request needs a Host");
	if (f->has_coding && f->has_length)
		return REFUSE(400, "Content-Length and Transfer-Encoding contradict each other");
	if (f->has_coding && h->minor == 0)
		return REFUSE(400, "HTTP/1.0 knows no Transfer-Encoding");
	if (f->chunked)
		h->length = HTTP_UNKNOWN;
	if (h->length == 0)
		h->expects_continue = false;
	h->keep_alive = !f->close && (h->minor > 0 || f->keep_alive);
	return FINE;
}

/* Cuts *rest after its first line and gives that without its end, which http_scan has seen to be
 * there. */
static struct str cut_line(struct str *rest)
{
	struct str line = str_cut(rest, '\n');
	return str_until(line, line.len ? line.len - 1 : 0);
}

struct http_fault http_head_parse(
	struct str head, const struct http_limits *limits, struct http_head *h)
{
	*h = (struct http_head){.headers = h->headers};
	struct framing f = {0};
	struct str rest = head;
	struct str line = cut_line(&rest);
	if (line.len == 0)
		line = cut_line(&rest);
	struct http_fault fault = read_request_line(line, h);
	while (!fault.status && (line = cut_line(&rest)).len) {
		if (h->header_count == limits->header_max)
			return REFUSE(431, "there are too many headers");
		struct http_header *header = &h->headers[h->header_count++];
		fault = read_header(line, header);
		if (!fault.status)
			fault = read_known_header(h, &f, *header);
	}
	return fault.status ? fault : conclude(h, &f);
}

struct str http_header_find(const struct http_header *headers, size_t count, struct str name)
{
	for (size_t i = 0; i < count; i++) {
		if (str_eq_nocase(headers[i].name, name))
			return headers[i].value;
	}
	return (struct str){"", 0};
}

bool http_path_decode(struct arena *a, struct str raw, struct str *out)
{
	if (!uri_decode(a, raw, false, out))
		return false;
	struct str rest = *out;
	while (rest.len) {
		struct str segment = str_cut(&rest, '/');
		if (str_is(segment, ".") || str_is(segment, ".."))
			return false;
	}
	return true;
}
