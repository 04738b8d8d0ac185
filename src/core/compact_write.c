#include "core/compact_parts.h"
#include "git/enumerate.h"
#include "git/pack_write.h"

/* Takes the lines that git's clients would see for a sign that time passes. */
struct pulse {
	struct sink sink;
	struct compacting *k;
	const char *stage;
	struct progress progress;
};

static enum err pulse_write(struct ctx *c, struct sink *self, const void *bytes, size_t len)
{
	struct pulse *p = (struct pulse *)self;
	(void)bytes, (void)len;
	return compact_step(c, p->k, p->stage, p->progress.count, p->progress.total);
}

void compact_list_add(struct compact_list *list, const struct oid *id)
{
	uint32_t number = graph_add(list->graph, id);
	if (graph_mark(list->graph, number, MARK_SEND))
		*vec_push(&list->objects) = number;
}

enum err compact_list_reachable(struct ctx *c, struct compact_list *list, const struct oid *ids,
	size_t count, struct compacting *k)
{
	struct pulse pulse = {.sink.write = pulse_write, .k = k, .stage = "Enumerating objects"};
	struct enumerate e = {
		.graph = list->graph,
		.filter = FILTER_ALL,
		.wants = ids,
		.want_count = count,
		.progress = &pulse.progress,
	};
	pulse.progress.to = &pulse.sink;
	TRY(enumerate_run(c, &e));
	for (size_t i = 0; i < e.send.len; i++) {
		uint32_t number = e.send.at[i];
		struct oid id = oidmap_oid(&list->graph->ids, number);
		if (compact_made_has(k, &id))
			graph_node(list->graph, number)->marks &= (uint8_t)~MARK_SEND;
		else
			*vec_push(&list->objects) = number;
	}
	return OK;
}

enum err compact_write(
	struct ctx *c, struct compacting *k, struct compact_list *list, struct sink *to)
{
	struct pulse pulse = {.sink.write = pulse_write, .k = k, .stage = "Writing objects"};
	struct pack_write w = {
		.graph = list->graph,
		.objects = &list->objects,
		.ofs_delta = true,
		.patient = true,
		.progress = &pulse.progress,
		.to = to,
	};
	pulse.progress.to = &pulse.sink;
	progress_begin(c, &pulse.progress, "Writing objects", list->objects.len);
	return pack_write_run(c, &w);
}
