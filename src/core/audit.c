#include "core/audit.h"

#include "base/host.h"
#include "base/json.h"
#include "base/map.h"
#include "core/record.h"
#include "core/secret.h"

enum {
	TEXT_MAX = 1024, /* of one refusal */
	WHY_MAX = 512,
	SUBJECT_MAX = 256,
	SHORT_MAX = 64,
	MINUTE_US = 60 * 1000000,
};

/* One kind of refusal within a minute. Its texts lie in `bytes`. */
struct noted {
	uint64_t key;
	struct audit entry;
	struct str why;
	int64_t since; /* world->monotonic() */
	int64_t count; /* that are not written yet */
	bool told;     /* the first was */
	char bytes[TEXT_MAX];
	size_t len;
};

struct audit_log {
	struct host_lock lock;
	int64_t over, over_since; /* refusals that found no room */
	size_t count;
	struct noted at[AUDIT_REFUSED_MAX];
};

/* Memory that is not used is not touched. */
struct audit_log *audit_log_open(void)
{
	struct audit_log *log = host_alloc(sizeof *log);
	memset(log, 0, offsetof(struct audit_log, at));
	return log;
}

void audit_log_close(struct audit_log *log)
{
	if (log)
		host_free(log, sizeof *log);
}

/* What anybody may have sent, as text that every database takes. */
static struct str keep(struct noted *n, struct str text, size_t most)
{
	size_t room = sizeof n->bytes - n->len;
	size_t len = text.len < most ? text.len : most;
	len = len < room ? len : room;
	char *to = n->bytes + n->len;
	for (size_t i = 0; i < len; i++) {
		unsigned char byte = (unsigned char)text.at[i];
		to[i] = byte < ' ' || byte == 0x7f ? '?' : text.at[i];
	}
	/* A character may have been cut in two. */
	for (size_t i = 0; i < len && !str_is_utf8(str_from(to, len)); i++)
		to[len - 1 - i] = '?';
	n->len += len;
	return str_from(to, len);
}

static uint64_t key_of(const struct audit *e, const struct str *why)
{
	const struct str parts[] = {e->username, e->peer, e->action, e->subject, *why};
	uint64_t key = (uint64_t)e->user_id;
	for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
		key = bytes_hash(key + parts[i].len, parts[i].at, parts[i].len);
	return key;
}

static void fill(const struct ctx *c, const struct audit_refusal *what, struct noted *n)
{
	const struct actor *who = what->who;
	n->len = 0;
	n->entry = (struct audit){
		.chain = AUDIT_INSTANCE,
		.user_id = who ? who->user_id : 0,
		.username = keep(n, who ? who->username : what->name, SHORT_MAX),
		.peer = keep(n, who ? who->peer : what->peer, SHORT_MAX),
		.via = keep(n, who ? who->via : what->via, SHORT_MAX),
		.action = keep(n, what->action, SHORT_MAX),
		.outcome = AUDIT_REFUSED,
		.request = keep(n, str_of(c->id), SHORT_MAX),
		.decision = keep(n, what->decision, SHORT_MAX),
		.subject = keep(n, what->subject, SUBJECT_MAX),
	};
	n->why = keep(n, what->why, WHY_MAX);
	n->key = key_of(&n->entry, &n->why);
}

static struct noted *find(struct audit_log *log, const struct noted *like)
{
	for (size_t i = 0; i < log->count; i++)
		if (log->at[i].key == like->key)
			return &log->at[i];
	return NULL;
}

/* The last place is where the new one is made: where there is none, it is only counted. */
void audit_refuse(struct ctx *c, struct core *core, const struct audit_refusal *what)
{
	struct audit_log *log = core->audit;
	if (!log)
		return;
	int64_t now = c->world->monotonic();
	WITH_LOCK(&log->lock);
	if (log->count == AUDIT_REFUSED_MAX) {
		if (!log->over++)
			log->over_since = now;
		return;
	}
	struct noted *n = &log->at[log->count];
	fill(c, what, n);
	struct noted *same = find(log, n);
	if (same) {
		same->count++;
		return;
	}
	n->since = now;
	n->count = 1;
	n->told = false;
	log->count++;
}

/* Also where the policy could not be asked: only then is something refused that is not available. */
static bool is_refusal(const struct ctx *c, const struct actor *who)
{
	enum err kind = c->error.kind;
	return kind == ERR_DENIED || (kind == ERR_UNAUTH && !actor_is_anonymous(who)) ||
	       (kind == ERR_UNAVAILABLE && c->refused.told);
}

void audit_error(struct ctx *c, struct core *core, const struct actor *who, struct str method,
	struct str path)
{
	const struct refused *r = &c->refused;
	if (!core->audit || !is_refusal(c, who))
		return;
	struct str shown = secret_hidden(path);
	const char *asked = arena_fmt(c->arena, "%.*s %.*s", STR_FMT(method), STR_FMT(shown));
	audit_refuse(c, core,
		&(struct audit_refusal){
			.who = who,
			.action = str_of(r->action ? r->action : AUDIT_REQUEST),
			.subject = str_of(r->action && *r->subject ? r->subject : asked),
			.decision = str_of(r->decision ? r->decision : ""),
			.why = str_of(c->error.text),
		});
}

