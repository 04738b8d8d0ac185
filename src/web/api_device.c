/* Signed-in devices: one's own, or for the owner somebody's. */
#include "core/device.h"
#include "web/api.h"

/* The person in the path; without one, who asks. */
static struct str whose(const struct web_request *r)
{
	struct str username = web_param(r, "username");
	return username.len ? username : r->who.username;
}

static void write_device(struct json_writer *w, const struct device *device)
{
	json_begin_object(w);
	json_member_int(w, "id", device->id);
	json_member_str(w, "name", device->name);
	json_member_str(w, "client", device->client);
	json_member_cstr(w, "permission", permission_name(device->limit));
	json_key(w, "scope");
	scope_to_json(w, &device->scope);
	json_member_str(w, "address", device->address);
	api_time(w, "created_at", device->created);
	api_time(w, "used_at", device->used);
	api_time(w, "expires_at", device->expires);
	json_end_object(w);
}

enum err api_devices_list(struct ctx *c, struct web_request *r)
{
	struct device *devices;
	struct api_reply reply;
	size_t count;
	TRY(device_list(c, r->core, &r->who, whose(r), &devices, &count));
	api_list_begin(c, &reply);
	for (size_t i = 0; i < count; i++)
		write_device(&reply.w, &devices[i]);
	return api_list_send(c, r, &reply, NULL, STR(""));
}

enum err api_device_get(struct ctx *c, struct web_request *r)
{
	struct device *devices;
	struct api_reply reply;
	size_t count, at = 0;
	int64_t id;
	TRY(web_param_id(c, r, "device", &id));
	TRY(device_list(c, r->core, &r->who, whose(r), &devices, &count));
	while (at < count && devices[at].id != id)
		at++;
	if (at == count)
		return fail(c, ERR_NOT_FOUND, "there is no signed-in device with the id %lld",
			(long long)id);
	if (r->probing)
		r->expected.device = &devices[at];
	api_begin(c, &reply);
	write_device(&reply.w, &devices[at]);
	return api_send(c, r, 200, &reply);
}

enum err api_device_end(struct ctx *c, struct web_request *r)
{
	int64_t id;
	TRY(web_param_id(c, r, "device", &id));
	TRY(device_remove_seen(c, r->core, &r->who, whose(r), id, &r->expected));
	return web_no_content(c, r);
}

enum err api_devices_end_all(struct ctx *c, struct web_request *r)
{
	TRY(device_remove_all(c, r->core, &r->who, whose(r)));
	return web_no_content(c, r);
}
