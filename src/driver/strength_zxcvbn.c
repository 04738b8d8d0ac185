/*
 * Strength of passwords by zxcvbn: how many guesses, by what people choose: words and passwords by how
 * common they are, names, dates, rows of keys, repetition, "leet" for letters.
 *
 * Its time grows with the third power of the length of what repeats: the beginning is judged, which
 * costs no more than hashing the password. It knows bytes alone, and takes a letter beyond ASCII for
 * several random ones: so each character becomes one byte.
 */
#include "driver/driver.h"

#include <string.h>
#include <zxcvbn.h>

enum { JUDGED = 40, WORDS = 24, WORD_MIN = 3 };

/* At most JUDGED characters. */
static const char *flatten(struct ctx *c, struct str text)
{
	char *out = arena_alloc(c->arena, JUDGED + 1);
	for (size_t n = 0; n < JUDGED && text.len; n++) {
		size_t len = str_utf8_len(text);
		unsigned char last = (unsigned char)text.at[len ? len - 1 : 0];
		bool plain = len == 1 && last > 0;
		out[n] = (char)(plain ? last : last | 0x80);
		text = str_from_index(text, len ? len : 1);
	}
	return out;
}

static bool is_word(char byte)
{
	return (byte >= 'a' && byte <= 'z') || (byte >= '0' && byte <= '9') || (byte & 0x80);
}

/* The next word of `text`, or NULL. */
static const char *next_word(char **text)
{
	char *at = *text;
	while (*at && !is_word(*at))
		at++;
	char *word = at;
	while (is_word(*at))
		at++;
	bool more = *at != 0;
	*at = 0;
	*text = at + more;
	return at > word ? word : NULL;
}

/* "git.example.org" is three words: of the first WORDS of all those of WORD_MIN letters. */
static void known_words(
	struct ctx *c, const struct str *known, size_t count, const char *words[WORDS + 1])
{
	size_t done = 0;
	for (size_t i = 0; i < count; i++) {
		char *text = arena_strdup(c->arena, flatten(c, known[i]));
		for (char *at = text; *at; at++)
			if (*at >= 'A' && *at <= 'Z')
				*at = (char)(*at - 'A' + 'a');
		for (const char *word; done < WORDS && (word = next_word(&text));)
			if (strlen(word) >= WORD_MIN)
				words[done++] = word;
	}
	words[done] = NULL;
}

static int score_of(double bits)
{
	/* 10^3, 10^6, 10^8 and 10^10 guesses */
	static const double steps[] = {9.97, 19.93, 26.58, 33.22};
	int score = 0;
	while (score < 4 && bits >= steps[score])
		score++;
	return score;
}

static const char *reason_for(int type)
{
	switch (type & ~MULTIPLE_MATCH) {
	case DICTIONARY_MATCH:
	case DICT_LEET_MATCH: return "most of it is a common word, name or password";
	case USER_MATCH:
	case USER_LEET_MATCH: return "most of it is your name or this server's";
	case REPEATS_MATCH: return "it repeats itself";
	case SEQUENCE_MATCH: return "most of it is a sequence, as 1234 or abcd";
	case SPATIAL_MATCH: return "most of it is a row of keys";
	case DATE_MATCH:
	case YEAR_MATCH: return "most of it is a date";
	default: return "it is too short";
	}
}

/* By what covers most of it, in all places together. */
static const char *reason_of(const ZxcMatch_t *matches)
{
	int covered[MULTIPLE_MATCH] = {0}, most = BRUTE_MATCH;
	for (const ZxcMatch_t *m = matches; m; m = m->Next) {
		bool again = (m->Type & MULTIPLE_MATCH) != 0;
		int type = again ? REPEATS_MATCH : (int)m->Type;
		covered[type] += m->Length;
	}
	for (int type = 0; type < MULTIPLE_MATCH; type++)
		if (covered[type] > covered[most])
			most = type;
	return reason_for(most);
}

static struct strength_verdict zxcvbn_judge(struct ctx *c, struct strength *self,
	struct str password, const struct str *known, size_t count)
{
	(void)self;
	const char *words[WORDS + 1];
	ZxcMatch_t *matches = NULL;
	known_words(c, known, count, words);
	double bits = ZxcvbnMatch(flatten(c, password), words, &matches);
	struct strength_verdict verdict = {score_of(bits), reason_of(matches)};
	ZxcvbnFreeInfo(matches);
	return verdict;
}

static void zxcvbn_close(struct strength *self)
{
	(void)self;
}

static const struct strength_ops zxcvbn_ops = {.judge = zxcvbn_judge, .close = zxcvbn_close};
static struct strength zxcvbn = {&zxcvbn_ops};

struct strength *strength_zxcvbn_open(void)
{
	return &zxcvbn;
}