enum err audit_note(struct ctx *c, struct core *core, const struct actor *who, const char *action)
{
	struct audit entry = {.chain = AUDIT_INSTANCE, .action = str_of(action)};
	DB_TX *tx = NULL;
	TRY(db_begin_on(c, core->db, DB_LOG, &tx));
	TRY(record_audit(c, tx, who, &entry, NULL));
	return db_commit(c, &tx);
}

/* What is written of one place, or of those that found none (at: AUDIT_REFUSED_MAX). */
struct due {
	size_t at;
	int64_t count;
	struct audit entry;
};

static struct str detail_of(struct ctx *c, struct str why, int64_t count)
{
	struct buf out = {.arena = c->arena};
	struct json_writer w = {.out = &out};
	json_begin_object(&w);
	if (why.len)
		json_member_str(&w, "why", why);
	json_member_int(&w, "count", count);
	json_end_object(&w);
	return buf_view(&out);
}

static void copy_entry(struct ctx *c, const struct noted *n, struct audit *to)
{
	*to = n->entry;
	struct str *const texts[] = {&to->username, &to->peer, &to->via, &to->action, &to->subject,
		&to->request, &to->decision};
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
		*texts[i] = str_copy(c->arena, *texts[i]);
	to->detail = detail_of(c, n->why, n->count);
}

/* The first of a kind at once; those after it when its minute is over. */
static size_t take_due(struct ctx *c, struct audit_log *log, bool all, struct due *out)
{
	int64_t now = c->world->monotonic();
	size_t count = 0;
	WITH_LOCK(&log->lock);
	for (size_t i = 0; i < log->count; i++) {
		const struct noted *n = &log->at[i];
		bool over = all || now - n->since >= MINUTE_US;
		if (!n->count || (n->told && !over))
			continue;
		out[count] = (struct due){.at = i, .count = n->count};
		copy_entry(c, n, &out[count++].entry);
	}
	if (log->over && (all || now - log->over_since >= MINUTE_US)) {
		out[count] = (struct due){.at = AUDIT_REFUSED_MAX, .count = log->over};
		out[count++].entry = (struct audit){
			.chain = AUDIT_INSTANCE,
			.action = STR(AUDIT_OVERFLOW),
			.outcome = AUDIT_REFUSED,
			.detail = detail_of(c, (struct str){0}, log->over),
		};
	}
	return count;
}

static enum err write_due(struct ctx *c, struct core *core, struct due *due, size_t count)
{
	DB_TX *tx = NULL;
	struct audit_head head;
	TRY(db_begin_on(c, core->db, DB_LOG, &tx));
	TRY(meta_audit_head_get(c, tx, AUDIT_INSTANCE, &head));
	for (size_t i = 0; i < count; i++) {
		TRY(record_audit(c, tx, NULL, &due[i].entry, &head));
		head.sequence = due[i].entry.sequence;
		head.hash = due[i].entry.hash;
	}
	return db_commit(c, &tx);
}

/* Moves a place's texts along with it. */
static void move(struct noted *to, const struct noted *from)
{
	*to = *from;
	struct str *const texts[] = {&to->entry.username, &to->entry.peer, &to->entry.via,
		&to->entry.action, &to->entry.subject, &to->entry.request, &to->entry.decision,
		&to->why};
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
		if (texts[i]->len)
			texts[i]->at = to->bytes + (texts[i]->at - from->bytes);
}

/* Places are made by anybody and only emptied here, so those that were due are where they were. */
static void mark_written(struct ctx *c, struct audit_log *log, const struct due *due, size_t count)
{
	int64_t now = c->world->monotonic();
	WITH_LOCK(&log->lock);
	for (size_t i = 0; i < count; i++) {
		if (due[i].at == AUDIT_REFUSED_MAX) {
			log->over -= due[i].count;
			log->over_since = now;
			continue;
		}
		log->at[due[i].at].count -= due[i].count;
		log->at[due[i].at].told = true;
	}
	for (size_t i = log->count; i-- > 0;) {
		const struct noted *n = &log->at[i];
		if (n->count || now - n->since < MINUTE_US)
			continue;
		log->count--;
		if (i != log->count)
			move(&log->at[i], &log->at[log->count]);
	}
}

static bool is_empty(struct audit_log *log)
{
	WITH_LOCK(&log->lock);
	return !log->count && !log->over;
}

enum err audit_flush(struct ctx *c, struct core *core, bool all)
{
	struct audit_log *log = core->audit;
	if (!log)
		return OK;
	if (is_empty(log))
		return OK;
	struct due *due = NEW_ARRAY(c->arena, struct due, AUDIT_REFUSED_MAX + 1);
	size_t count = take_due(c, log, all, due);
	if (count)
		TRY(write_due(c, core, due, count));
	mark_written(c, log, due, count);
	return OK;
}
