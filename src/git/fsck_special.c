#include "git/config_text.h"
#include "git/fsck.h"

#include "base/uri.h"

enum { ATTRIBUTES_LINE_MAX = 2048, GITMODULES_MAX = 1 << 20 };

/* A ".." that a path of that name would climb by. */
static bool name_climbs(struct str name)
{
	for (size_t i = 0, begin = 0; i <= name.len; i++) {
		if (i < name.len && name.at[i] != '/' && name.at[i] != '\\')
			continue;
		if (str_is(str_from(name.at + begin, i - begin), ".."))
			return true;
		begin = i + 1;
	}
	return false;
}

static bool is_slash(char byte)
{
	return byte == '/' || byte == '\\';
}

/* "./" and "../" at the start are cut off *url; says how many climb. */
static size_t cut_dots(struct str *url)
{
	size_t climbs = 0;
	while (true) {
		if (url->len >= 3 && url->at[0] == '.' && url->at[1] == '.' &&
			is_slash(url->at[2])) {
			climbs++;
			*url = str_from_index(*url, 3);
		} else if (url->len >= 2 && url->at[0] == '.' && is_slash(url->at[1])) {
			*url = str_from_index(*url, 2);
		} else {
			return climbs;
		}
	}
}

static bool has_newline(struct arena *a, struct str url)
{
	struct str decoded;
	if (str_find(url, '\n') < url.len)
		return true;
	return uri_decode(a, url, false, &decoded) && str_find(decoded, '\n') < decoded.len;
}

/* What of a URL goes to an HTTP client, or an empty view. */
static struct str curl_url(struct str url)
{
	static const char *const schemes[] = {"http://", "https://", "ftp://", "ftps://"};
	static const char *const helpers[] = {"http::", "https::", "ftp::", "ftps::"};
	for (size_t i = 0; i < sizeof helpers / sizeof *helpers; i++) {
		if (str_skip(&url, str_of(helpers[i])))
			return url;
	}
	for (size_t i = 0; i < sizeof schemes / sizeof *schemes; i++) {
		if (str_starts(url, str_of(schemes[i])))
			return url;
	}
	return STR("");
}

static bool url_ok(struct arena *a, struct str url)
{
	if (url.len && url.at[0] == '-')
		return false;
	struct str rest = url;
	bool relative =
		(url.len >= 2 && url.at[0] == '.' && is_slash(url.at[1])) ||
		(url.len >= 3 && url.at[0] == '.' && url.at[1] == '.' && is_slash(url.at[2]));
	if (relative || str_starts(url, STR("git://"))) {
		if (has_newline(a, url))
			return false;
		/* "../../::host" would end up as a remote helper's, or as a host without a name. */
		return !relative || !cut_dots(&rest) || !rest.len ||
		       (rest.at[0] != ':' && !is_slash(rest.at[0]));
	}
	struct str web = curl_url(url);
	if (!web.len)
		return true;
	size_t scheme = str_find_str(web, STR("://"));
	if (scheme == web.len || has_newline(a, web))
		return false;
	struct str host = str_from_index(web, scheme + 3);
	return host.len && host.at[0] != '/' && host.at[0] != '?' && host.at[0] != '#';
}

/* OK, or the rule that a setting of a submodule breaks. */
static enum fsck_rule submodule_rule(struct arena *a, const struct config_entry *e)
{
	if (e->subsection.len == 0 || name_climbs(e->subsection))
		return FSCK_GITMODULES_NAME;
	if (str_is(e->key, "url") && !url_ok(a, e->value))
		return FSCK_GITMODULES_URL;
	if (str_is(e->key, "path") && e->value.len && e->value.at[0] == '-')
		return FSCK_GITMODULES_PATH;
	if (str_is(e->key, "update") && e->value.len && e->value.at[0] == '!')
		return FSCK_GITMODULES_UPDATE;
	return FSCK_COUNT;
}

static enum err check_modules(struct ctx *c, const struct fsck_blob *blob, struct str bytes)
{
	struct config_text text = {.rest = bytes, .arena = c->arena};
	struct config_entry entry;
	if (bytes.len > GITMODULES_MAX)
		return fsck_report(c, &blob->id, OBJECT_BLOB, FSCK_GITMODULES_LARGE);
	while (config_text_next(&text, &entry)) {
		if (!str_is(entry.section, "submodule") || !entry.has_subsection)
			continue;
		enum fsck_rule rule = submodule_rule(c->arena, &entry);
		if (rule != FSCK_COUNT)
			return fsck_report(c, &blob->id, OBJECT_BLOB, rule);
	}
	return text.broken ? fsck_report(c, &blob->id, OBJECT_BLOB, FSCK_GITMODULES_PARSE) : OK;
}

static enum err check_attributes(struct ctx *c, const struct fsck_blob *blob, struct str bytes)
{
	for (struct str line; str_line(&bytes, &line);) {
		if (line.len >= ATTRIBUTES_LINE_MAX)
			return fsck_report(
				c, &blob->id, OBJECT_BLOB, FSCK_GITATTRIBUTES_LINE_LENGTH);
	}
	return OK;
}

enum err fsck_blob(struct ctx *c, const struct fsck_blob *blob, const struct object *o)
{
	bool modules = blob->special & FSCK_GITMODULES;
	if (o->type != OBJECT_BLOB)
		return fsck_report(c, &blob->id, o->type,
			modules ? FSCK_GITMODULES_BLOB : FSCK_GITATTRIBUTES_BLOB);
	struct arena_mark mark = arena_mark(c->arena);
	if (modules)
		TRY(check_modules(c, blob, o->bytes));
	if (blob->special & FSCK_GITATTRIBUTES)
		TRY(check_attributes(c, blob, o->bytes));
	arena_rewind(c->arena, mark);
	return OK;
}

enum err fsck_blob_too_big(struct ctx *c, const struct fsck_blob *blob)
{
	return fsck_report(c, &blob->id, OBJECT_BLOB,
		blob->special & FSCK_GITMODULES ? FSCK_GITMODULES_LARGE : FSCK_GITATTRIBUTES_LARGE);
}
