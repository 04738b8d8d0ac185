#include "core/record.h"

#include "base/date.h"
#include "meta/event.h"

enum err record_event(struct ctx *c, struct db_tx *tx, const struct record *what)
{
	struct event event = {
		.type = what->type,
		.data = what->data.len ? what->data : STR("{}"),
	};
	if (what->repo) {
		event.repo_id = what->repo->id;
		event.version = what->version ? what->version : what->repo->version;
	}
	return meta_event_add(c, tx, &event);
}

enum err record_add(struct ctx *c, struct db_tx *tx, const struct record *what)
{
	TRY(record_event(c, tx, what));
	struct audit entry = {
		.action = str_of(event_type_name(what->type)),
		.subject = what->subject,
		.detail = what->data,
		.request = str_of(c->id),
	};
	if (!entry.subject.len && what->repo)
		entry.subject = what->repo->name;
	if (what->who) {
		entry.user_id = what->who->user_id;
		entry.username = what->who->username;
	}
	return meta_audit_add(c, tx, &entry);
}

void record_time(struct json_writer *w, const char *key, int64_t seconds)
{
	char text[24];
	date_rfc3339(seconds, text);
	json_member_cstr(w, key, seconds ? text : NULL);
}
