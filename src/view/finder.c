#include "view/finder.h"

#include "view/html.h"

enum { FOR_LETTER = 1, FOR_WORD = 8, FOR_NEXT = 6, FOR_NAME = 3, FOR_CASE = 1, LENGTH_COST = 12 };

struct query {
	char letters[FINDER_QUERY_MAX];
	size_t count;
};

static char lower(char byte)
{
	return byte >= 'A' && byte <= 'Z' ? (char)(byte + ('a' - 'A')) : byte;
}

static struct query query_of(struct str text)
{
	struct query q = {0};
	for (size_t i = 0; i < text.len && q.count < FINDER_QUERY_MAX; i++)
		if (text.at[i] != ' ')
			q.letters[q.count++] = text.at[i];
	return q;
}

static bool begins_word(struct str path, size_t at)
{
	if (at == 0)
		return true;
	char before = path.at[at - 1], here = path.at[at];
	bool upper = here >= 'A' && here <= 'Z';
	return memchr("/_-. ", before, 5) || (upper && !(before >= 'A' && before <= 'Z'));
}

static size_t name_begins(struct str path)
{
	size_t at = path.len;
	while (at && path.at[at - 1] != '/')
		at--;
	return at;
}

static int score(struct str path, const struct query *q, const uint32_t *at)
{
	size_t name = name_begins(path);
	int sum = -(int)(path.len / LENGTH_COST);
	for (size_t i = 0; i < q->count; i++) {
		sum += FOR_LETTER + (path.at[at[i]] == q->letters[i] ? FOR_CASE : 0);
		sum += begins_word(path, at[i]) ? FOR_WORD : 0;
		sum += i && at[i] == at[i - 1] + 1 ? FOR_NEXT : 0;
		sum += at[i] >= name ? FOR_NAME : 0;
	}
	return sum;
}

/* As far to the right as can be, so in the file's name where it can be. */
static bool match_from_end(struct str path, const struct query *q, uint32_t *at)
{
	size_t left = q->count;
	for (size_t i = path.len; left && i-- > 0;)
		if (lower(path.at[i]) == lower(q->letters[left - 1]))
			at[--left] = (uint32_t)i;
	return left == 0;
}

/* As far to the left as can be, from `begin` on; there is such a one. */
static void match_from(struct str path, const struct query *q, size_t begin, uint32_t *at)
{
	size_t found = 0;
	for (size_t i = begin; found < q->count; i++)
		if (lower(path.at[i]) == lower(q->letters[found]))
			at[found++] = (uint32_t)i;
}

static bool match(struct str path, const struct query *q, struct finder_hit *hit)
{
	uint32_t other[FINDER_QUERY_MAX];
	*hit = (struct finder_hit){.path = path, .count = q->count};
	if (!match_from_end(path, q, hit->at))
		return false;
	if (!q->count)
		return true;
	hit->score = score(path, q, hit->at);
	size_t begins[] = {0, hit->at[0]};
	for (int i = 0; i < 2; i++) {
		match_from(path, q, begins[i], other);
		int that = score(path, q, other);
		if (that > hit->score) {
			hit->score = that;
			memcpy(hit->at, other, sizeof other);
		}
	}
	return true;
}

static bool is_better(const struct finder_hit *a, const struct finder_hit *b)
{
	return a->score != b->score ? a->score > b->score : a->path.len < b->path.len;
}

size_t finder_find(struct str paths, struct str query, struct finder_hit hits[FINDER_HITS_MAX])
{
	struct query q = query_of(query);
	size_t count = 0;
	while (paths.len) {
		struct str path = str_cut(&paths, '\0');
		struct finder_hit hit;
		if (!match(path, &q, &hit))
			continue;
		size_t at = count;
		while (at && q.count && is_better(&hit, &hits[at - 1]))
			at--;
		if (at == FINDER_HITS_MAX)
			continue;
		count += count < FINDER_HITS_MAX;
		memmove(&hits[at + 1], &hits[at], (count - 1 - at) * sizeof *hits);
		hits[at] = hit;
	}
	return count;
}

static void marked(struct buf *out, const struct finder_hit *hit)
{
	size_t done = 0;
	for (size_t i = 0; i < hit->count;) {
		size_t end = i + 1;
		while (end < hit->count && hit->at[end] == hit->at[end - 1] + 1)
			end++;
		size_t from = hit->at[i], to = hit->at[end - 1] + 1;
		html_str(out, str_from(hit->path.at + done, from - done));
		HTML("<b>");
		html_str(out, str_from(hit->path.at + from, to - from));
		HTML("</b>");
		done = to;
		i = end;
	}
	html_str(out, str_from_index(hit->path, done));
}

void view_finder(struct buf *out, struct str base, const struct finder_hit *hits, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		buf_fmt(out, "<a role=\"option\" id=\"@hit%zu\" tabindex=\"-1\"", i);
		buf_cstr(out, i ? " href=\"" : " aria-selected=\"true\" href=\"");
		html_str(out, base);
		html_path(out, hits[i].path);
		HTML("\">");
		marked(out, &hits[i]);
		HTML("</a>");
	}
}
