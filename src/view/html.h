/*
 * Writing HTML that is safe whatever the data holds. Templates call these: {{ e }} is html_text,
 * {{word e}} is html_word.
 *
 * Every byte that comes from outside passes through here. What is not UTF-8, a control character, or
 * a bidirectional override (which would make text read otherwise than it is) is shown, not passed on.
 */
#ifndef VIEW_HTML_H
#define VIEW_HTML_H

#include "base/buf.h"
#include "base/oid.h"

#define HTML(literal) buf_bytes(out, literal, sizeof(literal) - 1)

/* Text between tags, or in a quoted attribute. */
void html_str(struct buf *out, struct str text);
void html_cstr(struct buf *out, const char *text);
#define html_text(out, text) \
	_Generic((text), struct str: html_str, const char *: html_cstr, char *: html_cstr)((out), (text))

void html_int(struct buf *out, long long number);

/* Percent-encoded: a segment of a path or a value of a query; a path, which keeps its '/'. */
void html_url(struct buf *out, struct str text);
void html_path(struct buf *out, struct str text);

/* An object id in hex: all of it, or its first ten digits. */
void html_id(struct buf *out, const struct oid *id);
void html_short(struct buf *out, const struct oid *id);

/* <time> that reads "3 days ago" and tells the date on hover; both in seconds since 1970. */
void html_day(struct buf *out, int64_t seconds);
void html_time(struct buf *out, int64_t seconds, int64_t now);

/* "312 bytes", "4.2 KiB". */
void html_size(struct buf *out, uint64_t bytes);

/*
 * A file of ours that runs; url NULL: none. `module`: what it may run besides, of WebAssembly, if it was built. `worker`:
 * the service worker that it starts; may be NULL. `offline`: the module by which that worker reads a copy of the
 * repository; NULL: there is none, or none is offered on this page.
 */
struct script {
	const char *url, *integrity;
	const char *module, *module_integrity;
	const char *worker;
	const char *offline, *offline_integrity;
};
void html_script(struct buf *out, const struct script *script);

/* HTML that is safe already. */
void html_raw(struct buf *out, struct str html);

/* "1 commit", "2 commits": for words whose plural is an s. */
void html_count(struct buf *out, long long number, const char *word);

/* Text with "http://…" and "https://…" made links: for messages. */
void html_message(struct buf *out, struct str text);

#endif
