#include "git/filter.h"

#include "base/uri.h"

enum { FILTER_PARTS_MAX = 64 };

static bool number_parse(struct str text, uint64_t *out)
{
	static const char units[] = "kmg";
	unsigned shift = 0;
	if (text.len) {
		char last = (char)(text.at[text.len - 1] | 0x20);
		const char *unit = memchr(units, last, sizeof units - 1);
		if (unit) {
			shift = 10 * (unsigned)(unit - units + 1);
			text.len--;
		}
	}
	if (!str_to_u64(text, out) || *out << shift >> shift != *out)
		return false;
	*out <<= shift;
	return true;
}

static enum err bad(struct ctx *c, struct str spec)
{
	return fail(c, ERR_INVALID, "invalid filter-spec '%.*s'",
		spec.len > 100 ? 100 : (int)spec.len, spec.at);
}

static void narrow_type(struct filter *f, enum object_type type)
{
	f->nothing |= f->type && f->type != type;
	f->type = type;
}

static enum err filter_one(struct ctx *c, struct str spec, struct filter *f)
{
	struct str value = spec;
	uint64_t number = 0;
	f->active = true;
	if (str_is(spec, "blob:none")) {
		f->blob_limit = 0;
	} else if (str_skip(&value, STR("blob:limit="))) {
		if (!number_parse(value, &number))
			return bad(c, spec);
		f->blob_limit = number < f->blob_limit ? number : f->blob_limit;
	} else if (str_skip(&value, STR("tree:"))) {
		if (!number_parse(value, &number))
			return bad(c, spec);
		f->tree_depth = number < f->tree_depth ? (uint32_t)number : f->tree_depth;
	} else if (str_skip(&value, STR("object:type="))) {
		enum object_type type = object_type_parse(value);
		if (!type)
			return bad(c, spec);
		narrow_type(f, type);
	} else if (str_skip(&value, STR("sparse:oid="))) {
		if (!value.len)
			return bad(c, spec);
		f->sparse.arena = c->arena;
		*vec_push(&f->sparse) = value;
	} else if (str_starts(spec, STR("sparse:path="))) {
		return fail(c, ERR_UNSUPPORTED, "filter '%.*s' is not supported",
			spec.len > 100 ? 100 : (int)spec.len, spec.at);
	} else {
		return bad(c, spec);
	}
	return OK;
}

enum err filter_parse(struct ctx *c, struct str spec, struct filter *filter)
{
	VEC_OF(struct str) left = {.arena = c->arena};
	*vec_push(&left) = spec;
	for (size_t parts = 0; left.len; parts++) {
		struct str part = left.at[--left.len], one = {0};
		if (parts == FILTER_PARTS_MAX)
			return fail(c, ERR_TOO_BIG, "the filter has too many parts");
		if (!str_skip(&part, STR("combine:"))) {
			TRY(filter_one(c, part, filter));
			continue;
		}
		if (part.len == 0)
			return bad(c, spec);
		while (part.len) {
			if (!uri_decode(c->arena, str_cut(&part, '+'), false, &one))
				return bad(c, spec);
			*vec_push(&left) = one;
			if (left.len > FILTER_PARTS_MAX)
				return fail(c, ERR_TOO_BIG, "the filter has too many parts");
		}
	}
	return OK;
}
