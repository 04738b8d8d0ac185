#include "model/language.h"

const struct language languages[LANGUAGES] = {
#define LANGUAGE(id, name, grammar, colour, counts) {name, grammar, colour, counts},
#include "model/language.def"
#undef LANGUAGE
};

struct word {
	const char *text;
	enum language_id id;
};

static const struct word endings[] = {
#define LANGUAGE_ENDING(text, id) {text, LANGUAGE_##id},
#include "model/language.def"
#undef LANGUAGE_ENDING
};

static const struct word words[] = {
#define LANGUAGE_WORD(text, id) {text, LANGUAGE_##id},
#include "model/language.def"
#undef LANGUAGE_WORD
};

static const struct word files[] = {
#define LANGUAGE_FILE(text, id) {text, LANGUAGE_##id},
#include "model/language.def"
#undef LANGUAGE_FILE
};

#define COUNT(list) (sizeof(list) / sizeof *(list))

static enum language_id find(const struct word *list, size_t count, struct str text)
{
	size_t low = 0, high = count;
	while (low < high) {
		size_t mid = (low + high) / 2;
		int order = str_cmp(text, str_of(list[mid].text));
		if (order == 0)
			return list[mid].id;
		if (order < 0)
			high = mid;
		else
			low = mid + 1;
	}
	return LANGUAGES;
}

enum { WORD_MAX = 16 };

/* In lower case, which the lists are in. Longer words are in none. */
static enum language_id find_lower(const struct word *list, size_t count, struct str text)
{
	char lower[WORD_MAX];
	if (text.len > WORD_MAX)
		return LANGUAGES;
	for (size_t i = 0; i < text.len; i++) {
		char byte = text.at[i];
		lower[i] = byte >= 'A' && byte <= 'Z' ? (char)(byte - 'A' + 'a') : byte;
	}
	return find(list, count, str_from(lower, text.len));
}

enum language_id language_of_name(struct str name)
{
	enum language_id id = find(files, COUNT(files), name);
	size_t dot = str_find_last(name, '.');
	if (id != LANGUAGES || dot == name.len)
		return id;
	return find_lower(endings, COUNT(endings), str_from_index(name, dot + 1));
}

enum language_id language_called(struct str word)
{
	return find_lower(words, COUNT(words), word);
}

/* "#!/usr/bin/env -S python3.11 -u" runs python. */
static enum language_id of_first_line(struct str text)
{
	struct str line = str_until(text, str_find(text, '\n'));
	if (!str_skip(&line, STR("#!")))
		return LANGUAGES;
	line = str_trim(str_until(line, 200));
	while (line.len) {
		struct str word = str_cut(&line, ' ');
		size_t slash = str_find_last(word, '/');
		word = slash < word.len ? str_from_index(word, slash + 1) : word;
		if (word.len == 0 || str_is(word, "env") || word.at[0] == '-')
			continue;
		while (word.len &&
			((word.at[word.len - 1] >= '0' && word.at[word.len - 1] <= '9') ||
				word.at[word.len - 1] == '.'))
			word.len--;
		return language_called(word);
	}
	return LANGUAGES;
}

enum language_id language_of(struct str name, struct str text)
{
	enum language_id id = language_of_name(name);
	return id == LANGUAGES ? of_first_line(text) : id;
}

static bool is_one_of(struct str name, const char *const *list, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (str_is(name, list[i]))
			return true;
	return false;
}

bool language_skips_folder(struct str name)
{
	static const char *const list[] = {"vendor", "vendors", "node_modules", "third_party",
		"third-party", "3rdparty", "thirdparty", "external", "externals", "extern", "deps",
		"dist", "bower_components", "Godeps", "Pods", "Carthage", ".git", ".yarn",
		"testdata", "fixtures"};
	return is_one_of(name, list, COUNT(list));
}

bool language_skips_file(struct str name)
{
	static const char *const list[] = {"configure", "config.guess", "config.sub", "libtool.m4",
		"ltmain.sh", "aclocal.m4", "gradlew"};
	static const char *const ends[] = {".min.js", ".min.css", ".pb.go", ".pb.cc", ".pb.h",
		"_pb2.py", ".d.ts", ".bundle.js", ".generated.cs", ".designer.cs", "-min.js"};
	for (size_t i = 0; i < COUNT(ends); i++)
		if (str_ends(name, str_of(ends[i])))
			return true;
	return is_one_of(name, list, COUNT(list));
}
