#include "core/record.h"

#include "base/date.h"
#include "core/idempotent.h"
#include "meta/event.h"

static void note_recorded(struct ctx *c, int64_t repo_id)
{
	struct recorded *h = &c->recorded;
	for (unsigned i = 0; i < h->count; i++)
		if (h->repos[i] == repo_id)
			return;
	if (h->count < CTX_RECORDED_MAX)
		h->repos[h->count++] = repo_id;
}

void record_sign_out(struct ctx *c)
{
	note_recorded(c, 0);
}

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
	note_recorded(c, event.repo_id);
	TRY(idempotent_mark(c, tx));
	return meta_event_add(c, tx, &event);
}

enum err record_audit(struct ctx *c, struct db_tx *tx, const struct actor *who, struct audit *entry,
	const struct audit_head *head)
{
	if (!entry->request.len)
		entry->request = str_of(c->id);
	if (who) {
		entry->user_id = who->user_id;
		entry->username = who->username;
		entry->via = who->via;
		entry->peer = who->peer;
		if (!entry->decision.len)
			entry->decision = str_of(c->decision);
	}
	return meta_audit_add(c, tx, entry, head);
}

enum err record_add(struct ctx *c, struct db_tx *tx, const struct record *what)
{
	TRY(record_event(c, tx, what));
	struct audit entry = {
		.chain = what->repo ? what->repo->id : AUDIT_INSTANCE,
		.action = str_of(event_type_name(what->type)),
		.subject = what->subject,
		.detail = what->detail.len ? what->detail : what->data,
	};
	if (!entry.subject.len && what->repo)
		entry.subject = what->repo->name;
	return record_audit(c, tx, what->who, &entry, what->head);
}

void record_time(struct json_writer *w, const char *key, int64_t seconds)
{
	char text[24];
	date_rfc3339(seconds, text);
	json_member_cstr(w, key, seconds ? text : NULL);
}
