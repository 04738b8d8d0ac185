/*
 * What model/schema.def does not say of how the JSON API has what people look at in a repository: the values that may
 * be missing, a file with its content, and who wrote its lines.
 */
#ifndef MODEL_BROWSE_JSON_H
#define MODEL_BROWSE_JSON_H

#include "base/json.h"
#include "model/browse.h"

/* "id": "0123…", or null for what is not there (all zero, or no algorithm). */
void json_member_oid(struct json_writer *w, const char *key, const struct oid *id);
/* Each writes one value. */
void json_commit_line(struct json_writer *w, const struct commit_line *line); /* NULL: null */
void json_blame_part(struct json_writer *w, const struct blame_part *part);

/* The members of a file in the object that is open; its content where it is text or a symbolic link. */
void json_file_members(struct json_writer *w, struct arena *a, const struct file *file);

#endif
