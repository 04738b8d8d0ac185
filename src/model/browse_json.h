/*
 * What people look at in a repository, as the JSON API has it: the one place where the models of model/browse.h and
 * model/diff.h become members. Bytes that are no UTF-8 become U+FFFD, but in a file's content (base64 then).
 */
#ifndef MODEL_BROWSE_JSON_H
#define MODEL_BROWSE_JSON_H

#include "base/json.h"
#include "model/browse.h"
#include "model/diff.h"
#include "model/repo.h"

/* "id": "0123…", or null for what is not there (all zero, or no algorithm). */
void json_member_oid(struct json_writer *w, const char *key, const struct oid *id);
/* "time": "2026-11-23T15:34:32Z": also of 1970. */
void json_member_time(struct json_writer *w, const char *key, int64_t seconds);

/* Each writes one value. */
void json_commit_line(struct json_writer *w, const struct commit_line *line); /* NULL: null */
void json_commit(struct json_writer *w, const struct commit_full *commit);
void json_revision(struct json_writer *w, const struct revision *rev);
void json_entry(struct json_writer *w, const struct listing_entry *entry);
void json_blame_part(struct json_writer *w, const struct blame_part *part);
void json_diff(struct json_writer *w, const struct diff *diff);

/* The members of a file in the object that is open; its content where it is text or a symbolic link. */
void json_file_members(struct json_writer *w, struct arena *a, const struct file *file);

#endif
