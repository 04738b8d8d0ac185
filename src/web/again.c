/* Idempotency-Key: a POST of the API that is sent again is answered as it was the first time (core/idempotent.h). */
#include "core/idempotent.h"
#include "web/internal.h"

/* "201 /api/v1/repos/x\n{…}": the status, Location, and the body. */
static struct str answer_text(
	struct ctx *c, const struct web_request *r, int status, struct str body)
{
	struct str location = {0};
	for (size_t i = 0; i < r->header_count; i++)
		if (str_is(r->headers[i].name, "Location"))
			location = r->headers[i].value;
	return str_of(
		arena_fmt(c->arena, "%d %.*s\n%.*s", status, STR_FMT(location), STR_FMT(body)));
}

static enum err give_again(struct ctx *c, struct web_request *r, struct str answer)
{
	uint64_t status;
	struct str location = str_cut(&answer, '\n');
	if (!str_to_u64(str_cut(&location, ' '), &status))
		return fail(c, ERR_DAMAGED, "what was kept of an answer makes no sense");
	if (location.len)
		web_header(r, "Location", location);
	web_header(r, "Idempotency-Replayed", STR("true"));
	return answer.len ? web_json(c, r, (int)status, answer) : web_no_content(c, r);
}

/* What was done stays done: that its answer could not be kept is no reason to say otherwise. */
void web_keep_answer(struct ctx *c, struct web_request *r, int status, struct str body)
{
	struct idempotent *running = r->running;
	r->running = NULL;
	if (!running || status > 299)
		return;
	if (idempotent_done(c, r->core, running, answer_text(c, r, status, body)))
		ctx_clear(c);
}

enum err web_once(struct ctx *c, struct web_request *r, web_handler *handler)
{
	struct idempotent running;
	struct str key = web_request_header(r, "idempotency-key");
	struct str type = web_request_header(r, "content-type");
	if (!key.len || !r->who.user_id)
		return handler(c, r);
	if (type.len)
		TRY(web_read_body(c, r, "application/json", &r->body));
	struct str request = str_of(arena_fmt(c->arena, "%.*s %.*s?%.*s\n%.*s", STR_FMT(r->method),
		STR_FMT(r->path), STR_FMT(r->query), STR_FMT(r->body)));
	r->field = "Idempotency-Key";
	TRY(idempotent_begin(c, r->core, &r->who, key, request, &running));
	r->field = NULL;
	if (running.answer.len)
		return give_again(c, r, running.answer);
	r->running = &running;
	enum err kind = handler(c, r);
	/* Nothing was kept: it failed. */
	if (r->running)
		idempotent_failed(c, r->core, &running);
	r->running = NULL;
	return kind;
}
