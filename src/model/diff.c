#include "model/diff.h"

static bool line_is_sound(const struct diff_line *line)
{
	size_t at = 0;
	for (size_t i = 0; i < line->mark_count; i++) {
		const struct diff_mark *m = &line->marks[i];
		if (m->at < at || m->at > line->text.len || m->len > line->text.len - m->at)
			return false;
		at = (size_t)m->at + m->len;
	}
	return true;
}

bool diff_is_sound(const struct diff *diff)
{
	for (size_t i = 0; i < diff->count; i++)
		for (size_t h = 0; h < diff->files[i].hunk_count; h++) {
			const struct diff_hunk *hunk = &diff->files[i].hunks[h];
			for (size_t k = 0; k < hunk->line_count; k++)
				if (!line_is_sound(&hunk->lines[k]))
					return false;
		}
	return true;
}
