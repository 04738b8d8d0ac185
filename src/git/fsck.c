#include "git/fsck.h"

#include "git/dotgit.h"

static const struct {
	const char *name;
	bool refuses;
	const char *text;
} rules[] = {
#define FSCK(kind, name, refuses, text) [FSCK_##kind] = {name, refuses, text},
#include "git/fsck.def"
#undef FSCK
};

enum err fsck_report(
	struct ctx *c, const struct oid *id, enum object_type type, enum fsck_rule rule)
{
	char hex[OID_HEX_MAX];
	if (!rules[rule].refuses)
		return OK;
	return fail(c, ERR_INVALID, "%s %s: %s: %s", object_type_name(type), oid_hex(id, hex),
		rules[rule].name, rules[rule].text);
}

void fsck_init(struct fsck *f, enum hash_algo algo, struct arena *arena, uint64_t seed)
{
	*f = (struct fsck){.algo = algo, .seen = {.arena = arena, .seed = seed}};
	f->blobs.arena = arena;
}

/* The object that is looked at, and what of it is still to come. */
struct look {
	const struct oid *id;
	enum object_type type;
	struct str rest;
};

static enum err report(struct ctx *c, const struct look *at, enum fsck_rule rule)
{
	return fsck_report(c, at->id, at->type, rule);
}

static enum err check_header_end(struct ctx *c, const struct look *at)
{
	struct str bytes = at->rest;
	for (size_t i = 0; i < bytes.len; i++) {
		if (bytes.at[i] == 0)
			return report(c, at, FSCK_NUL_IN_HEADER);
		if (bytes.at[i] == '\n' && i + 1 < bytes.len && bytes.at[i + 1] == '\n')
			return OK;
	}
	/* A header without a message is fine as long as its last line is whole. */
	if (bytes.len && bytes.at[bytes.len - 1] == '\n')
		return OK;
	return report(c, at, FSCK_UNTERMINATED_HEADER);
}

/* Cuts "KEY hex\n" off; *there says whether the line is there, `bad` what a bad id is. */
static enum err id_line(
	struct ctx *c, struct look *at, struct str key, enum hash_algo algo, bool *there)
{
	struct str line;
	struct oid id;
	enum fsck_rule bad = key.at[0] == 't'   ? FSCK_BAD_TREE_SHA1
			     : key.at[0] == 'p' ? FSCK_BAD_PARENT_SHA1
						: FSCK_BAD_OBJECT_SHA1;
	*there = str_starts(at->rest, key);
	if (!*there)
		return OK;
	if (!str_line(&at->rest, &line) || !oid_parse(algo, str_from_index(line, key.len), &id))
		return report(c, at, bad);
	return OK;
}

static bool is_digit(char byte)
{
	return byte >= '0' && byte <= '9';
}

static bool zone_ok(struct str zone)
{
	if (zone.len != 5 || (zone.at[0] != '+' && zone.at[0] != '-'))
		return false;
	return is_digit(zone.at[1]) && is_digit(zone.at[2]) && is_digit(zone.at[3]) &&
	       is_digit(zone.at[4]);
}

static enum err check_date(struct ctx *c, const struct look *at, struct str rest)
{
	uint64_t seconds;
	struct str date = str_cut(&rest, ' ');
	if (date.len > 1 && date.at[0] == '0')
		return report(c, at, FSCK_ZERO_PADDED_DATE);
	if (date.len == 0)
		return report(c, at, FSCK_BAD_DATE);
	for (size_t i = 0; i < date.len; i++) {
		if (!is_digit(date.at[i]))
			return report(c, at, FSCK_BAD_DATE);
	}
	if (!str_to_u64(date, &seconds) || seconds > INT64_MAX)
		return report(c, at, FSCK_BAD_DATE_OVERFLOW);
	return zone_ok(rest) ? OK : report(c, at, FSCK_BAD_TIMEZONE);
}

static size_t find_angle(struct str s)
{
	size_t open = str_find(s, '<'), close = str_find(s, '>');
	return open < close ? open : close;
}

