#include "core/needle.h"

void needle_init(struct needle *n, struct str text, bool exact_case)
{
	n->text = text;
	for (size_t i = 0; i < 256; i++) {
		bool upper = i >= 'A' && i <= 'Z' && !exact_case;
		n->fold[i] = (uint8_t)(upper ? i - 'A' + 'a' : i);
		n->shift[i] = text.len;
	}
	for (size_t i = 0; i + 1 < text.len; i++)
		n->shift[n->fold[(uint8_t)text.at[i]]] = text.len - 1 - i;
}

static bool is_at(const struct needle *n, const char *at)
{
	for (size_t i = 0; i < n->text.len; i++)
		if (n->fold[(uint8_t)at[i]] != n->fold[(uint8_t)n->text.at[i]])
			return false;
	return true;
}

size_t needle_find(const struct needle *n, struct str s, size_t from)
{
	size_t last = n->text.len - 1;
	uint8_t end = n->fold[(uint8_t)n->text.at[last]];
	while (from + last < s.len) {
		uint8_t byte = n->fold[(uint8_t)s.at[from + last]];
		if (byte == end && is_at(n, s.at + from))
			return from;
		from += n->shift[byte];
	}
	return s.len;
}
