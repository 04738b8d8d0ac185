/* The instance for its owner's programs: how it fares, what it stores, what happened. */
#include "core/instance_state.h"
#include "web/about.h"
#include "web/api.h"

static void write_counts(struct json_writer *w, const struct instance_counts *n)
{
	json_key(w, "counts");
	json_begin_object(w);
	json_member_int(w, "repositories", n->repos);
	json_member_int(w, "deleted_repositories", n->deleted);
	json_member_int(w, "people", n->people);
	json_member_int(w, "sessions", n->sessions);
	json_member_int(w, "tokens", n->tokens);
	json_member_int(w, "signing_keys", n->signing_keys);
	json_member_int(w, "devices", n->devices);
	json_member_int(w, "packs", n->packs);
	json_member_int(w, "bytes", (int64_t)n->bytes);
	json_member_int(w, "retired_packs", n->retired_packs);
	json_member_int(w, "retired_bytes", (int64_t)n->retired_bytes);
	json_end_object(w);
}

static void write_ports(
	struct json_writer *w, const struct web_about *about, const struct instance_port *ports)
{
	json_key(w, "ports");
	json_begin_array(w);
	for (size_t i = 0; i < INSTANCE_PORTS; i++) {
		json_begin_object(w);
		json_member_cstr(w, "name", ports[i].name);
		json_member_cstr(w, "kind", about->kinds[i]);
		json_member_bool(w, "answers", !ports[i].why.len);
		json_member_int(w, "micros", ports[i].micros);
		json_member_str(w, "why", ports[i].why);
		json_end_object(w);
	}
	json_end_array(w);
}

static void write_settings(struct json_writer *w, const struct web_about *about)
{
	json_key(w, "settings");
	json_begin_array(w);
	for (size_t i = 0; i < about->setting_count; i++) {
		const struct instance_setting *s = &about->settings[i];
		json_begin_object(w);
		json_member_cstr(w, "name", s->name);
		if (s->secret)
			json_member_cstr(w, "value", NULL);
		else
			json_member_str(w, "value", s->value);
		json_member_bool(w, "secret", s->secret);
		json_member_bool(w, "set", s->set);
		json_end_object(w);
	}
	json_end_array(w);
}

enum err api_admin(struct ctx *c, struct web_request *r)
{
	struct instance_state state;
	struct api_reply reply;
	const struct web_about *about = r->web->about;
	TRY(instance_state(c, r->core, &r->who, &state));
	api_begin(c, &reply);
	json_begin_object(&reply.w);
	json_member_cstr(&reply.w, "version", r->web->version);
	json_member_cstr(&reply.w, "roles", about->roles);
	json_member_cstr(&reply.w, "home", about->home);
	json_member_bool(&reply.w, "second_factor_required", state.second_factor_required);
	write_counts(&reply.w, &state.counts);
	write_ports(&reply.w, about, state.ports);
	json_key(&reply.w, "cache");
	json_begin_object(&reply.w);
	json_member_int(&reply.w, "bytes", (int64_t)state.kept.bytes);
	json_member_int(&reply.w, "blobs", (int64_t)state.kept.blobs);
	json_member_int(&reply.w, "hits", (int64_t)state.kept.hits);
	json_member_int(&reply.w, "misses", (int64_t)state.kept.misses);
	json_end_object(&reply.w);
	write_settings(&reply.w, about);
	json_end_object(&reply.w);
	return api_send(c, r, 200, &reply);
}

enum err api_admin_storage(struct ctx *c, struct web_request *r)
{
	struct api_page page;
	struct api_reply reply;
	struct instance_storage_list list;
	TRY(api_page(c, r, &page));
	TRY(instance_storage(c, r->core, &r->who, page.after, page.limit, &list));
	api_list_begin(c, &reply);
	for (size_t i = 0; i < list.count; i++) {
		const struct instance_storage *s = &list.at[i];
		json_begin_object(&reply.w);
		json_member_int(&reply.w, "id", s->id);
		json_member_str(&reply.w, "name", s->name);
		json_member_bool(&reply.w, "deleted", s->deleted);
		json_member_int(&reply.w, "packs", s->packs);
		json_member_int(&reply.w, "bytes", (int64_t)s->bytes);
		json_member_int(&reply.w, "retired_packs", s->retired_packs);
		json_member_int(&reply.w, "retired_bytes", (int64_t)s->retired_bytes);
		json_end_object(&reply.w);
	}
	struct str next = {0};
	if (list.more)
		next = list.next;
	return api_list_send(c, r, &reply, &page, next);
}

enum err api_admin_compact(struct ctx *c, struct web_request *r)
{
	static const char *const kinds[] = {"nothing", "roll", "full"};
	struct compact_run run;
	struct api_reply reply;
	TRY(instance_compact(c, r->core, &r->who, web_param(r, "name"), &run));
	api_begin(c, &reply);
	json_begin_object(&reply.w);
	json_member_cstr(&reply.w, "kind", kinds[run.kind]);
	json_member_int(&reply.w, "packs_before", (int64_t)run.packs_before);
	json_member_int(&reply.w, "packs_after", (int64_t)run.packs_after);
	json_member_int(&reply.w, "bytes_before", (int64_t)run.bytes_before);
	json_member_int(&reply.w, "bytes_after", (int64_t)run.bytes_after);
	json_member_int(&reply.w, "dropped", (int64_t)run.dropped);
	json_end_object(&reply.w);
	return api_send(c, r, 200, &reply);
}

enum err api_admin_events(struct ctx *c, struct web_request *r)
{
	struct api_page page;
	struct api_reply reply;
	struct instance_events list;
	struct instance_events_query query = {
		.repo = web_query(c, r, "repo"),
		.type = web_query(c, r, "type"),
	};
	TRY(api_page(c, r, &page));
	query.after = page.after;
	query.limit = page.limit;
	TRY(instance_events(c, r->core, &r->who, &query, &list));
	api_list_begin(c, &reply);
	for (size_t i = 0; i < list.count; i++) {
		const struct instance_event *e = &list.at[i];
		json_begin_object(&reply.w);
		json_member_int(&reply.w, "repository_id", e->repo_id);
		json_member_str(&reply.w, "repository", e->repo);
		json_member_bool(&reply.w, "deleted", e->deleted);
		json_member_int(&reply.w, "sequence", e->sequence);
		json_member_str(&reply.w, "type", e->type);
		json_member_str(&reply.w, "data", e->data);
		json_member_int(&reply.w, "time", e->time);
		json_member_int(&reply.w, "version", e->version);
		json_member_str(&reply.w, "cursor", instance_event_cursor(c, e));
		json_end_object(&reply.w);
	}
	struct str next = {0};
	if (list.more)
		next = instance_event_cursor(c, &list.at[list.count - 1]);
	return api_list_send(c, r, &reply, &page, next);
}

enum err api_admin_webhooks(struct ctx *c, struct web_request *r)
{
	struct api_page page;
	struct api_reply reply;
	struct instance_webhooks list;
	TRY(api_page(c, r, &page));
	TRY(instance_webhooks(c, r->core, &r->who, page.after, page.limit, &list));
	api_list_begin(c, &reply);
	for (size_t i = 0; i < list.count; i++) {
		json_begin_object(&reply.w);
		json_member_str(&reply.w, "repository", list.at[i].repo);
		webhook_to_json(&reply.w, &list.at[i].webhook);
		json_end_object(&reply.w);
	}
	struct str next = {0};
	if (list.more)
		next = instance_webhook_cursor(c, &list.at[list.count - 1]);
	return api_list_send(c, r, &reply, &page, next);
}
