/*
 * Secrets as mounted files, which whoever mounts them replaces while the program runs. The reference
 * is the file's name, the secret its text without the line's end.
 *
 * A file is read again when a second has passed. One that is away, empty or too big for a moment
 * (while it is being replaced) changes nothing.
 */
#include "driver/driver.h"

#include "base/host.h"
#include "base/map.h"
#include "os/file.h"

#include <stdlib.h>

enum { LOOK_US = 1000000 };

struct file_entry {
	char *text;
	size_t len;
	uint64_t generation;
	int64_t looked;
};

struct secret_file {
	struct secret secret;
	struct host_lock lock;
	struct arena arena; /* of the map */
	struct map entries;
};

static enum err read_file(struct ctx *c, const char *path, struct str *text)
{
	TRY_WHILE(c, file_read(c, path, SECRET_TEXT_MAX, text), "reading a secret");
	while (text->len && (text->at[text->len - 1] == '\n' || text->at[text->len - 1] == '\r'))
		text->len--;
	if (!text->len || memchr(text->at, 0, text->len))
		return fail(c, ERR_INVALID,
			"%s holds no secret: a text of 1 to %d bytes is expected", path,
			SECRET_TEXT_MAX);
	return OK;
}

static void take(struct file_entry *e, struct str text)
{
	if (e->text && str_eq(text, str_from(e->text, e->len)))
		return;
	host_free(e->text, e->len);
	e->text = host_alloc(text.len);
	memcpy(e->text, text.at, text.len);
	e->len = text.len;
	e->generation++;
}

static enum err file_get(
	struct ctx *c, struct secret *self, const char *path, struct secret_value *out)
{
	struct secret_file *files = (struct secret_file *)self;
	int64_t now = c->world->monotonic();
	WITH_LOCK(&files->lock);
	struct file_entry *e = map_get(&files->entries, str_of(path));
	if (!e) {
		e = NEW(&files->arena, struct file_entry);
		*map_put(&files->entries, str_of(arena_strdup(&files->arena, path))) = e;
	}
	if (!e->text || now - e->looked >= LOOK_US) {
		struct str text;
		enum err kind = read_file(c, path, &text);
		if (kind && !e->text)
			return kind;
		if (kind)
			ctx_clear(c);
		else
			take(e, text);
		e->looked = now;
	}
	*out = (struct secret_value){str_copy(c->arena, str_from(e->text, e->len)), e->generation};
	return OK;
}

/* Reading a file is cheap: it needs no patience. */
static void file_doubt(struct ctx *c, struct secret *self, const char *path, uint64_t generation)
{
	struct secret_file *files = (struct secret_file *)self;
	(void)c;
	WITH_LOCK(&files->lock);
	struct file_entry *e = map_get(&files->entries, str_of(path));
	if (e && e->generation == generation)
		e->looked -= LOOK_US;
}

static void file_close(struct secret *self)
{
	struct secret_file *files = (struct secret_file *)self;
	for (size_t i = 0; i < files->entries.cap; i++) {
		struct file_entry *e = files->entries.slots[i].value;
		if (e)
			host_free(e->text, e->len);
	}
	arena_done(&files->arena);
	free(files);
}

static const struct secret_ops file_ops = {
	.get = file_get, .doubt = file_doubt, .close = file_close};

struct secret *secret_file_open(void)
{
	struct secret_file *files = calloc(1, sizeof *files);
	if (!files)
		host_panic("out of memory");
	files->secret.ops = &file_ops;
	arena_init(&files->arena);
	files->entries.arena = &files->arena;
	return &files->secret;
}
