/* Releases: annotated tags, and what their messages say. */
#include "base/buf.h"
#include "base/sort.h"
#include "base/uri.h"
#include "base/vec.h"
#include "core/browse_parts.h"

enum {
	RELEASES_BY_DATE_MAX = 1000, /* more than that are not all read to be sorted */
	RELEASE_TEXT_MAX = 100000,
};

static const char tags[] = "refs/tags/";

/* Where the signature begins that git puts behind a tag's message; or its end. */
static size_t signature_at(struct str message)
{
	static const char *const begins[] = {"-----BEGIN PGP SIGNATURE-----",
		"-----BEGIN SSH SIGNATURE-----", "-----BEGIN SIGNED MESSAGE-----"};
	for (size_t i = 0; i < sizeof begins / sizeof *begins; i++) {
		size_t at = str_find_str(message, str_of(begins[i]));
		if (at < message.len && (at == 0 || message.at[at - 1] == '\n'))
			return at;
	}
	return message.len;
}

static enum err read_tag(
	struct ctx *c, struct browse *b, const struct ref *ref, struct release *out)
{
	struct str bytes;
	struct tag tag;
	enum object_type type;
	*out = (struct release){.name = str_from_index(ref->name, sizeof tags - 1)};
	TRY(odb_read_as(c, &b->reader, &ref->id, OBJECT_TAG, &bytes));
	TRY(tag_parse(c, ref->id.algo, bytes, &tag));
	size_t end = signature_at(tag.message);
	struct str message = str_until(tag.message, end);
	const struct signature *who = &tag.tagger;
	out->is_signed = end < tag.message.len;
	out->title = str_until(message_subject(message), 300);
	out->text = str_until(str_trim(message_body(message)), RELEASE_TEXT_MAX);
	out->tagger = (struct person){who->name, who->email, who->seconds, who->offset_minutes};
	TRY(odb_peel(c, &b->reader, &ref->id, OBJECT_NONE, &out->commit, &type));
	if (type != OBJECT_COMMIT)
		out->commit = (struct oid){0};
	return OK;
}

/* Relative links of the notes lead to the files as of the tag. */
static struct str base_url(
	struct ctx *c, const struct browse *b, const struct release *release, const char *verb)
{
	struct buf url = {.arena = c->arena};
	buf_fmt(&url, "/%.*s/%s/", STR_FMT(b->repo.name), verb);
	uri_encode_path(&url, release->name);
	buf_byte(&url, '/');
	return buf_view(&url);
}

static enum err render(struct ctx *c, struct browse *b, struct release *release)
{
	struct buf html = {.arena = c->arena};
	struct markup_base base = {
		.links = base_url(c, b, release, "blob"),
		.images = base_url(c, b, release, "raw"),
		.image_hosts = &b->core->image_hosts,
	};
	base.links_root = base.links;
	base.images_root = base.images;
	if (!release->text.len)
		return OK;
	enum err err = markup_render(c, b->core->markup, release->text, &base, &html);
	if (err == ERR_TOO_BIG) {
		ctx_clear(c);
		return OK;
	}
	release->html = buf_view(&html);
	return err;
}

static int newest_first(const void *a, const void *b, const void *arg)
{
	(void)arg;
	const struct release *x = a, *y = b;
	return (x->tagger.when < y->tagger.when) - (x->tagger.when > y->tagger.when);
}

enum err browse_releases(
	struct ctx *c, struct browse *b, size_t skip, size_t limit, struct release_list *out)
{
	const struct ref_table *refs = &b->snapshot->refs;
	VEC_OF(struct ref) found = {.arena = c->arena};
	size_t end = ref_table_prefix_end(refs, str_of(tags));
	for (size_t i = ref_table_lower_bound(refs, str_of(tags)); i < end; i++) {
		const struct ref ref = ref_table_at(refs, i);
		if (ref.peeled.algo)
			*vec_push(&found) = ref;
	}
	size_t total = found.len;
	skip = skip < total ? skip : total;
	size_t shown = total - skip < limit ? total - skip : limit;
	bool all = total <= RELEASES_BY_DATE_MAX;
	size_t count = all ? total : shown;
	struct release *list = NEW_ARRAY(c->arena, struct release, count + 1);
	for (size_t i = 0; i < count; i++)
		TRY(read_tag(c, b, &found.at[all ? i : total - 1 - skip - i], &list[i]));
	if (all)
		sort_array(c->arena, list, count, sizeof *list, newest_first, NULL);
	list += all ? skip : 0;
	for (size_t i = 0; i < shown; i++)
		TRY(render(c, b, &list[i]));
	*out = (struct release_list){list, shown, skip, total};
	return OK;
}

enum err browse_release(struct ctx *c, struct browse *b, struct str name, struct release *out)
{
	struct ref ref;
	struct str full = str_of(arena_fmt(c->arena, "%s%.*s", tags, STR_FMT(name)));
	if (name.len > REF_NAME_MAX || !snapshot_ref(b->snapshot, full, &ref) || !ref.peeled.algo)
		return fail(c, ERR_NOT_FOUND, "there is no release \"%.*s\"",
			(int)(name.len < 200 ? name.len : 200), name.at);
	TRY(read_tag(c, b, &ref, out));
	return render(c, b, out);
}
