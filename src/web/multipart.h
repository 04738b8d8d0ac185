/*
 * A form with files, multipart/form-data (RFC 7578, RFC 2046 5.1), part by part as it comes in. In memory is
 * one buffer, however long a part is. Caller's memory, one thread; what comes out lies in c->arena.
 */
#ifndef WEB_MULTIPART_H
#define WEB_MULTIPART_H

#include "base/str.h"
#include "base/stream.h"

enum { MULTIPART_HEAD_MAX = 8 << 10, MULTIPART_BOUNDARY_MAX = 70 };

struct multipart {
	struct source part; /* what is in the part that multipart_next gave last */
	struct source *from;
	struct str delimiter; /* "\r\n--BOUNDARY" */
	char *buffer;
	size_t at, end;
	bool over;  /* `from` has no more */
	bool whole; /* the part's end is in the buffer */
};

struct multipart_part {
	struct str name;
	bool is_file;
	struct str file_name; /* of a file, as the browser says it; may be empty: none was chosen */
};

/* Is it of this type? */
bool multipart_is(struct str content_type);
/* ERR_INVALID: it names no boundary. */
enum err multipart_open(
	struct ctx *c, struct multipart *m, struct str content_type, struct source *from) MUST;
/* Passes over what is left of a part, to the next; *more false behind the last. ERR_INVALID: it is no such
 * form, or ends too early. */
enum err multipart_next(struct ctx *c, struct multipart *m, struct multipart_part *out, bool *more)
	MUST;

#endif