/* A line "NAME <MAIL> SECONDS ZONE", its key cut off already. */
static enum err check_ident(struct ctx *c, const struct look *at, struct str line)
{
	size_t angle = find_angle(line);
	if (line.len && line.at[0] == '<')
		return report(c, at, FSCK_MISSING_NAME_BEFORE_EMAIL);
	if (angle == line.len)
		return report(c, at, FSCK_MISSING_EMAIL);
	if (line.at[angle] == '>')
		return report(c, at, FSCK_BAD_NAME);
	if (line.at[angle - 1] != ' ')
		return report(c, at, FSCK_MISSING_SPACE_BEFORE_EMAIL);
	line = str_from_index(line, angle + 1);
	angle = find_angle(line);
	if (angle == line.len || line.at[angle] == '<')
		return report(c, at, FSCK_BAD_EMAIL);
	line = str_from_index(line, angle + 1);
	if (!str_skip(&line, STR(" ")))
		return report(c, at, FSCK_MISSING_SPACE_BEFORE_DATE);
	return check_date(c, at, line);
}

static enum err check_commit(struct ctx *c, const struct fsck *f, struct look *at)
{
	bool there;
	struct str line;
	TRY(check_header_end(c, at));
	TRY(id_line(c, at, STR("tree "), f->algo, &there));
	if (!there)
		return report(c, at, FSCK_MISSING_TREE);
	do
		TRY(id_line(c, at, STR("parent "), f->algo, &there));
	while (there);
	size_t authors = 0;
	for (; str_starts(at->rest, STR("author ")); authors++) {
		str_line(&at->rest, &line);
		TRY(check_ident(c, at, str_from_index(line, 7)));
	}
	if (authors < 1)
		return report(c, at, FSCK_MISSING_AUTHOR);
	if (authors > 1)
		return report(c, at, FSCK_MULTIPLE_AUTHORS);
	if (!str_starts(at->rest, STR("committer ")))
		return report(c, at, FSCK_MISSING_COMMITTER);
	str_line(&at->rest, &line);
	TRY(check_ident(c, at, str_from_index(line, 10)));
	if (at->rest.len && memchr(at->rest.at, 0, at->rest.len))
		return report(c, at, FSCK_NUL_IN_COMMIT);
	return OK;
}

static enum err check_tag(struct ctx *c, const struct fsck *f, struct look *at)
{
	bool there;
	struct str line;
	TRY(check_header_end(c, at));
	TRY(id_line(c, at, STR("object "), f->algo, &there));
	if (!there)
		return report(c, at, FSCK_MISSING_OBJECT);
	if (!str_starts(at->rest, STR("type ")))
		return report(c, at, FSCK_MISSING_TYPE_ENTRY);
	str_line(&at->rest, &line);
	if (!object_type_parse(str_from_index(line, 5)))
		return report(c, at, FSCK_BAD_TYPE);
	if (!str_starts(at->rest, STR("tag ")))
		return report(c, at, FSCK_MISSING_TAG_ENTRY);
	str_line(&at->rest, &line);
	if (!str_starts(at->rest, STR("tagger ")))
		return report(c, at, FSCK_MISSING_TAGGER_ENTRY);
	str_line(&at->rest, &line);
	return check_ident(c, at, str_from_index(line, 7));
}

static bool mode_ok(uint32_t mode)
{
	switch (mode) {
	case MODE_TREE:
	case MODE_FILE:
	case MODE_EXECUTABLE:
	case MODE_SYMLINK:
	case MODE_GITLINK: return true;
	default: return false;
	}
}

static enum err note_special(
	struct ctx *c, struct fsck *f, const struct oid *id, enum fsck_special special)
{
	WITH_LOCK(&f->lock);
	struct fsck_blob *blob = map_get(&f->seen, str_from(id->hash, sizeof id->hash));
	if (!blob && f->blobs.len == FSCK_BLOBS_MAX)
		return fail(c, ERR_TOO_BIG,
			"there are more than %d versions of .gitmodules and "
			"the like",
			FSCK_BLOBS_MAX);
	if (!blob) {
		blob = NEW(f->blobs.arena, struct fsck_blob);
		blob->id = *id;
		*vec_push(&f->blobs) = blob;
		*map_put(&f->seen, str_from(blob->id.hash, sizeof blob->id.hash)) = blob;
	}
	blob->special |= special;
	return OK;
}

