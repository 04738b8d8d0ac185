#include "model/browse_json.h"

#include "base/date.h"
#include "base/hex.h"

#define LENGTH(array) (sizeof(array) / sizeof *(array))

static const char *const entry_kinds[] = {
	[ENTRY_TREE] = "tree",
	[ENTRY_FILE] = "file",
	[ENTRY_EXECUTABLE] = "executable",
	[ENTRY_SYMLINK] = "symlink",
	[ENTRY_SUBMODULE] = "submodule",
};

static const char *const file_kinds[] = {
	[FILE_TEXT] = "text",
	[FILE_BINARY] = "binary",
	[FILE_IMAGE] = "image",
	[FILE_TOO_BIG] = "too_big",
	[FILE_SYMLINK] = "symlink",
	[FILE_SUBMODULE] = "submodule",
};

static const char *const revision_kinds[] = {
	[REVISION_BRANCH] = "branch", [REVISION_TAG] = "tag", [REVISION_COMMIT] = "commit"};

static const char *const changes[] = {
	[DIFF_ADDED] = "added",
	[DIFF_DELETED] = "deleted",
	[DIFF_MODIFIED] = "modified",
	[DIFF_RENAMED] = "renamed",
};

/* NULL: the hunks are there. */
static const char *const without[] = {
	[DIFF_TEXT] = NULL,
	[DIFF_BINARY] = "binary",
	[DIFF_TOO_BIG] = "too_big",
	[DIFF_SUBMODULE] = "submodule",
};

/* A kind that another file brings gets its name here, or nothing says it. */
static const char *name_of(const char *const *names, size_t count, unsigned kind)
{
	ASSERT(kind < count);
	return names[kind];
}

#define NAME_OF(names, kind) name_of(names, LENGTH(names), (unsigned)(kind))

void json_member_oid(struct json_writer *w, const char *key, const struct oid *id)
{
	char hex[OID_HEX_MAX];
	json_member_cstr(w, key, id->algo && !oid_is_zero(id) ? oid_hex(id, hex) : NULL);
}

void json_member_time(struct json_writer *w, const char *key, int64_t seconds)
{
	char text[24];
	date_rfc3339(seconds, text);
	json_member_cstr(w, key, text);
}

void json_commit_line(struct json_writer *w, const struct commit_line *line)
{
	if (!line || !line->id.algo) {
		json_null(w);
		return;
	}
	json_begin_object(w);
	json_member_oid(w, "id", &line->id);
	json_member_str(w, "subject", line->subject);
	json_member_str(w, "author", line->author);
	json_member_time(w, "time", line->when);
	json_end_object(w);
}

static void person(struct json_writer *w, const char *key, const struct person *who)
{
	json_key(w, key);
	json_begin_object(w);
	json_member_str(w, "name", who->name);
	json_member_str(w, "email", who->email);
	json_member_time(w, "time", who->when);
	json_member_int(w, "offset_minutes", who->offset);
	json_end_object(w);
}

void json_commit(struct json_writer *w, const struct commit_full *commit)
{
	char hex[OID_HEX_MAX];
	json_begin_object(w);
	json_member_oid(w, "id", &commit->id);
	json_member_oid(w, "tree", &commit->tree);
	json_key(w, "parents");
	json_begin_array(w);
	for (size_t i = 0; i < commit->parent_count; i++)
		json_string(w, str_of(oid_hex(&commit->parents[i], hex)));
	json_end_array(w);
	person(w, "author", &commit->author);
	person(w, "committer", &commit->committer);
	json_member_str(w, "subject", commit->subject);
	json_member_str(w, "body", commit->body);
	json_end_object(w);
}

void json_revision(struct json_writer *w, const struct revision *rev)
{
	json_begin_object(w);
	json_member_cstr(w, "kind", NAME_OF(revision_kinds, rev->kind));
	json_member_str(w, "name", rev->text);
	json_member_oid(w, "commit", &rev->commit);
	json_end_object(w);
}

void json_entry(struct json_writer *w, const struct listing_entry *entry)
{
	json_begin_object(w);
	json_member_str(w, "name", entry->name);
	json_member_cstr(w, "kind", NAME_OF(entry_kinds, entry->kind));
	json_member_oid(w, "id", &entry->id);
	json_key(w, "last_commit");
	json_commit_line(w, entry->last);
	json_end_object(w);
}

