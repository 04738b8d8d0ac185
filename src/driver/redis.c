#include "driver/redis.h"

#include "base/uri.h"
#include "driver/login_url.h"
#include "driver/pem_file.h"
#include "os/log.h"
#include "os/socket.h"

#include <errno.h>
#include <fcntl.h>
#include <hiredis/hiredis.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/socket.h>

enum { MINUTE_US = 60000000, PORT = 6379, DEPTH_MAX = 4, READ_MAX = 16 << 10 };

static enum err bad_url(struct ctx *c, const char *what)
{
	return fail(c, ERR_INVALID, "NIMBUS_KV %s: redis://user:password@host:port/0 is expected",
		what);
}

/* "host", "host:6379", "[::1]:6379". */
static enum err read_place(struct ctx *c, struct redis *r, struct str place)
{
	uint64_t port = PORT;
	size_t colon = str_find_last(place, ':');
	if (str_skip(&place, STR("["))) {
		size_t end = str_find(place, ']');
		struct str rest = str_from_index(place, end + 1);
		if (end == place.len || (rest.len && rest.at[0] != ':'))
			return bad_url(c, "has a bad address in brackets");
		place.len = end;
		if (rest.len && !str_to_u64(str_from_index(rest, 1), &port))
			return bad_url(c, "has a bad port");
	} else if (colon < place.len) {
		if (!str_to_u64(str_from_index(place, colon + 1), &port))
			return bad_url(c, "has a bad port");
		place.len = colon;
	}
	if (!place.len || memchr(place.at, 0, place.len))
		return bad_url(c, "names no host");
	if (!port || port > UINT16_MAX)
		return bad_url(c, "has a bad port");
	r->port = (int)port;
	r->host = str_dup(&r->arena, place);
	r->where = arena_fmt(&r->arena, "%s:%d", r->host, r->port);
	return OK;
}

static enum err read_url(struct ctx *c, struct redis *r, struct str url)
{
	r->secret = str_skip(&url, STR("rediss://"));
	if (!r->secret && !str_skip(&url, STR("redis://")))
		return bad_url(c, "is no redis:// or rediss:// URL");
	struct str database = url, user, password = {0};
	struct str place = str_cut(&database, '/');
	size_t at = str_find_last(place, '@');
	if (at < place.len) {
		password = str_until(place, at);
		place = str_from_index(place, at + 1);
	}
	user = str_cut(&password, ':');
	if (!uri_decode(&r->arena, user, false, &user) ||
		!uri_decode(&r->arena, password, false, &password))
		return bad_url(c, "has a bad %-escape");
	uint64_t number = 0;
	if (database.len && !str_to_u64(database, &number))
		return bad_url(c, "has a database that is no number");
	if (user.len && !password.len)
		return bad_url(c, "has a user without a password");
	r->user = str_dup(&r->arena, user);
	r->password = str_dup(&r->arena, password);
	r->database = arena_fmt(&r->arena, "%llu", (unsigned long long)number);
	return read_place(c, r, place);
}

enum err redis_init(struct ctx *c, struct redis *r, const char *url, const struct world *world)
{
	*r = (struct redis){.world = world};
	arena_init(&r->arena);
	enum err kind = read_url(c, r, str_of(url));
	if (kind)
		redis_done(r);
	return kind;
}

static enum err files_take(struct ctx *c, struct redis *r, const struct redis_files *files)
{
	const struct pem_pair pair = {.cert_setting = "NIMBUS_KV_CERT",
		.cert = files->cert,
		.key_setting = "NIMBUS_KV_KEY",
		.key = files->key};
	r->trust.files = *files;
	TRY(pem_file_check_trust(c, "NIMBUS_KV_CA", files->ca));
	return pem_file_check_pair(c, &pair);
}

