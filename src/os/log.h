/*
 * The log: one JSON object a line on standard output, each line one write(2).
 *
 *	struct log_line line;
 *	if (log_begin(&line, LOG_LEVEL_INFO, "request")) {
 *		log_str(&line, "path", path);
 *		log_int(&line, "status", 200);
 *		log_end(&line);
 *	}
 *
 * Every thread may log. A reader that does not read costs lines, never time: they are counted and
 *the next line that gets through says how many were lost.
 */
#ifndef OS_LOG_H
#define OS_LOG_H

#include "base/buf.h"
#include "base/str.h"

enum log_level { LOG_LEVEL_DEBUG, LOG_LEVEL_INFO, LOG_LEVEL_WARN, LOG_LEVEL_ERROR, LOG_LEVEL_OFF };

/* Caller's memory, on the stack. A field that does not fit is left out and "cut": true says so. */
struct log_line {
	size_t len;
	bool cut;
	char text[4096];
};

/* "debug", "info", "warn", "error", "off". */
bool log_level_parse(struct str name, enum log_level *out);

/* Call before the first thread starts. The level is INFO and the descriptor 1 until then. */
void log_init(enum log_level level, int fd);

/* False when this level is not written: then skip the rest. */
bool log_begin(struct log_line *l, enum log_level level, const char *message) MUST;
void log_str(
	struct log_line *l, const char *key, struct str value); /* long values are cut at 1 KiB */
void log_cstr(struct log_line *l, const char *key, const char *value); /* NULL: left out */
void log_int(struct log_line *l, const char *key, int64_t value);
void log_end(struct log_line *l);

/* A line with only a message. */
void log_text(enum log_level level, const char *format, ...) PRINTF_LIKE(2, 3);

#endif