void json_blame_part(struct json_writer *w, const struct blame_part *part)
{
	json_begin_object(w);
	json_member_int(w, "line", part->line);
	json_member_int(w, "count", part->count);
	json_member_int(w, "source_line", part->source_line);
	json_member_str(w, "path", part->path);
	json_member_bool(w, "unsure", part->unsure);
	json_key(w, "commit");
	json_commit_line(w, part->commit);
	json_end_object(w);
}

void json_file_members(struct json_writer *w, struct arena *a, const struct file *file)
{
	bool whole = file->kind == FILE_TEXT || file->kind == FILE_SYMLINK;
	bool plain = str_is_utf8(file->bytes);
	json_member_str(w, "path", file->path);
	json_member_str(w, "name", file->name);
	json_member_cstr(w, "kind", NAME_OF(file_kinds, file->kind));
	json_member_oid(w, "id", &file->id);
	json_member_int(w, "size", (int64_t)file->size);
	json_member_bool(w, "executable", file->executable);
	json_member_cstr(w, "encoding", !whole ? NULL : plain ? "utf-8" : "base64");
	json_key(w, "content");
	if (!whole)
		json_null(w);
	else
		json_string(w, plain ? file->bytes : base64_encode(a, file->bytes));
}

static void line(struct json_writer *w, const struct diff_line *line)
{
	const char kind[] = {line->kind, 0};
	json_begin_object(w);
	json_member_cstr(w, "kind", kind);
	json_member_str(w, "text", line->text);
	if (line->old_line)
		json_member_int(w, "old_line", line->old_line);
	if (line->new_line)
		json_member_int(w, "new_line", line->new_line);
	if (line->no_newline)
		json_member_bool(w, "no_newline", true);
	json_end_object(w);
}

static void hunk(struct json_writer *w, const struct diff_hunk *hunk)
{
	json_begin_object(w);
	json_member_int(w, "old_at", hunk->old_at);
	json_member_int(w, "old_count", hunk->old_count);
	json_member_int(w, "new_at", hunk->new_at);
	json_member_int(w, "new_count", hunk->new_count);
	json_member_str(w, "heading", hunk->heading);
	json_key(w, "lines");
	json_begin_array(w);
	for (size_t i = 0; i < hunk->line_count; i++)
		line(w, &hunk->lines[i]);
	json_end_array(w);
	json_end_object(w);
}

/* As git writes it; null on the side where it is not. */
static void mode(struct json_writer *w, const char *key, uint32_t mode)
{
	char text[12];
	fmt_into(text, sizeof text, "%06o", mode);
	json_member_cstr(w, key, mode ? text : NULL);
}

static void diff_file(struct json_writer *w, const struct diff_file *file)
{
	json_begin_object(w);
	json_member_cstr(w, "change", NAME_OF(changes, file->change));
	json_member_str(w, "old_path", file->old_path);
	json_member_str(w, "new_path", file->new_path);
	mode(w, "old_mode", file->old_mode);
	mode(w, "new_mode", file->new_mode);
	json_member_oid(w, "old_id", &file->old_id);
	json_member_oid(w, "new_id", &file->new_id);
	if (file->change == DIFF_RENAMED)
		json_member_int(w, "similarity", file->similarity);
	json_member_int(w, "added", file->added);
	json_member_int(w, "removed", file->removed);
	json_member_cstr(w, "without", NAME_OF(without, file->without));
	json_key(w, "hunks");
	json_begin_array(w);
	for (size_t i = 0; i < file->hunk_count; i++)
		hunk(w, &file->hunks[i]);
	json_end_array(w);
	json_end_object(w);
}

void json_diff(struct json_writer *w, const struct diff *diff)
{
	json_begin_object(w);
	json_member_int(w, "total", (int64_t)diff->total);
	json_member_int(w, "added", (int64_t)diff->added);
	json_member_int(w, "removed", (int64_t)diff->removed);
	json_key(w, "files");
	json_begin_array(w);
	for (size_t i = 0; i < diff->count; i++)
		diff_file(w, &diff->files[i]);
	json_end_array(w);
	json_end_object(w);
}
