#include "model/event.h"

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
