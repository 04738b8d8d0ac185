#include "view/patch.h"

#include "base/date.h"

static bool needs_quotes(struct str path)
{
	for (size_t i = 0; i < path.len; i++) {
		unsigned char byte = (unsigned char)path.at[i];
		if (byte < ' ' || byte >= 0x7f || byte == '"' || byte == '\\')
			return true;
	}
	return false;
}

/* As git quotes paths (core.quotePath). */
static void put_path(struct buf *out, const char *prefix, struct str path)
{
	if (!needs_quotes(path)) {
		buf_cstr(out, prefix);
		buf_str(out, path);
		return;
	}
	buf_fmt(out, "\"%s", prefix);
	for (size_t i = 0; i < path.len; i++) {
		unsigned char byte = (unsigned char)path.at[i];
		if (byte == '"' || byte == '\\')
			buf_fmt(out, "\\%c", byte);
		else if (byte == '\n' || byte == '\t')
			buf_fmt(out, "\\%c", byte == '\n' ? 'n' : 't');
		else if (byte < ' ' || byte >= 0x7f)
			buf_fmt(out, "\\%03o", byte);
		else
			buf_byte(out, (char)byte);
	}
	buf_byte(out, '"');
}

static void put_pair(struct buf *out, const char *key, struct str path)
{
	buf_cstr(out, key);
	put_path(out, "", path);
	buf_byte(out, '\n');
}

static void put_hex(struct buf *out, const struct oid *id, uint8_t algo)
{
	char hex[OID_HEX_MAX];
	struct oid zero = {.algo = algo};
	buf_cstr(out, oid_hex(id->algo ? id : &zero, hex));
}

static void put_header(struct buf *out, const struct diff_file *f)
{
	uint8_t algo = f->new_mode ? f->new_id.algo : f->old_id.algo;
	buf_cstr(out, "diff --git ");
	put_path(out, "a/", f->old_path);
	buf_byte(out, ' ');
	put_path(out, "b/", f->new_path);
	buf_byte(out, '\n');
	if (f->change == DIFF_ADDED)
		buf_fmt(out, "new file mode %06o\n", f->new_mode);
	else if (f->change == DIFF_DELETED)
		buf_fmt(out, "deleted file mode %06o\n", f->old_mode);
	else if (f->old_mode != f->new_mode)
		buf_fmt(out, "old mode %06o\nnew mode %06o\n", f->old_mode, f->new_mode);
	if (f->change == DIFF_RENAMED) {
		buf_fmt(out, "similarity index %d%%\n", f->similarity);
		put_pair(out, "rename from ", f->old_path);
		put_pair(out, "rename to ", f->new_path);
	}
	if (oid_eq(&f->old_id, &f->new_id))
		return;
	buf_cstr(out, "index ");
	put_hex(out, &f->old_id, algo);
	buf_cstr(out, "..");
	put_hex(out, &f->new_id, algo);
	if (f->old_mode == f->new_mode)
		buf_fmt(out, " %06o", f->new_mode);
	buf_byte(out, '\n');
}

/* A name with a space ends in a tab, so that a date cannot be seen in it. */
static void put_name(
	struct buf *out, const char *key, const char *prefix, struct str path, bool there)
{
	buf_cstr(out, key);
	if (!there) {
		buf_cstr(out, "/dev/null\n");
		return;
	}
	put_path(out, prefix, path);
	buf_cstr(out, str_find(path, ' ') < path.len && !needs_quotes(path) ? "\t\n" : "\n");
}

static void put_names(struct buf *out, const struct diff_file *f)
{
	put_name(out, "--- ", "a/", f->old_path, f->old_mode);
	put_name(out, "+++ ", "b/", f->new_path, f->new_mode);
}

static void put_range(struct buf *out, char sign, uint32_t at, uint32_t count)
{
	buf_fmt(out, "%c%u", sign, at);
	if (count != 1)
		buf_fmt(out, ",%u", count);
}

static void put_hunk(struct buf *out, const struct diff_hunk *h)
{
	buf_cstr(out, "@@ ");
	put_range(out, '-', h->old_at, h->old_count);
	buf_byte(out, ' ');
	put_range(out, '+', h->new_at, h->new_count);
	buf_cstr(out, " @@");
	if (h->heading.len) {
		buf_byte(out, ' ');
		buf_str(out, h->heading);
	}
	buf_byte(out, '\n');
	for (size_t i = 0; i < h->line_count; i++) {
		const struct diff_line *line = &h->lines[i];
		buf_byte(out, line->kind);
		buf_str(out, line->text);
		buf_cstr(out, line->no_newline ? "\n\\ No newline at end of file\n" : "\n");
	}
}

static void put_submodule(struct buf *out, const struct diff_file *f)
{
	put_names(out, f);
	buf_fmt(out, "@@ -%s +%s @@\n", f->old_mode ? "1" : "0,0", f->new_mode ? "1" : "0,0");
	if (f->old_mode) {
		buf_cstr(out, "-Subproject commit ");
		put_hex(out, &f->old_id, f->old_id.algo);
		buf_byte(out, '\n');
	}
	if (f->new_mode) {
		buf_cstr(out, "+Subproject commit ");
		put_hex(out, &f->new_id, f->new_id.algo);
		buf_byte(out, '\n');
	}
}

static void put_differ(struct buf *out, const struct diff_file *f)
{
	buf_cstr(out, "Binary files ");
	if (f->old_mode)
		put_path(out, "a/", f->old_path);
	else
		buf_cstr(out, "/dev/null");
	buf_cstr(out, " and ");
	if (f->new_mode)
		put_path(out, "b/", f->new_path);
	else
		buf_cstr(out, "/dev/null");
	buf_cstr(out, " differ\n");
}

void patch_text(struct buf *out, const struct diff *diff)
{
	for (size_t i = 0; i < diff->count; i++) {
		const struct diff_file *f = &diff->files[i];
		put_header(out, f);
		if (f->without == DIFF_SUBMODULE)
			put_submodule(out, f);
		else if (f->without != DIFF_TEXT)
			put_differ(out, f);
		else if (f->hunk_count)
			put_names(out, f);
		for (size_t h = 0; h < f->hunk_count; h++)
			put_hunk(out, &f->hunks[h]);
	}
}

/* One line of a header: nothing in it may begin another. */
static void put_header_text(struct buf *out, struct str text)
{
	for (size_t i = 0; i < text.len; i++)
		buf_byte(out, (unsigned char)text.at[i] < ' ' ? ' ' : text.at[i]);
}

void patch_mail(struct buf *out, const struct commit_full *commit, const struct diff *diff)
{
	char date[32], offset[32];
	date_http(commit->author.when + (int64_t)commit->author.offset * 60, date);
	date_git(commit->author.when, commit->author.offset, offset);
	buf_cstr(out, "From ");
	put_hex(out, &commit->id, commit->id.algo);
	buf_cstr(out, " Mon Sep 17 00:00:00 2001\nFrom: ");
	put_header_text(out, commit->author.name);
	buf_cstr(out, " <");
	put_header_text(out, commit->author.email);
	buf_fmt(out, ">\nDate: %.25s %s\nSubject: [PATCH] ", date, offset + 20);
	put_header_text(out, commit->subject);
	buf_cstr(out, "\n\n");
	if (commit->body.len) {
		buf_str(out, commit->body);
		buf_byte(out, '\n');
	}
	buf_cstr(out, "---\n");
	buf_fmt(out, " %llu files changed, %llu insertions(+), %llu deletions(-)\n\n",
		(unsigned long long)diff->total, (unsigned long long)diff->added,
		(unsigned long long)diff->removed);
}
