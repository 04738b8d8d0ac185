/* The language of a file, and its parts by colour. */
#include "core/browse.h"
#include "core/made_cache.h"

enum err browse_highlight(struct ctx *c, struct browse *b, struct file *file)
{
	char hex[OID_HEX_MAX];
	struct str kept;
	if (file->kind != FILE_TEXT || file->language == LANGUAGES || !b->core->highlight)
		return OK;
	const char *grammar = languages[file->language].grammar;
	if (!grammar)
		return OK;
	struct str key =
		str_of(arena_fmt(c->arena, "spans %s %s", grammar, oid_hex(&file->id, hex)));
	if (made_cache_get(c, b->core->made, key, &kept)) {
		file->spans =
			(struct spans){(const void *)kept.at, kept.len / sizeof *file->spans.at};
		return OK;
	}
	TRY(highlight_spans(c, b->core->highlight, grammar, file->bytes, &file->spans));
	/* None may mean that there was no time for it now. */
	if (file->spans.count)
		made_cache_put(b->core->made, key,
			str_from(file->spans.at, file->spans.count * sizeof *file->spans.at));
	return OK;
}
