#include "core/edit_parts.h"

#include "base/buf.h"
#include "core/edit.h"
#include "git/pack_new.h"

enum { PIECE = 64 << 10 };

static enum err add(struct ctx *c, struct edit_objects *o, const struct edit_new *object)
{
	bool known;
	TRY(odb_has(c, o->known, &object->id, &known));
	for (size_t i = 0; !known && i < o->list.len; i++)
		known = oid_eq(&o->list.at[i].id, &object->id);
	if (!known)
		*vec_push(&o->list) = *object;
	return OK;
}

enum err edit_blob(struct ctx *c, struct edit_objects *o, struct extent *content, struct oid *id)
{
	struct hash hash;
	char head[32];
	uint8_t digest[HASH_MAX];
	size_t head_len =
		fmt_into(head, sizeof head, "blob %llu", (unsigned long long)content->size);
	hash_init(&hash, o->algo);
	hash_update(&hash, head, head_len + 1);
	for (uint64_t at = 0; at < content->size;) {
		uint64_t left = content->size - at;
		size_t len = left < PIECE ? (size_t)left : PIECE;
		const uint8_t *bytes;
		TRY(extent_window(c, content, at, len, &bytes));
		hash_update(&hash, bytes, len);
		at += len;
		TRY(ctx_check(c));
	}
	hash_final(&hash, digest);
	*id = oid_zero(o->algo);
	memcpy(id->hash, digest, hash_size(o->algo));
	return add(c, o, &(struct edit_new){*id, OBJECT_BLOB, content});
}

enum err edit_object(
	struct ctx *c, struct edit_objects *o, const struct object *object, struct oid *id)
{
	struct edit_new made = {.type = object->type};
	struct extent_bytes *content = NEW(c->arena, struct extent_bytes);
	extent_bytes_init(content, object->bytes.at, object->bytes.len);
	made.content = &content->extent;
	object_hash(o->algo, object, &made.id);
	if (id)
		*id = made.id;
	return add(c, o, &made);
}

static enum err write_pack(
	struct ctx *c, const struct edit_objects *o, struct pack_new *p, struct spool *to)
{
	struct spool_sink sink;
	spool_sink_init(&sink, to);
	TRY(pack_new_begin(c, p, o->algo, (uint32_t)o->list.len, &sink.sink));
	for (size_t i = 0; i < o->list.len; i++)
		TRY(pack_new_object(c, p, o->list.at[i].type, o->list.at[i].content));
	return pack_new_end(c, p);
}

static enum err make_pack(
	struct ctx *c, const struct edit_objects *o, struct spool_maker *spools, struct spool **out)
{
	struct pack_new pack = {0};
	TRY(spool_make(c, spools, out));
	enum err err = write_pack(c, o, &pack, *out);
	pack_new_close(&pack);
	return err;
}

enum err edit_push(struct ctx *c, const struct edit_objects *o, struct push *push)
{
	struct spool *pack = NULL;
	if (!o->list.len)
		return OK;
	enum err err = make_pack(c, o, &push->spools.maker, &pack);
	if (!err) {
		struct extent_source from;
		extent_source_init(&from, &pack->extent);
		err = push_pack(c, push, &from.source, true);
	}
	if (pack)
		extent_close(&pack->extent);
	return err;
}

enum err edit_message_check(struct ctx *c, struct str message)
{
	if (message.len > EDIT_MESSAGE_MAX)
		return fail(c, ERR_TOO_BIG, "a message has at most %d bytes", EDIT_MESSAGE_MAX);
	if (!str_is_utf8(message) || memchr(message.at, 0, message.len))
		return fail(c, ERR_INVALID, "a message is UTF-8 text");
	if (!str_trim(message).len)
		return fail(c, ERR_INVALID, "say in the message what you change, and why");
	return OK;
}

static void put_message(struct buf *out, struct str message)
{
	struct str line;
	while (str_line(&message, &line)) {
		str_skip_end(&line, STR("\r"));
		buf_str(out, line);
		buf_byte(out, '\n');
	}
}

struct str edit_commit_text(struct ctx *c, const struct edit_words *w)
{
	char hex[OID_HEX_MAX];
	struct buf out = {.arena = c->arena};
	buf_fmt(&out, "tree %s\n", oid_hex(&w->tree, hex));
	if (w->parent)
		buf_fmt(&out, "parent %s\n", oid_hex(w->parent, hex));
	static const char *const roles[] = {"author", "committer"};
	for (size_t i = 0; i < 2; i++)
		buf_fmt(&out, "%s %.*s <%.*s@%.*s> %lld +0000\n", roles[i], STR_FMT(w->username),
			STR_FMT(w->username), STR_FMT(w->host), (long long)w->now);
	buf_byte(&out, '\n');
	put_message(&out, str_trim(w->message));
	return buf_view(&out);
}

struct str edit_tag_text(struct ctx *c, const struct edit_tag *t)
{
	char hex[OID_HEX_MAX];
	struct buf out = {.arena = c->arena};
	buf_fmt(&out, "object %s\ntype %s\ntag %.*s\n", oid_hex(&t->of, hex),
		object_type_name(t->type), STR_FMT(t->name));
	buf_fmt(&out, "tagger %.*s <%.*s@%.*s> %lld +0000\n\n", STR_FMT(t->username),
		STR_FMT(t->username), STR_FMT(t->host), (long long)t->now);
	put_message(&out, str_trim(t->message));
	return buf_view(&out);
}
