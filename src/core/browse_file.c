/* One file, as a page shows it. */
#include "core/browse.h"

#include "base/uri.h"
#include "core/browse_parts.h"
#include "core/browse_text.h"
#include "core/made_cache.h"

enum {
	LFS_MAX = 1024,            /* of a pointer, as git-lfs bounds it */
	RENDER_MICROS = 50 * 1000, /* no block of code is given up as soon as that */
};

static const struct {
	const char *suffix, *type;
	enum file_kind kind;
} media[] = {
	{".png", "image/png", FILE_IMAGE},
	{".jpg", "image/jpeg", FILE_IMAGE},
	{".jpeg", "image/jpeg", FILE_IMAGE},
	{".gif", "image/gif", FILE_IMAGE},
	{".webp", "image/webp", FILE_IMAGE},
	{".avif", "image/avif", FILE_IMAGE},
	{".ico", "image/x-icon", FILE_IMAGE},
	{".bmp", "image/bmp", FILE_IMAGE},
	{".svg", "image/svg+xml", FILE_IMAGE},
	{".pdf", "application/pdf", FILE_PDF},
	{".mp3", "audio/mpeg", FILE_AUDIO},
	{".ogg", "audio/ogg", FILE_AUDIO},
	{".oga", "audio/ogg", FILE_AUDIO},
	{".opus", "audio/ogg", FILE_AUDIO},
	{".flac", "audio/flac", FILE_AUDIO},
	{".wav", "audio/wav", FILE_AUDIO},
	{".m4a", "audio/mp4", FILE_AUDIO},
	{".mp4", "video/mp4", FILE_VIDEO},
	{".m4v", "video/mp4", FILE_VIDEO},
	{".webm", "video/webm", FILE_VIDEO},
	{".ogv", "video/ogg", FILE_VIDEO},
};

static bool ends_nocase(struct str s, const char *suffix)
{
	struct str end = str_of(suffix);
	return s.len >= end.len && str_eq_nocase(str_from_index(s, s.len - end.len), end);
}

const char *browse_media_type(struct str name, enum file_kind *kind)
{
	for (size_t i = 0; i < sizeof media / sizeof *media; i++)
		if (ends_nocase(name, media[i].suffix)) {
			*kind = media[i].kind;
			return media[i].type;
		}
	return NULL;
}

bool browse_is_markup(struct str name)
{
	return ends_nocase(name, ".md") || ends_nocase(name, ".markdown");
}

static enum file_form form_of(struct str name)
{
	if (browse_is_markup(name))
		return FORM_MARKUP;
	if (ends_nocase(name, ".ipynb"))
		return FORM_NOTEBOOK;
	if (ends_nocase(name, ".csv") || ends_nocase(name, ".tsv"))
		return FORM_TABLE;
	return FORM_LINES;
}

bool browse_lfs(struct str bytes, struct str *oid, uint64_t *size)
{
	struct str rest = bytes, line;
	*oid = (struct str){0};
	if (rest.len > LFS_MAX ||
		!str_skip(&rest, STR("version https://git-lfs.github.com/spec/v1\n")))
		return false;
	bool sized = false;
	while (str_line(&rest, &line))
		if (str_skip(&line, STR("oid ")))
			*oid = line;
		else if (str_skip(&line, STR("size ")))
			sized = str_to_u64(line, size);
	return sized && oid->len > 0;
}

/* As git guesses: a NUL among the first bytes. */
static bool is_binary(struct str bytes)
{
	struct str head = str_until(bytes, 8000);
	return head.len && memchr(head.at, 0, head.len);
}

static struct str last_part(struct str path)
{
	size_t slash = str_find_last(path, '/');
	return slash < path.len ? str_from_index(path, slash + 1) : path;
}

static enum err fill(struct ctx *c, struct browse *b, const struct tree_entry *e, struct file *f)
{
	enum object_type type;
	TRY(odb_stat(c, &b->reader, &e->id, &type, &f->size));
	if (type != OBJECT_BLOB)
		return fail(c, ERR_NOT_FOUND, "\"%.*s\" is not a file", STR_FMT(f->path));
	bool symlink = (e->mode & 0170000) == MODE_SYMLINK;
	f->executable = !symlink && e->mode & 0100;
	/* A pointer of LFS has the name of what it stands for. */
	bool shown = !symlink && browse_media_type(f->name, &f->kind);
	if (shown && f->size > LFS_MAX)
		return OK;
	if (f->size > b->core->limits.page_blob_max) {
		f->kind = FILE_TOO_BIG;
		return OK;
	}
	TRY(odb_read_as(c, &b->reader, &e->id, OBJECT_BLOB, &f->bytes));
	if (!symlink && browse_lfs(f->bytes, &f->lfs_oid, &f->lfs_size))
		f->kind = FILE_LFS;
	else if (!shown)
		f->kind = symlink ? FILE_SYMLINK : is_binary(f->bytes) ? FILE_BINARY : FILE_TEXT;
	if (f->kind == FILE_TEXT) {
		f->form = form_of(f->name);
		f->language = language_of(f->name, f->bytes);
	}
	return OK;
}

enum err browse_file(struct ctx *c, struct browse *b, const struct revision *rev, struct str path,
	struct file *out)
{
	struct tree_entry entry;
	TRY(browse_entry(c, b, rev, path, &entry));
	*out = (struct file){
		.path = path, .name = last_part(path), .id = entry.id, .language = LANGUAGES};
	if (tree_entry_is_gitlink(&entry)) {
		out->kind = FILE_SUBMODULE;
		return OK;
	}
	return fill(c, b, &entry, out);
}

