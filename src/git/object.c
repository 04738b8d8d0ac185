#include "git/object.h"

#include "base/buf.h"

static const char *const type_names[] = {
	[OBJECT_COMMIT] = "commit",
	[OBJECT_TREE] = "tree",
	[OBJECT_BLOB] = "blob",
	[OBJECT_TAG] = "tag",
};

const char *object_type_name(enum object_type type)
{
	ASSERT(type >= OBJECT_COMMIT && type <= OBJECT_TAG);
	return type_names[type];
}

enum object_type object_type_parse(struct str name)
{
	for (enum object_type type = OBJECT_COMMIT; type <= OBJECT_TAG; type++)
		if (str_is(name, type_names[type]))
			return type;
	return OBJECT_NONE;
}

void object_hash(enum hash_algo algo, const struct object *o, struct oid *out)
{
	char head[32];
	size_t len = fmt_into(head, sizeof head, "%s %zu", object_type_name(o->type), o->bytes.len);
	struct hash hash;
	hash_init(&hash, algo);
	hash_update(&hash, head, len + 1);
	hash_update(&hash, o->bytes.at, o->bytes.len);
	*out = oid_zero(algo);
	hash_final(&hash, out->hash);
}

/* "+0130" as minutes. */
static int offset_parse(struct str text)
{
	uint64_t value = 0;
	if (text.len != 5 || (text.at[0] != '+' && text.at[0] != '-'))
		return 0;
	if (!str_to_u64(str_from_index(text, 1), &value))
		return 0;
	if (value / 100 > 23 || value % 100 > 59)
		return 0;
	int minutes = (int)(value / 100 * 60 + value % 100);
	return text.at[0] == '-' ? -minutes : minutes;
}

static struct signature signature_parse(struct str line)
{
	enum { YEAR_10000 = 253402300800 };
	struct signature who = {0};
	size_t open = str_find(line, '<'), close = str_find_last(line, '>');
	who.name = str_trim(str_until(line, open));
	if (open == line.len || close == line.len || close < open)
		return who;
	who.email = str_trim(str_until(str_from_index(line, open + 1), close - open - 1));
	struct str date = str_trim(str_from_index(line, close + 1));
	struct str seconds = str_cut(&date, ' ');
	uint64_t value = 0;
	if (str_to_u64(seconds, &value) && value < YEAR_10000)
		who.seconds = (int64_t)value;
	who.offset_minutes = offset_parse(str_trim(date));
	return who;
}

/* The next header line, cut off *rest; false at the blank line, which is cut off too. */
static bool header_next(struct str *rest, struct str *line)
{
	return str_line(rest, line) && line->len > 0;
}

/* Cuts a line "KEY HEX" off *rest if it is there. */
static bool oid_line(enum hash_algo algo, struct str *rest, struct str key, struct oid *out)
{
	struct str after = *rest, line = {0};
	if (!str_line(&after, &line) || !str_skip(&line, key) || !oid_parse(algo, line, out))
		return false;
	*rest = after;
	return true;
}

enum err commit_parse(struct ctx *c, enum hash_algo algo, struct str bytes, struct commit *out)
{
	*out = (struct commit){0};
	struct str rest = bytes;
	if (!oid_line(algo, &rest, STR("tree "), &out->tree))
		return fail(c, ERR_CORRUPT, "a commit does not begin with its tree");
	struct str parents = rest;
	struct oid parent;
	while (oid_line(algo, &rest, STR("parent "), &parent))
		out->parent_count++;
	out->parents = NEW_ARRAY(c->arena, struct oid, out->parent_count);
	for (size_t i = 0; i < out->parent_count; i++)
		if (!oid_line(algo, &parents, STR("parent "), &out->parents[i]))
			return fail(c, ERR_CORRUPT, "a commit has a bad parent");
	for (struct str line; header_next(&rest, &line);) {
		if (str_skip(&line, STR("author ")) && !out->author.email.at)
			out->author = signature_parse(line);
		else if (str_skip(&line, STR("committer ")) && !out->committer.email.at)
			out->committer = signature_parse(line);
		else if (str_skip(&line, STR("encoding ")))
			out->encoding = line;
	}
	out->message = rest;
	return OK;
}

struct str message_subject(struct str message)
{
	for (struct str line; str_line(&message, &line);)
		if (str_trim(line).len)
			return str_trim(line);
	return STR("");
}

struct str message_body(struct str message)
{
	for (struct str line; str_line(&message, &line);)
		if (str_trim(line).len)
			break;
	for (struct str rest = message, line; str_line(&rest, &line); message = rest)
		if (str_trim(line).len)
			break;
	return message;
}

enum err tag_parse(struct ctx *c, enum hash_algo algo, struct str bytes, struct tag *out)
{
	*out = (struct tag){0};
	struct str rest = bytes, line = {0};
	if (!oid_line(algo, &rest, STR("object "), &out->target))
		return fail(c, ERR_CORRUPT, "a tag does not begin with its object");
	if (!header_next(&rest, &line) || !str_skip(&line, STR("type ")))
		return fail(c, ERR_CORRUPT, "a tag does not say the type of its object");
	out->target_type = object_type_parse(line);
	if (!out->target_type)
		return fail(c, ERR_CORRUPT, "a tag is of no known type: %.*s",
			line.len > 40 ? 40 : (int)line.len, line.at);
	while (header_next(&rest, &line)) {
		if (str_skip(&line, STR("tag ")))
			out->name = line;
		else if (str_skip(&line, STR("tagger ")))
			out->tagger = signature_parse(line);
	}
	out->message = rest;
	return OK;
}

static bool mode_cut(struct str *rest, uint32_t *mode)
{
	enum { MODE_DIGITS = 7 };
	*mode = 0;
	size_t len = str_find(*rest, ' ');
	if (len == 0 || len > MODE_DIGITS || len == rest->len)
		return false;
	for (size_t i = 0; i < len; i++) {
		char digit = rest->at[i];
		if (digit < '0' || digit > '7')
			return false;
		*mode = *mode << 3 | (uint32_t)(digit - '0');
	}
	*rest = str_from_index(*rest, len + 1);
	return true;
}

enum err tree_next(
	struct ctx *c, enum hash_algo algo, struct str *rest, struct tree_entry *out, bool *more)
{
	*more = rest->len > 0;
	if (!*more)
		return OK;
	if (!mode_cut(rest, &out->mode))
		return fail(c, ERR_CORRUPT, "a tree has an entry with a bad mode");
	size_t len = str_find(*rest, 0);
	if (len == 0 || len >= rest->len || rest->len - len - 1 < hash_size(algo))
		return fail(c, ERR_CORRUPT, "a tree ends within an entry");
	out->name = str_until(*rest, len);
	out->id = oid_from_bytes(algo, rest->at + len + 1);
	*rest = str_from_index(*rest, len + 1 + hash_size(algo));
	return OK;
}

int tree_name_cmp(struct str a, bool a_is_tree, struct str b, bool b_is_tree)
{
	size_t common = a.len < b.len ? a.len : b.len;
	int order = common ? memcmp(a.at, b.at, common) : 0;
	if (order)
		return order;
	int end_a = a.len > common ? (uint8_t)a.at[common] : a_is_tree ? '/' : 0;
	int end_b = b.len > common ? (uint8_t)b.at[common] : b_is_tree ? '/' : 0;
	return end_a - end_b;
}
