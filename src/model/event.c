#include "model/event.h"

#include "base/date.h"

static const char *const names[EVENT_COUNT] = {
#define EVENT(kind, name, text) [EVENT_##kind] = name,
#include "model/event.def"
#undef EVENT
};

static const char *const texts[EVENT_COUNT] = {
#define EVENT(kind, name, text) [EVENT_##kind] = text,
#include "model/event.def"
#undef EVENT
};

const char *event_type_name(enum event_type type)
{
	return (unsigned)type < EVENT_COUNT ? names[type] : "unknown";
}

bool event_type_parse(struct str name, enum event_type *out)
{
	for (unsigned type = 0; type < EVENT_COUNT; type++) {
		if (str_is(name, names[type])) {
			*out = (enum event_type)type;
			return true;
		}
	}
	return false;
}

const char *event_type_text(enum event_type type)
{
	return (unsigned)type < EVENT_COUNT ? texts[type] : "something happened";
}

bool event_is_of_repository(enum event_type type)
{
	switch (type) {
	case EVENT_REPOSITORY_UPDATED:
	case EVENT_REPOSITORY_DELETED:
	case EVENT_REPOSITORY_RESTORED:
	case EVENT_REPOSITORY_COMPACTED:
	case EVENT_PUSH:
	case EVENT_REF_CREATED:
	case EVENT_REF_UPDATED:
	case EVENT_REF_DELETED:
	case EVENT_PERMISSION_CHANGED:
	case EVENT_RULE_CHANGED:
	case EVENT_WEBHOOK_CHANGED: return true;
	default: return false;
	}
}

bool event_is_for(enum event_type type, enum permission level)
{
	switch (type) {
	case EVENT_REPOSITORY_CREATED:
	case EVENT_REPOSITORY_UPDATED:
	case EVENT_REPOSITORY_DELETED:
	case EVENT_REPOSITORY_RESTORED:
	case EVENT_REPOSITORY_PURGED:
	case EVENT_PUSH:
	case EVENT_REF_CREATED:
	case EVENT_REF_UPDATED:
	case EVENT_REF_DELETED: return level >= PERMISSION_READ;
	default: return level >= PERMISSION_ADMIN;
	}
}

/* Options of a push are for those who push: some tools put secrets there. */
static bool is_shown(const struct event *event, struct str key, enum permission level)
{
	return event->type != EVENT_PUSH || level >= PERMISSION_WRITE || !str_is(key, "options");
}

static enum err write_data(
	struct ctx *c, struct json_writer *w, const struct event *event, enum permission level)
{
	struct json *data;
	TRY_WHILE(c, json_parse(c, event->data, &data), "reading an event");
	json_member_cstr(w, "datacontenttype", "application/json");
	json_key(w, "data");
	json_begin_object(w);
	for (const struct json *member = data->first; member; member = member->next)
		if (is_shown(event, member->key, level)) {
			json_key(w, arena_strndup(c->arena, member->key.at, member->key.len));
			json_value(w, member);
		}
	json_end_object(w);
	return OK;
}

enum err event_to_json(struct ctx *c, struct json_writer *w, const struct event *event,
	struct str source, enum permission level)
{
	char time[24];
	date_rfc3339(event->time / 1000000, time);
	json_begin_object(w);
	json_member_cstr(w, "specversion", "1.0");
	json_member_cstr(w, "id",
		arena_fmt(c->arena, "%lld/%lld", (long long)event->repo_id,
			(long long)event->sequence));
	json_member_str(w, "source", source);
	json_member_cstr(w, "type", event_type_name(event->type));
	json_member_cstr(w, "time", time);
	json_member_cstr(w, "sequence", arena_fmt(c->arena, "%lld", (long long)event->sequence));
	json_member_int(w, "version", event->version);
	if (event->data.len)
		TRY(write_data(c, w, event, level));
	else
		json_member_bool(w, "dataomitted", true);
	json_end_object(w);
	return OK;
}
