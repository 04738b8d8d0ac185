#include "core/backup_set.h"

#include "base/buf.h"
#include "base/date.h"
#include "base/hex.h"
#include "base/json.h"
#include "base/sort.h"
#include "base/vec.h"

enum { FORMAT = 1, MANIFEST_MAX = 64 << 10 };

#define PREFIX "backup/"
#define SUFFIX ".json"

const char *backup_set_key(struct ctx *c, const char *id, const char *suffix)
{
	return arena_fmt(c->arena, PREFIX "%s.%s", id, suffix);
}

struct ids {
	VEC_OF(const char *) found;
};

static enum err take_id(struct ctx *c, void *arg, const struct blob_entry *entry)
{
	struct ids *ids = arg;
	struct str id = entry->key;
	if (str_skip(&id, STR(PREFIX)) && str_skip_end(&id, STR(SUFFIX)))
		*vec_push(&ids->found) = str_dup(c->arena, id);
	return OK;
}

static int by_name(const void *a, const void *b, const void *arg)
{
	(void)arg;
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

enum err backup_set_list(struct ctx *c, struct blob *store, const char ***ids, size_t *count)
{
	struct ids all = {.found.arena = c->arena};
	TRY(blob_list(c, store, PREFIX, take_id, &all));
	if (all.found.len)
		sort_array(
			c->arena, all.found.at, all.found.len, sizeof *all.found.at, by_name, NULL);
	*ids = all.found.at;
	*count = all.found.len;
	return OK;
}

static enum err read_text(struct ctx *c, struct blob *store, const char *key, struct str *out)
{
	struct extent *e = NULL;
	const uint8_t *bytes;
	TRY(blob_open(c, store, key, &e));
	enum err err = e->size > MANIFEST_MAX ? fail(c, ERR_CORRUPT, "it is too long")
					      : extent_window(c, e, 0, (size_t)e->size, &bytes);
	if (!err)
		*out = str_copy(c->arena, str_from(bytes, (size_t)e->size));
	extent_close(e);
	return err;
}

static bool get_text(const struct json *from, const char *key, struct str *out)
{
	const struct json *member = json_get(from, key);
	bool ok = member && member->kind == JSON_STRING;
	if (ok)
		*out = member->text;
	return ok;
}

static bool get_int(const struct json *from, const char *key, int64_t *out)
{
	const struct json *member = json_get(from, key);
	bool ok = member && member->kind == JSON_INT && member->integer >= 0;
	if (ok)
		*out = member->integer;
	return ok;
}

static enum err parse(struct ctx *c, struct str text, struct backup_manifest *out)
{
	struct json *json;
	struct str hash;
	int64_t format = 0;
	if (json_parse(c, text, &json))
		return fail(c, ERR_CORRUPT, "it is no JSON");
	if (get_int(json, "format", &format) && format > FORMAT)
		return fail(c, ERR_UNSUPPORTED, "a newer program made it: use that one");
	bool ok = format == FORMAT && get_text(json, "instance", &out->instance) &&
		  get_int(json, "time", &out->time) && get_int(json, "schema", &out->schema) &&
		  get_int(json, "repositories", &out->repos) &&
		  get_int(json, "packs", &out->packs) &&
		  get_int(json, "pack_bytes", &out->pack_bytes) &&
		  get_int(json, "database_bytes", &out->bytes) &&
		  get_text(json, "database_sha256", &hash) && hash.len == 64 &&
		  hex_decode(hash.at, 32, out->hash);
	return ok ? OK : fail(c, ERR_CORRUPT, "it is not a manifest");
}

enum err backup_set_read(
	struct ctx *c, struct blob *store, const char *id, struct backup_manifest *out)
{
	struct str text = {0};
	*out = (struct backup_manifest){.id = id};
	enum err e = read_text(c, store, backup_set_key(c, id, "json"), &text);
	if (e == ERR_NOT_FOUND)
		return fail(c, e, "there is no backup \"%s\"", id);
	if (!e)
		e = parse(c, text, out);
	if (e)
		return fail_while(c, err_stored(c, e), "reading the manifest of the backup %s", id);
	return OK;
}

static enum err refuse_others(struct ctx *c, void *arg, const struct blob_entry *entry)
{
	struct str instance = *(const struct str *)arg, rest = entry->key;
	if (str_starts(entry->key, STR(PREFIX)) ||
		(str_skip(&rest, instance) && str_starts(rest, STR("/"))))
		return OK; /* as a first backup that was cut off leaves it */
	return fail(c, ERR_EXISTS, "it is not empty: it has %.*s", STR_FMT(entry->key));
}

enum err backup_set_next(struct ctx *c, struct blob *store, struct backup_manifest *manifest)
{
	const char **ids;
	size_t count;
	uint64_t number = 0;
	char date[24];
	uint16_t random;
	TRY(backup_set_list(c, store, &ids, &count));
	if (!count)
		TRY(blob_list(c, store, "", refuse_others, &manifest->instance));
	if (count) {
		struct backup_manifest last;
		struct str digits = str_of(ids[count - 1]);
		TRY(backup_set_read(c, store, ids[count - 1], &last));
		if (!str_eq(last.instance, manifest->instance))
			return fail(c, ERR_EXISTS, "it has the backups of another instance");
		if (!str_to_u64(str_cut(&digits, '-'), &number))
			return fail(
				c, ERR_DAMAGED, "\"%s\" is no name of a backup", ids[count - 1]);
	}
	c->world->random(&random, sizeof random);
	date_rfc3339(manifest->time, date);
	manifest->id = arena_fmt(c->arena, "%06llu-%.4s%.2s%.2s-%.2s%.2s%.2s-%04x",
		(unsigned long long)number + 1, date, date + 5, date + 8, date + 11, date + 14,
		date + 17, random);
	return OK;
}

static void write_manifest(const struct backup_manifest *m, struct buf *out)
{
	struct json_writer w = {.out = out};
	char hex[64];
	hex_encode(m->hash, 32, hex);
	json_begin_object(&w);
	json_member_int(&w, "format", FORMAT);
	json_member_str(&w, "instance", m->instance);
	json_member_int(&w, "time", m->time);
	json_member_int(&w, "schema", m->schema);
	json_member_int(&w, "repositories", m->repos);
	json_member_int(&w, "packs", m->packs);
	json_member_int(&w, "pack_bytes", m->pack_bytes);
	json_member_int(&w, "database_bytes", m->bytes);
	json_member_str(&w, "database_sha256", str_from(hex, sizeof hex));
	json_end_object(&w);
	buf_byte(out, '\n');
}

enum err backup_set_add(struct ctx *c, struct blob *store, const struct backup_manifest *manifest)
{
	struct buf text = {.arena = c->arena};
	struct spool *spool = NULL;
	write_manifest(manifest, &text);
	TRY(blob_create(c, store, &spool));
	enum err e = spool_append(c, spool, text.at, text.len);
	if (!e)
		e = blob_publish(c, store, spool, backup_set_key(c, manifest->id, "json"));
	extent_close(&spool->extent);
	return e;
}
