/* What the API's handlers that look into a repository share: web/api_browse.c. */
#ifndef WEB_API_BROWSE_H
#define WEB_API_BROWSE_H

#include "core/browse.h"
#include "model/browse_json.h"
#include "model/schema.h"
#include "web/api.h"

/* The repository of the path, for who may read it. */
enum err api_open(struct ctx *c, struct web_request *r, struct browse *b) MUST;

/* `name` (empty: HEAD) as a revision and nothing behind it. ERR_NOT_FOUND. */
enum err api_revision(struct ctx *c, struct web_request *r, struct browse *b, struct str name,
	struct revision *rev) MUST;

/* Sets the ETag of what is known of `what` (NULL: of the repository) in this version; true: they have it already. */
bool api_is_fresh(
	struct ctx *c, struct web_request *r, const struct browse *b, const struct oid *what);

/* "archive_urls": of what that ref has, as a tar.gz and as a zip file. */
void api_archive_urls(struct ctx *c, const struct web_request *r, struct json_writer *w,
	const struct browse *b, struct str name);

#endif