enum err redis_init_as(struct ctx *c, struct redis *r, const struct secret_set *login,
	const struct redis_files *files, const struct world *world)
{
	struct secret_values values;
	TRY(secret_set_read(c, login, &values));
	TRY(redis_init(c, r, login_url(c->arena, &values), world));
	r->login = *login;
	enum err kind = files ? files_take(c, r, files) : OK;
	if (!kind && r->secret)
		kind = redis_trust_read(c, &r->trust);
	if (kind)
		redis_done(r);
	return kind;
}

void redis_done(struct redis *r)
{
	redis_trust_forget(&r->trust);
	arena_done(&r->arena);
}

int64_t redis_limit(const struct ctx *c, const struct redis *r)
{
	int64_t limit = r->world->monotonic() + REDIS_PATIENCE_US;
	return c->deadline && c->deadline < limit ? c->deadline : limit;
}

enum err redis_try(struct ctx *c, struct redis *r)
{
	int64_t now = r->world->monotonic();
	if (c->deadline && now >= c->deadline)
		return fail(c, ERR_TIMEOUT, "%s", err_text(ERR_TIMEOUT));
	WITH_LOCK(&r->lock);
	if (!r->lost)
		return OK;
	if (now < r->next_try) {
		r->failed++;
		return fail(c, ERR_UNAVAILABLE, "Redis (%s) is lost", r->where);
	}
	/* One finds out for all, who do not wait for it. */
	r->next_try = now + REDIS_PATIENCE_US + REDIS_PAUSE_US;
	return OK;
}

static void log_loss(const struct ctx *c, const struct redis *r, const char *message)
{
	struct log_line line;
	if (!log_begin(&line, LOG_LEVEL_WARN, message))
		return;
	log_cstr(&line, "redis", r->where);
	log_cstr(&line, "why", c->error.text);
	log_int(&line, "failed", r->failed);
	log_cstr(&line, "meanwhile",
		"browsers look signed out, nobody can sign in, and wrong passwords are not "
		"counted; git goes on");
	log_end(&line);
}

void redis_lost(struct ctx *c, struct redis *r)
{
	WITH_LOCK(&r->lock);
	int64_t now = r->world->monotonic();
	r->next_try = now + REDIS_PAUSE_US;
	r->failed++;
	if (!r->lost) {
		r->lost = true;
		r->lost_at = r->reminded = now;
		log_loss(c, r, "Redis is lost");
	} else if (now - r->reminded >= MINUTE_US) {
		r->reminded = now;
		log_loss(c, r, "Redis is still lost");
	}
}

void redis_back(struct redis *r)
{
	WITH_LOCK(&r->lock);
	if (!r->lost)
		return;
	r->lost = false;
	struct log_line line;
	if (log_begin(&line, LOG_LEVEL_INFO, "Redis is back")) {
		log_cstr(&line, "redis", r->where);
		log_int(&line, "micros", r->world->monotonic() - r->lost_at);
		log_int(&line, "failed", r->failed);
		log_end(&line);
	}
	r->failed = 0;
}

enum err redis_refused(struct ctx *c, struct redis *r, struct str text)
{
	int64_t now = r->world->monotonic();
	struct log_line line;
	WITH_LOCK(&r->lock);
	if ((!r->refused || now - r->refused >= MINUTE_US) &&
		log_begin(&line, LOG_LEVEL_WARN, "Redis refuses")) {
		r->refused = now;
		log_cstr(&line, "redis", r->where);
		log_str(&line, "why", text);
		log_end(&line);
	}
	return fail(c, ERR_UNAVAILABLE, "Redis (%s) refuses: %.*s", r->where, STR_FMT(text));
}

static enum err gone(struct ctx *c, const struct redis *r, const char *why)
{
	return fail(c, ERR_UNAVAILABLE, "Redis (%s): %s", r->where, why);
}