static struct str base_url(struct ctx *c, const struct browse *b, const struct revision *rev,
	const char *verb, struct str folder)
{
	struct buf url = {.arena = c->arena};
	buf_fmt(&url, "/%.*s/%s/", STR_FMT(b->repo.name), verb);
	uri_encode_path(&url, rev->text);
	buf_byte(&url, '/');
	uri_encode_path(&url, folder);
	return buf_view(&url);
}

enum err browse_render_text(struct ctx *c, struct browse *b, const struct revision *rev,
	const struct file *file, struct str text, struct str *out)
{
	struct str folder = str_until(file->path, file->path.len - file->name.len);
	struct markup_base base = {
		.links = base_url(c, b, rev, "blob", folder),
		.images = base_url(c, b, rev, "raw", folder),
		.links_root = base_url(c, b, rev, "blob", STR("")),
		.images_root = base_url(c, b, rev, "raw", STR("")),
		.highlight = b->core->highlight,
		.image_hosts = &b->core->image_hosts,
	};
	struct buf html = {.arena = c->arena};
	enum err err = markup_render(c, b->core->markup, text, &base, &html);
	if (err == ERR_TOO_BIG) {
		/* Shown as it is written, which is no worse than any other text. */
		ctx_clear(c);
		return OK;
	}
	*out = buf_view(&html);
	return err;
}

enum err browse_render(
	struct ctx *c, struct browse *b, const struct revision *rev, struct file *file)
{
	/* What is being written is no object yet: nothing names it. */
	if (!file->id.algo)
		return browse_render_text(c, b, rev, file, file->bytes, &file->html);
	int64_t began = c->world->monotonic();
	struct str folder = str_until(file->path, file->path.len - file->name.len);
	struct str root = base_url(c, b, rev, "blob", STR(""));
	char hex[OID_HEX_MAX];
	/* It rests on where its links lead and on whose pictures it shows, too. */
	struct str key =
		str_of(arena_fmt(c->arena, "markup %s %.*s %.*s%.*s", oid_hex(&file->id, hex),
			STR_FMT(root), STR_FMT(folder), STR_FMT(b->core->image_hosts.sources)));
	if (made_cache_get(c, b->core->made, key, &file->html))
		return OK;
	TRY(browse_render_text(c, b, rev, file, file->bytes, &file->html));
	/* Where it took long, code may have been left plain for want of time. */
	if (file->html.len && c->world->monotonic() - began < RENDER_MICROS)
		made_cache_put(b->core->made, key, file->html);
	return OK;
}

/* The smaller the better; 0: no README. */
static int readme_rank(const struct listing_entry *e)
{
	static const char *const names[] = {"README.md", "README.markdown", "README", "README.txt",
		"README.rst", "README.adoc"};
	if (e->kind != ENTRY_FILE && e->kind != ENTRY_EXECUTABLE)
		return 0;
	for (int i = 0; i < (int)(sizeof names / sizeof *names); i++)
		if (str_eq_nocase(e->name, str_of(names[i])))
			return i + 1;
	return 0;
}

enum err browse_readme(struct ctx *c, struct browse *b, const struct revision *rev,
	const struct listing *list, struct file **out)
{
	const struct listing_entry *best = NULL;
	*out = NULL;
	for (size_t i = 0; i < list->count; i++) {
		int rank = readme_rank(&list->at[i]);
		if (rank && (!best || rank < readme_rank(best)))
			best = &list->at[i];
	}
	if (!best)
		return OK;
	struct buf path = {.arena = c->arena};
	buf_str(&path, list->path);
	buf_cstr(&path, list->path.len ? "/" : "");
	buf_str(&path, best->name);
	struct file *file = NEW(c->arena, struct file);
	TRY(browse_file(c, b, rev, buf_view(&path), file));
	if (file->kind != FILE_TEXT || file->size == 0)
		return OK;
	*out = file;
	return file->form == FORM_MARKUP ? browse_render(c, b, rev, file) : OK;
}

enum err browse_stream(struct ctx *c, struct browse *b, const struct oid *id, struct sink *to)
{
	return odb_stream(c, &b->reader, id, to);
}

/* Takes the head of an object, then has seen enough. */
struct peek {
	struct sink sink;
	char *at;
	size_t len, cap;
};

static enum err peek_write(struct ctx *c, struct sink *self, const void *bytes, size_t len)
{
	struct peek *p = (struct peek *)self;
	size_t room = p->cap - p->len;
	memcpy(p->at + p->len, bytes, len < room ? len : room);
	p->len += len < room ? len : room;
	return p->len == p->cap ? fail(c, ERR_CANCELED, "enough") : OK;
}

enum err browse_is_text(struct ctx *c, struct browse *b, const struct oid *id, bool *out)
{
	enum { HEAD = 8000 };
	struct peek p = {.sink.write = peek_write, .at = arena_alloc(c->arena, HEAD), .cap = HEAD};
	enum err err = odb_stream(c, &b->reader, id, &p.sink);
	if (err == ERR_CANCELED && p.len == p.cap) {
		ctx_clear(c);
		err = OK;
	}
	*out = !is_binary(str_from(p.at, p.len));
	return err;
}
