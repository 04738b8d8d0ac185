#include "core/ref_names.h"

#include "core/browse_parts.h"

static enum err read_one(
	struct ctx *c, struct browse *b, const struct ref *ref, struct named_ref *out)
{
	const struct oid *id = ref->peeled.algo ? &ref->peeled : &ref->id;
	enum object_type type;
	uint64_t size;
	*out = (struct named_ref){.ref = *ref, .is_default = str_eq(ref->name, b->snapshot->head)};
	TRY(odb_stat(c, &b->reader, id, &type, &size));
	return type == OBJECT_COMMIT ? browse_line(c, b, id, &out->commit) : OK;
}

static bool is_wanted(const struct ref_names_query *query, struct str name)
{
	struct str rest = str_from_index(name, query->prefix.len);
	if (ref_is_hidden(name))
		return false;
	return !query->words.len || str_find_str(rest, query->words) < rest.len;
}

enum err ref_names(
	struct ctx *c, struct browse *b, const struct ref_names_query *query, struct ref_names *out)
{
	const struct ref_table *refs = &b->snapshot->refs;
	ASSERT(query->limit > 0 && query->limit <= REF_NAMES_MAX);
	*out = (struct ref_names){.at = NEW_ARRAY(c->arena, struct named_ref, query->limit)};
	bool begun = str_cmp(query->after, query->prefix) > 0;
	size_t i = ref_table_lower_bound(refs, begun ? query->after : query->prefix);
	size_t end = ref_table_prefix_end(refs, query->prefix);
	for (; i < end && !out->more; i++) {
		const struct ref ref = ref_table_at(refs, i);
		if (!is_wanted(query, ref.name) || (begun && str_eq(ref.name, query->after)))
			continue;
		if (out->count == query->limit)
			out->more = true;
		else
			TRY(read_one(c, b, &ref, &out->at[out->count++]));
	}
	return OK;
}

enum err ref_names_get(struct ctx *c, struct browse *b, struct str name, struct named_ref *out)
{
	struct ref ref;
	if (ref_is_hidden(name) || !snapshot_ref(b->snapshot, name, &ref))
		return fail(c, ERR_NOT_FOUND, "there is no %.*s", STR_FMT(name));
	return read_one(c, b, &ref, out);
}
