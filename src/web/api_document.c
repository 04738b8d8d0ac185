/* The API's own description. */
#include "web/api.h"
#include "web/openapi.h"

static enum err send_document(
	struct ctx *c, struct web_request *r, const char *type, struct str document)
{
	if (web_is_fresh(r, str_of(type)))
		return web_not_modified(c, r);
	/* What browsers show of it elsewhere needs to read it, and it is the same for everybody. */
	web_header(r, "Access-Control-Allow-Origin", STR("*"));
	web_header(r, "Cross-Origin-Resource-Policy", STR("cross-origin"));
	return web_bytes(c, r, type, document);
}

enum err api_document_json(struct ctx *c, struct web_request *r)
{
	return send_document(c, r, "application/json", openapi_json);
}

enum err api_document_yaml(struct ctx *c, struct web_request *r)
{
	return send_document(c, r, "application/yaml", openapi_yaml);
}
