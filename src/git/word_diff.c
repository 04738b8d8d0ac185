#include "git/word_diff.h"

#include "base/vec.h"

/* Less than this part of the longer line in common: it is another line, not a changed one. */
enum { COMMON_PERCENT = 30 };

struct words {
	struct str *at;
	size_t count;
};

enum kind { WORD, SPACE, OTHER };

static enum kind kind_of(char byte)
{
	bool word = (byte >= '0' && byte <= '9') || (byte >= 'a' && byte <= 'z') ||
		    (byte >= 'A' && byte <= 'Z') || byte == '_' || (unsigned char)byte >= 0x80;
	return word ? WORD : byte == ' ' || byte == '\t' ? SPACE : OTHER;
}

static struct words split(struct ctx *c, struct str line)
{
	VEC_OF(struct str) all = {.arena = c->arena};
	for (size_t at = 0, end; at < line.len; at = end) {
		enum kind kind = kind_of(line.at[at]);
		end = at + 1;
		while (kind != OTHER && end < line.len && kind_of(line.at[end]) == kind)
			end++;
		*vec_push(&all) = str_from(line.at + at, end - at);
	}
	return (struct words){all.at, all.len};
}

/* The table of longest common subsequences: len[i][k] of the words from i and from k on. */
static uint16_t *table(struct ctx *c, const struct words *a, const struct words *b)
{
	size_t width = b->count + 1;
	uint16_t *len = NEW_ARRAY(c->arena, uint16_t, (a->count + 1) * width);
	for (size_t i = a->count; i-- > 0;)
		for (size_t k = b->count; k-- > 0;) {
			uint16_t down = len[(i + 1) * width + k], right = len[i * width + k + 1];
			uint16_t best = down > right ? down : right;
			/* Words weigh their letters: a long name is worth more than commas. */
			if (str_eq(a->at[i], b->at[k])) {
				uint16_t with =
					(uint16_t)(len[(i + 1) * width + k + 1] + a->at[i].len);
				best = with > best ? with : best;
			}
			len[i * width + k] = best;
		}
	return len;
}

struct spans {
	struct arena *arena;
	struct word_span *at;
	size_t len, cap;
};

static void add(struct spans *to, struct str line, struct str word)
{
	uint32_t at = (uint32_t)(word.at - line.at);
	struct word_span *last = to->len ? &to->at[to->len - 1] : NULL;
	if (last && last->at + last->len == at)
		last->len += (uint32_t)word.len;
	else
		*vec_push(to) = (struct word_span){at, (uint32_t)word.len};
}

/* A single space between two highlights joins them: one calm mark, not two. */
static struct word_spans joined(struct spans *s, struct str line)
{
	size_t kept = 0;
	for (size_t i = 0; i < s->len; i++) {
		struct word_span *last = kept ? &s->at[kept - 1] : NULL;
		if (last && s->at[i].at == last->at + last->len + 1 &&
			line.at[s->at[i].at - 1] == ' ')
			last->len += 1 + s->at[i].len;
		else
			s->at[kept++] = s->at[i];
	}
	return (struct word_spans){s->at, kept};
}

enum err word_diff(struct ctx *c, struct str old, struct str new, struct word_spans *in_old,
	struct word_spans *in_new)
{
	struct spans from = {.arena = c->arena}, to = {.arena = c->arena};
	*in_old = *in_new = (struct word_spans){0};
	if (old.len > WORD_LINE_MAX || new.len > WORD_LINE_MAX || str_eq(old, new))
		return OK;
	struct words a = split(c, old), b = split(c, new);
	if (a.count > WORDS_MAX || b.count > WORDS_MAX)
		return OK;
	TRY(ctx_check(c));
	struct arena_mark mark = arena_mark(c->arena);
	const uint16_t *len = table(c, &a, &b);
	size_t width = b.count + 1, longer = old.len > new.len ? old.len : new.len;
	if ((size_t)len[0] * 100 < longer * COMMON_PERCENT) {
		arena_rewind(c->arena, mark);
		return OK;
	}
	for (size_t i = 0, k = 0; i < a.count || k < b.count;) {
		bool both = i < a.count && k < b.count;
		if (both && str_eq(a.at[i], b.at[k]) &&
			len[i * width + k] == len[(i + 1) * width + k + 1] + a.at[i].len)
			i++, k++;
		else if (k == b.count ||
			 (i < a.count && len[(i + 1) * width + k] >= len[i * width + k + 1]))
			add(&from, old, a.at[i++]);
		else
			add(&to, new, b.at[k++]);
	}
	*in_old = joined(&from, old);
	*in_new = joined(&to, new);
	return OK;
}