static enum err wait_for(
	struct ctx *c, const struct redis *r, const struct redis_link *conn, int64_t limit)
{
	int64_t left;
	while ((left = limit - r->world->monotonic()) > 0)
		if (socket_wait(conn->redis->fd, conn->awaits, left))
			return OK;
	/* Whose patience was it? */
	if (c->deadline && c->deadline <= limit)
		return fail(c, ERR_TIMEOUT, "%s", err_text(ERR_TIMEOUT));
	return gone(c, r, "it does not answer in time");
}

/* A refused sign-in is as good as no server. `as`: whose user and password it is. */
static enum err greet(struct ctx *c, struct redis *r, const struct redis *as,
	struct redis_link *conn, int64_t limit)
{
	struct buf out = {.arena = c->arena};
	struct str auth[] = {STR("AUTH"), str_of(as->user), str_of(as->password)};
	struct str select[] = {STR("SELECT"), str_of(r->database)};
	int replies = *as->password ? 2 : 1;
	if (*as->user) {
		redis_command(&out, 3, auth);
	} else if (*as->password) {
		auth[1] = auth[2];
		redis_command(&out, 2, auth);
	}
	redis_command(&out, 2, select);
	TRY(redis_send(c, r, conn, buf_view(&out), limit));
	for (int i = 0; i < replies; i++) {
		struct redis_reply reply;
		TRY(redis_receive(c, r, conn, limit, &reply));
		if (reply.kind == REDIS_REFUSAL)
			return fail(c, ERR_UNAVAILABLE, "Redis (%s) refuses: %.*s", r->where,
				STR_FMT(reply.text));
	}
	return OK;
}

static enum err sign_in(struct ctx *c, struct redis *r, struct redis_link *conn, int64_t limit)
{
	struct secret_values login;
	struct redis as;
	if (secret_set_is_fixed(&r->login))
		return greet(c, r, r, conn, limit);
	TRY(secret_set_read(c, &r->login, &login));
	TRY(redis_init(c, &as, login_url(c->arena, &login), r->world));
	enum err kind = greet(c, r, &as, conn, limit);
	redis_done(&as);
	if (!kind)
		return OK;
	struct error why = c->error;
	secret_set_doubt(c, &r->login, &login); /* the next one asks with what is right by then */
	c->error = why;
	return kind;
}

static enum err shake(struct ctx *c, struct redis *r, struct redis_link *conn, int64_t limit)
{
	const char *why = NULL;
	TRY(redis_link_begin_tls(c, conn, &r->trust, r->host));
	while (redis_link_shake(conn, &why) != 0) {
		if (errno != EAGAIN) {
			redis_trust_forget(&r->trust);
			return fail(c, ERR_UNAVAILABLE, "Redis (%s): no TLS with it: %s", r->where,
				why);
		}
		TRY(wait_for(c, r, conn, limit));
	}
	return OK;
}

static enum err be_connected(struct ctx *c, struct redis *r, struct redis_link *conn, int64_t limit)
{
	int fd = conn->redis->fd, problem = 0;
	socklen_t size = sizeof problem;
	if (conn->redis->err)
		return gone(c, r, conn->redis->errstr);
	(void)fcntl(fd, F_SETFD, FD_CLOEXEC);
	conn->awaits = POLLOUT;
	TRY(wait_for(c, r, conn, limit));
	if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &problem, &size) != 0)
		problem = errno;
	if (problem)
		return gone(c, r, strerrordesc_np(problem));
	if (r->secret)
		TRY(shake(c, r, conn, limit));
	return sign_in(c, r, conn, limit);
}

enum err redis_connect(struct ctx *c, struct redis *r, int64_t limit, struct redis_link **out)
{
	struct redis_link *conn = calloc(1, sizeof *conn);
	if (!conn || !(conn->redis = redisConnectNonBlock(r->host, r->port)))
		host_panic("out of memory");
	enum err kind = be_connected(c, r, conn, limit);
	if (kind)
		redis_disconnect(conn);
	else
		*out = conn;
	return kind;
}

void redis_disconnect(struct redis_link *conn)
{
	if (!conn)
		return;
	redis_link_close(conn);
	free(conn);
}

