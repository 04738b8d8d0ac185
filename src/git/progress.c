#include "git/progress.h"

#include "base/buf.h"

enum { EVERY_MICROSECONDS = 500000 };

void progress_begin(struct ctx *c, struct progress *p, const char *title, uint64_t total)
{
	p->title = title;
	p->total = total;
	p->count = 0;
	p->next = c->world->monotonic() + EVERY_MICROSECONDS;
}

static enum err show(struct ctx *c, struct progress *p, const char *end)
{
	char text[160];
	unsigned long long count = p->count, total = p->total;
	size_t len = total ? fmt_into(text, sizeof text, "%s: %3llu%% (%llu/%llu)%s", p->title,
				     count * 100 / total, count, total, end)
			   : fmt_into(text, sizeof text, "%s: %llu%s", p->title, count, end);
	TRY(sink_write(c, p->to, text, len));
	/* It is of use only while it is news. */
	return sink_flush(c, p->to);
}

enum err progress_tick(struct ctx *c, struct progress *p, uint64_t count)
{
	p->count = count;
	if (!p->to || c->world->monotonic() < p->next)
		return OK;
	p->next = c->world->monotonic() + EVERY_MICROSECONDS;
	return show(c, p, "\r");
}

enum err progress_end(struct ctx *c, struct progress *p, uint64_t count)
{
	p->count = count;
	return p->to ? show(c, p, ", done.\n") : OK;
}
