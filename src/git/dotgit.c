#include "git/dotgit.h"

static char lower(char byte)
{
	return byte >= 'A' && byte <= 'Z' ? (char)(byte + 32) : byte;
}

/* Length of the UTF-8 sequence at the start that HFS+ ignores, or 0. */
static size_t hfs_ignored(struct str s)
{
	if (s.len < 3)
		return 0;
	uint32_t a = (uint8_t)s.at[0], b = (uint8_t)s.at[1], d = (uint8_t)s.at[2];
	if ((a & 0xf0) != 0xe0 || (b & 0xc0) != 0x80 || (d & 0xc0) != 0x80)
		return 0;
	uint32_t point = (a & 0x0f) << 12 | (b & 0x3f) << 6 | (d & 0x3f);
	bool ignored = (point >= 0x200c && point <= 0x200f) ||
		       (point >= 0x202a && point <= 0x202e) ||
		       (point >= 0x206a && point <= 0x206f) || point == 0xfeff;
	return ignored ? 3 : 0;
}

/* `name` is `want` (in lower case) to HFS+. */
static bool hfs_is(struct str name, struct str want)
{
	while (name.len) {
		size_t skip = hfs_ignored(name);
		if (skip) {
			name = str_from_index(name, skip);
			continue;
		}
		if (!want.len || lower(name.at[0]) != want.at[0])
			return false;
		name = str_from_index(name, 1);
		want = str_from_index(want, 1);
	}
	return want.len == 0;
}

/* What NTFS drops from the end of a name. */
static bool ntfs_nothing(struct str rest)
{
	for (size_t i = 0; i < rest.len && rest.at[i] != ':'; i++) {
		if (rest.at[i] != ' ' && rest.at[i] != '.')
			return false;
	}
	return true;
}

static bool skip_nocase(struct str *s, struct str prefix)
{
	if (s->len < prefix.len || !str_eq_nocase(str_until(*s, prefix.len), prefix))
		return false;
	*s = str_from_index(*s, prefix.len);
	return true;
}

static bool ntfs_is_dotgit(struct str name)
{
	name = str_until(name, str_find(name, '\\'));
	return (skip_nocase(&name, STR(".git")) || skip_nocase(&name, STR("git~1"))) &&
	       ntfs_nothing(name);
}

/* "gi7eba~1" … "g~123456": what NTFS falls back to when four short names are taken. */
static bool ntfs_is_hashed(struct str name, struct str hashed)
{
	size_t common = 0;
	if (name.len < 8)
		return false;
	while (common < hashed.len && lower(name.at[common]) == hashed.at[common])
		common++;
	if (name.at[common] != '~' || name.at[common + 1] < '1' || name.at[common + 1] > '9')
		return false;
	for (size_t i = common + 2; i < 8; i++) {
		if (name.at[i] < '0' || name.at[i] > '9')
			return false;
	}
	return ntfs_nothing(str_from_index(name, 8));
}

/* `want` begins with a dot; `hashed` is the start of its hashed short name. */
static bool ntfs_is(struct str name, struct str want, struct str hashed)
{
	struct str rest = name;
	if (skip_nocase(&rest, want))
		return ntfs_nothing(rest);
	rest = name;
	if (skip_nocase(&rest, str_until(str_from_index(want, 1), 6)) && rest.len >= 2 &&
		rest.at[0] == '~' && rest.at[1] >= '1' && rest.at[1] <= '4')
		return ntfs_nothing(str_from_index(rest, 2));
	return ntfs_is_hashed(name, hashed);
}

bool dotgit_is(struct str name)
{
	return hfs_is(name, STR(".git")) || ntfs_is_dotgit(name);
}

bool dotgit_is_modules(struct str name)
{
	return hfs_is(name, STR(".gitmodules")) || ntfs_is(name, STR(".gitmodules"), STR("gi7eba"));
}

bool dotgit_is_attributes(struct str name)
{
	return hfs_is(name, STR(".gitattributes")) ||
	       ntfs_is(name, STR(".gitattributes"), STR("gi7d29"));
}