bool redis_is_idle(struct redis_link *conn)
{
	return !redis_link_stirs(conn);
}

void redis_command(struct buf *out, size_t count, const struct str *words)
{
	buf_fmt(out, "*%zu\r\n", count);
	for (size_t i = 0; i < count; i++) {
		buf_fmt(out, "$%zu\r\n", words[i].len);
		buf_bytes(out, words[i].at, words[i].len);
		buf_cstr(out, "\r\n");
	}
}

enum err redis_send(
	struct ctx *c, struct redis *r, struct redis_link *conn, struct str commands, int64_t limit)
{
	while (commands.len) {
		ssize_t put = redis_link_send(conn, commands);
		if (put > 0)
			commands = str_from_index(commands, (size_t)put);
		else if (put < 0 && errno == EAGAIN)
			TRY(wait_for(c, r, conn, limit));
		else if (put < 0 && errno != EINTR)
			return gone(c, r, strerrordesc_np(errno));
	}
	return OK;
}

static enum redis_kind kind_of(const redisReply *from)
{
	switch (from->type) {
	case REDIS_REPLY_INTEGER: return REDIS_NUMBER;
	case REDIS_REPLY_STRING:
	case REDIS_REPLY_STATUS: return REDIS_TEXT;
	case REDIS_REPLY_ERROR: return REDIS_REFUSAL;
	case REDIS_REPLY_ARRAY: return REDIS_LIST;
	default: return REDIS_NIL;
	}
}

/* Nothing that is asked for here lies deeper; hiredis reads no deeper than eight either. */
static void copy_reply(struct ctx *c, const redisReply *from, int depth, struct redis_reply *to)
{
	*to = (struct redis_reply){.kind = kind_of(from)};
	if (to->kind == REDIS_NUMBER) {
		to->number = from->integer;
	} else if (to->kind == REDIS_TEXT || to->kind == REDIS_REFUSAL) {
		to->text = str_copy(c->arena, str_from(from->str, from->len));
	} else if (to->kind == REDIS_LIST && depth < DEPTH_MAX) {
		to->count = from->elements;
		to->items = NEW_ARRAY(c->arena, struct redis_reply, to->count);
		for (size_t i = 0; i < to->count; i++)
			copy_reply(c, from->element[i], depth + 1, &to->items[i]);
	}
}

static enum err parse(struct ctx *c, struct redis *r, struct redis_link *conn, bool *there,
	struct redis_reply *out)
{
	void *reply = NULL;
	if (redisReaderGetReply(conn->redis->reader, &reply) != REDIS_OK)
		return gone(c, r, conn->redis->reader->errstr);
	*there = reply != NULL;
	if (!reply)
		return OK;
	copy_reply(c, reply, 0, out);
	freeReplyObject(reply);
	return OK;
}

enum err redis_receive_now(struct ctx *c, struct redis *r, struct redis_link *conn, bool *there,
	struct redis_reply *out)
{
	char bytes[READ_MAX];
	for (;;) {
		TRY(parse(c, r, conn, there, out));
		if (*there)
			return OK;
		ssize_t got = redis_link_receive(conn, bytes, sizeof bytes);
		if (got == 0)
			return gone(c, r, "it ended the connection");
		if (got < 0 && errno == EAGAIN)
			return OK;
		if (got < 0 && errno != EINTR)
			return gone(c, r, strerrordesc_np(errno));
		if (got > 0 && redisReaderFeed(conn->redis->reader, bytes, (size_t)got) != REDIS_OK)
			return gone(c, r, conn->redis->reader->errstr);
	}
}

enum err redis_receive(struct ctx *c, struct redis *r, struct redis_link *conn, int64_t limit,
	struct redis_reply *out)
{
	bool there;
	for (;;) {
		TRY(redis_receive_now(c, r, conn, &there, out));
		if (there)
			return OK;
		TRY(wait_for(c, r, conn, limit));
	}
}
