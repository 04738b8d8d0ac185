#include "os/log.h"

#include "base/date.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdarg.h>
#include <time.h>
#include <unistd.h>

enum {
	VALUE_MAX = 1024,  /* bytes of one value */
	TAIL = 16,         /* always kept free: the longest end of a line */
	PATIENCE_MS = 100, /* for a reader that is only slow */
};

static struct {
	pthread_mutex_t lock;
	enum log_level level;
	int fd;
	bool stuck;
	uint64_t lost;
} the_log = {.lock = PTHREAD_MUTEX_INITIALIZER, .level = LOG_LEVEL_INFO, .fd = 1};

static const char *const level_names[] = {"debug", "info", "warn", "error", "off"};

bool log_level_parse(struct str name, enum log_level *out)
{
	for (int i = LOG_LEVEL_DEBUG; i <= LOG_LEVEL_OFF; i++) {
		if (str_is(name, level_names[i])) {
			*out = (enum log_level)i;
			return true;
		}
	}
	return false;
}

void log_init(enum log_level level, int fd)
{
	the_log.level = level;
	the_log.fd = fd;
}

/* Room for the escaped form of any byte is six. */
static size_t escape(char *to, struct str value)
{
	char *at = to;
	for (size_t i = 0; i < value.len; i++) {
		unsigned char byte = (unsigned char)value.at[i];
		if (byte == '"' || byte == '\\') {
			*at++ = '\\';
			*at++ = (char)byte;
		} else if (byte < 0x20 || byte == 0x7f) {
			at += fmt_into(at, 7, "\\u%04x", byte);
		} else {
			*at++ = (char)byte;
		}
	}
	return (size_t)(at - to);
}

static void append(struct log_line *l, const char *key, const char *bytes, size_t len, bool quoted)
{
	size_t key_len = strlen(key);
	if (l->len + key_len + len + 6 > sizeof l->text - TAIL) {
		l->cut = true;
		return;
	}
	char *at = l->text + l->len;
	*at++ = ',';
	*at++ = '"';
	memcpy(at, key, key_len);
	at += key_len;
	*at++ = '"';
	*at++ = ':';
	if (quoted)
		*at++ = '"';
	memcpy(at, bytes, len);
	at += len;
	if (quoted)
		*at++ = '"';
	l->len = (size_t)(at - l->text);
}

bool log_begin(struct log_line *l, enum log_level level, const char *message)
{
	if (level < the_log.level || level >= LOG_LEVEL_OFF)
		return false;
	struct timespec now;
	clock_gettime(CLOCK_REALTIME, &now);
	char date[24];
	date_rfc3339(now.tv_sec, date);
	l->cut = false;
	l->len = fmt_into(l->text, sizeof l->text, "{\"time\":\"%.19s.%06ldZ\",\"level\":\"%s\"",
		date, now.tv_nsec / 1000, level_names[level]);
	log_str(l, "message", str_of(message));
	return true;
}

void log_str(struct log_line *l, const char *key, struct str value)
{
	char escaped[VALUE_MAX * 6];
	if (value.len > VALUE_MAX) {
		value.len = VALUE_MAX;
		/* never in the middle of a character */
		while (value.len && ((unsigned char)value.at[value.len] & 0xc0) == 0x80)
			value.len--;
		l->cut = true;
	}
	if (str_is_utf8(value)) {
		append(l, key, escaped, escape(escaped, value), true);
		return;
	}
	char ascii[VALUE_MAX];
	for (size_t i = 0; i < value.len; i++)
		ascii[i] = (unsigned char)value.at[i] < 0x80 ? value.at[i] : '?';
	append(l, key, escaped, escape(escaped, str_from(ascii, value.len)), true);
}

void log_cstr(struct log_line *l, const char *key, const char *value)
{
	if (value)
		log_str(l, key, str_of(value));
}

void log_int(struct log_line *l, const char *key, int64_t value)
{
	char text[24];
	append(l, key, text, fmt_into(text, sizeof text, "%lld", (long long)value), false);
}

/*
 * A pipe whose reader sleeps would stop every thread that logs: so ask first, be patient once, and
 * from then on drop lines until it reads again. Room for a line is promised by POLLOUT (a line is
 * no longer than PIPE_BUF), and the lock keeps others from using it up.
 */
static bool write_line(const char *text, size_t len)
{
	struct pollfd out = {the_log.fd, POLLOUT, 0};
	int ready = poll(&out, 1, the_log.stuck ? 0 : PATIENCE_MS);
	the_log.stuck = ready <= 0;
	if (the_log.stuck)
		return false;
	ssize_t put;
	do
		put = write(the_log.fd, text, len);
	while (put < 0 && errno == EINTR);
	return put == (ssize_t)len;
}

void log_end(struct log_line *l)
{
	l->len += fmt_into(l->text + l->len, TAIL, "%s}\n", l->cut ? ",\"cut\":true" : "");
	pthread_mutex_lock(&the_log.lock);
	if (the_log.lost) {
		char text[160];
		size_t len = fmt_into(text, sizeof text,
			"{\"level\":\"warn\",\"message\":\"log lines were lost: nobody read "
			"them\",\"count\":%llu}\n",
			(unsigned long long)the_log.lost);
		if (write_line(text, len))
			the_log.lost = 0;
	}
	if (!write_line(l->text, l->len))
		the_log.lost++;
	pthread_mutex_unlock(&the_log.lock);
}

void log_text(enum log_level level, const char *format, ...)
{
	char text[VALUE_MAX];
	va_list args;
	va_start(args, format);
	vfmt_into(text, sizeof text, format, args);
	va_end(args);
	struct log_line line;
	if (log_begin(&line, level, text))
		log_end(&line);
}