static enum err check_special(struct ctx *c, struct fsck *f, const struct look *at,
	const struct tree_entry *entry, struct str name)
{
	bool symlink = (entry->mode & 0170000) == MODE_SYMLINK;
	bool modules = dotgit_is_modules(name);
	if (!modules && !dotgit_is_attributes(name))
		return OK;
	if (modules && symlink)
		return report(c, at, FSCK_GITMODULES_SYMLINK);
	if (symlink)
		return OK;
	if (tree_entry_is_tree(entry) || tree_entry_is_gitlink(entry))
		return report(c, at, modules ? FSCK_GITMODULES_BLOB : FSCK_GITATTRIBUTES_BLOB);
	return note_special(c, f, &entry->id, modules ? FSCK_GITMODULES : FSCK_GITATTRIBUTES);
}

static enum err check_name(
	struct ctx *c, struct fsck *f, const struct look *at, const struct tree_entry *entry)
{
	struct str name = entry->name;
	if (str_find(name, '/') < name.len)
		return report(c, at, FSCK_FULL_PATHNAME);
	if (str_is(name, "."))
		return report(c, at, FSCK_HAS_DOT);
	if (str_is(name, ".."))
		return report(c, at, FSCK_HAS_DOTDOT);
	/* Windows takes what is behind a backslash for a name of its own. */
	for (struct str part = name; part.len;
		part = str_from_index(part, str_find(part, '\\') + 1)) {
		if (dotgit_is(part))
			return report(c, at, FSCK_HAS_DOTGIT);
		TRY(check_special(c, f, at, entry, part));
	}
	return OK;
}

/* Names of files that a directory further on could have as well: "a" before "a.b" and "a/". */
struct name_stack {
	VEC_OF(struct str) names;
};

static bool is_duplicate(
	struct name_stack *stack, const struct tree_entry *a, const struct tree_entry *b)
{
	if (!tree_entry_is_tree(a) && str_starts(b->name, a->name) && b->name.at[a->name.len] < '/')
		*vec_push(&stack->names) = a->name;
	while (tree_entry_is_tree(b) && stack->names.len) {
		struct str top = stack->names.at[stack->names.len - 1];
		if (str_eq(top, b->name))
			return true;
		if (str_starts(b->name, top))
			return false;
		stack->names.len--;
	}
	return false;
}

static enum err check_order(struct ctx *c, const struct look *at, struct name_stack *stack,
	const struct tree_entry *a, const struct tree_entry *b)
{
	if (str_eq(a->name, b->name))
		return report(c, at, FSCK_DUPLICATE_ENTRIES);
	if (tree_name_cmp(a->name, tree_entry_is_tree(a), b->name, tree_entry_is_tree(b)) > 0)
		return report(c, at, FSCK_TREE_NOT_SORTED);
	if (is_duplicate(stack, a, b))
		return report(c, at, FSCK_DUPLICATE_ENTRIES);
	return OK;
}

static enum err check_entry(
	struct ctx *c, struct fsck *f, const struct look *at, const struct tree_entry *entry)
{
	if (oid_is_zero(&entry->id))
		TRY(report(c, at, FSCK_NULL_SHA1));
	if (!mode_ok(entry->mode))
		TRY(report(c, at, FSCK_BAD_FILEMODE));
	return check_name(c, f, at, entry);
}

static enum err check_tree(struct ctx *c, struct fsck *f, struct look *at)
{
	struct name_stack stack = {.names.arena = c->arena};
	struct tree_entry before = {0}, entry;
	bool first = true;
	for (bool more;; first = false, before = entry) {
		bool padded = at->rest.len && at->rest.at[0] == '0';
		size_t space = str_find(at->rest, ' ');
		if (space + 1 < at->rest.len && at->rest.at[space + 1] == 0)
			return report(c, at, FSCK_EMPTY_NAME);
		if (tree_next(c, f->algo, &at->rest, &entry, &more)) {
			ctx_clear(c);
			return report(c, at, FSCK_BAD_TREE);
		}
		if (!more)
			return OK;
		if (padded)
			TRY(report(c, at, FSCK_ZERO_PADDED_FILEMODE));
		TRY(check_entry(c, f, at, &entry));
		if (!first)
			TRY(check_order(c, at, &stack, &before, &entry));
	}
}

enum err fsck_object(struct ctx *c, struct fsck *f, const struct oid *id, const struct object *o)
{
	struct look at = {id, o->type, o->bytes};
	switch (o->type) {
	case OBJECT_COMMIT: return check_commit(c, f, &at);
	case OBJECT_TREE: return check_tree(c, f, &at);
	case OBJECT_TAG: return check_tag(c, f, &at);
	default: return OK;
	}
}
