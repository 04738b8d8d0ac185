#include "model/browse_json.h"

#include "base/hex.h"
#include "model/schema.h"

static const char *kind_of(const struct file *file)
{
	switch (file->kind) {
	case FILE_TEXT: return "text";
	case FILE_BINARY: return "binary";
	case FILE_IMAGE: return "image";
	case FILE_AUDIO: return "audio";
	case FILE_VIDEO: return "video";
	case FILE_PDF: return "pdf";
	case FILE_TOO_BIG: return "too_big";
	case FILE_SYMLINK: return "symlink";
	case FILE_SUBMODULE: return "submodule";
	case FILE_LFS: return "lfs";
	}
	ASSERT(false);
}

/* What a pointer of Git LFS points at. */
static void lfs(struct json_writer *w, const struct file *file)
{
	json_key(w, "lfs");
	json_begin_object(w);
	json_member_str(w, "oid", file->lfs_oid);
	json_member_int(w, "size", (int64_t)file->lfs_size);
	json_end_object(w);
}

void json_member_oid(struct json_writer *w, const char *key, const struct oid *id)
{
	char hex[OID_HEX_MAX];
	json_member_cstr(w, key, id->algo && !oid_is_zero(id) ? oid_hex(id, hex) : NULL);
}

void json_commit_line(struct json_writer *w, const struct commit_line *line)
{
	if (!line || !line->id.algo) {
		json_null(w);
		return;
	}
	schema_json(w, &schema_commit_line, line);
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
	json_member_cstr(w, "kind", kind_of(file));
	json_member_oid(w, "id", &file->id);
	json_member_int(w, "size", (int64_t)file->size);
	json_member_bool(w, "executable", file->executable);
	if (file->kind == FILE_LFS)
		lfs(w, file);
	json_member_cstr(w, "encoding", !whole ? NULL : plain ? "utf-8" : "base64");
	json_key(w, "content");
	if (!whole)
		json_null(w);
	else
		json_string(w, plain ? file->bytes : base64_encode(a, file->bytes));
}
