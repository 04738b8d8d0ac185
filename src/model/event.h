/*
 * Something that happened, as plugins are told: written in the transaction that made it happen,
 * ordered within its repository. A value; its text belongs to whoever made it.
 */
#ifndef MODEL_EVENT_H
#define MODEL_EVENT_H

#include "base/json.h"
#include "model/actor.h"

enum event_type {
#define EVENT(kind, name, text) EVENT_##kind,
#include "model/event.def"
#undef EVENT
	EVENT_COUNT
};

struct event {
	int64_t repo_id;  /* 0: of the instance as a whole */
	int64_t sequence; /* 1, 2, 3 … within the repository */
	enum event_type type;
	struct str data; /* a JSON object */
	int64_t time;    /* microseconds since 1970 */
	int64_t version; /* of the repository, after it happened; 0 without one */
};

/* "repository.created"; and back: false for a word that is no event. */
const char *event_type_name(enum event_type type);
bool event_type_parse(struct str name, enum event_type *out);

/* What it means, in half a sentence. */
const char *event_type_text(enum event_type type);

/* Does it happen to a repository between its making and its end? Others are of the instance, or (a ping) for one webhook. */
bool event_is_of_repository(enum event_type type);

/* May who has this permission on its repository be told of it? Most, who may read. */
bool event_is_for(enum event_type type, enum permission level);

/*
 * As one of CloudEvents 1.0, for who has `level` there: `source` is where the repository is found ("/hello"). Data
 * that is empty was too long for this, and "dataomitted" stands in its place.
 */
enum err event_to_json(struct ctx *c, struct json_writer *w, const struct event *event,
	struct str source, enum permission level) MUST;

#endif
