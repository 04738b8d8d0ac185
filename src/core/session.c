#include "core/session.h"

#include "base/buf.h"
#include "base/hash.h"
#include "base/hex.h"
#include "base/json.h"
#include "base/sort.h"
#include "core/factor.h"
#include "core/login.h"
#include "core/permit.h"
#include "core/person.h"
#include "core/record.h"
#include "core/secret.h"
#include "meta/session.h"
#include "meta/user.h"

enum {
	ID_BYTES = 16,
	ID_LEN = 22,
	BROWSER_MAX = 200,
	ADDRESS_MAX = 64,
	SEEN_SECONDS = 300, /* how often it is noted that a session is in use */
	WRITE_SECONDS = 10, /* only one of many requests notes something within so much */
};

/* What the kv has of a session. Of the secrets hashes; of the one before, "-" where there is none. */
struct remembered {
	int64_t user_id, generation, started, ends, seen, proved, turned;
	struct str secret, before, csrf;
	struct session_from from;
};

/* Somebody, and when they were looked up. */
struct known {
	struct user user;
	struct session_owner by; /* by which provider, and what is known there */
	int64_t now;
	bool must_enrol;
};

static struct str key_of(struct ctx *c, struct str id)
{
	return str_of(arena_fmt(c->arena, "session/%.*s", STR_FMT(id)));
}

static struct str id_token_key(struct ctx *c, struct str id)
{
	return str_of(arena_fmt(c->arena, "session-id-token/%.*s", STR_FMT(id)));
}

static enum err over(struct ctx *c)
{
	return fail(c, ERR_UNAUTH, "your session is over: sign in again");
}

/* Said to a person: nothing is wrong with what they typed. */
static enum err lost(struct ctx *c)
{
	return fail(c, ERR_UNAVAILABLE,
		"nobody can sign in just now: this server cannot reach its store of sessions. "
		"Clones and pushes go on; try again in a minute");
}

static struct str hash_of(struct ctx *c, struct str secret)
{
	char hash[65];
	secret_hash("session", secret, hash);
	return str_copy(c->arena, str_from(hash, 64));
}

static enum err remember(
	struct ctx *c, struct core *core, struct str id, const struct remembered *s, int64_t now)
{
	struct buf b = {.arena = c->arena};
	const int64_t numbers[] = {
		s->user_id, s->generation, s->started, s->ends, s->seen, s->proved, s->turned};
	for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
		buf_fmt(&b, "%lld ", (long long)numbers[i]);
	buf_fmt(&b, "%.*s %.*s %.*s %.*s ", STR_FMT(s->secret), STR_FMT(s->before),
		STR_FMT(s->csrf), STR_FMT(s->from.address));
	buf_str(&b, s->from.browser);
	int64_t left = s->ends - now, idle = core->limits.session_idle_seconds;
	return kv_put(c, core->kv, key_of(c, id), buf_view(&b), left < idle ? left : idle);
}

static bool read_number(struct str *text, int64_t *out)
{
	uint64_t number;
	bool ok = str_to_u64(str_cut(text, ' '), &number) && number <= INT64_MAX;
	*out = ok ? (int64_t)number : 0;
	return ok;
}

/* ERR_NOT_FOUND, and what the kv says. */
static enum err recall(struct ctx *c, struct core *core, struct str id, struct remembered *s)
{
	struct str text;
	int64_t *const numbers[] = {&s->user_id, &s->generation, &s->started, &s->ends, &s->seen,
		&s->proved, &s->turned};
	bool ok = true;
	TRY(kv_get(c, core->kv, key_of(c, id), &text));
	for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
		ok = read_number(&text, numbers[i]) && ok;
	s->secret = str_cut(&text, ' ');
	s->before = str_cut(&text, ' ');
	s->csrf = str_cut(&text, ' ');
	s->from.address = str_cut(&text, ' ');
	s->from.browser = text;
	return ok ? OK : fail(c, ERR_NOT_FOUND, "what is kept of this session cannot be read");
}

static void fill(struct ctx *c, struct str id, struct str secret, const struct remembered *s,
	const struct known *known, struct session *out)
{
	*out = (struct session){
		.id = str_copy(c->arena, id),
		.who = meta_user_actor(&known->user),
		.proved = s->proved,
		.now = known->now,
		.seconds = s->ends - known->now,
		.by = {.via = known->by.via,
			.identity_id = known->by.identity_id,
			.there = known->by.there},
	};
	out->who.via = known->by.via.len ? known->by.via : STR("session");
	out->cookie = str_of(arena_fmt(c->arena, "%.*s%.*s", STR_FMT(id), STR_FMT(secret)));
	secret_hash("csrf", s->csrf, out->csrf);
}

static struct str one_word(struct ctx *c, struct str text, size_t max, bool spaces)
{
	struct str cut = str_until(text, max);
	char *copy = str_dup(c->arena, cut);
	for (size_t i = 0; i < cut.len; i++)
		if ((unsigned char)copy[i] < ' ' || (!spaces && copy[i] == ' '))
			copy[i] = '?';
	return str_from(copy, cut.len);
}

/* By whom it is begun; and where by nobody else, that which it goes on from (may be NULL). */
struct beginning {
	const struct session_by *by;
	const struct session *old;
};

static enum err owner_of(
	struct ctx *c, struct db_tx *tx, const struct beginning *how, struct session_owner *out)
{
	const struct session_by *by = how->by;
	*out = (struct session_owner){0};
	if (by)
		*out = (struct session_owner){
			.via = by->via, .identity_id = by->identity_id, .there = by->there};
	else if (how->old)
		TRY(meta_session_get(c, tx, how->old->id, out));
	return OK;
}

/* Only so that signing out there needs no question: it may be lost. */
static void keep_id_token(struct ctx *c, struct core *core, const struct beginning *how,
	const struct session *session)
{
	struct str token = how->by ? how->by->id_token : (struct str){0};
	if (!how->by && how->old)
		token = session_take_id_token(c, core, how->old->id);
	if (token.len && kv_put(c, core->kv, id_token_key(c, session->id), token, session->seconds))
		ctx_clear(c);
}

static int64_t longest(const struct core *core, const struct beginning *how)
{
	int64_t seconds = core->limits.session_seconds;
	return how->by && seconds > SESSION_BY_SECONDS ? SESSION_BY_SECONDS : seconds;
}

/* The kv first: a row that nothing is known of would be a session in the list and none at all. */
static enum err begin(struct ctx *c, struct core *core, const struct actor *who,
	struct remembered *s, const struct beginning *how, struct session *out)
{
	DB_TX *tx = NULL;
	struct session_owner row;
	struct known known;
	uint8_t random[ID_BYTES];
	c->world->random(random, sizeof random);
	struct str id = base64url_encode(c->arena, str_from(random, sizeof random));
	struct str secret = secret_make(c);
	TRY(db_begin(c, core->db, DB_WRITE, &tx));
	TRY(permit_self(c, core, tx, who));
	TRY(meta_user_get(c, tx, who->user_id, &known.user));
	TRY(owner_of(c, tx, how, &row));
	known.now = db_now(tx);
	known.by = row;
	s->user_id = known.user.id;
	s->generation = known.user.generation;
	s->seen = s->turned = known.now;
	if (how->by && how->by->proved && how->by->proved < known.now)
		s->proved = how->by->proved;
	if (!s->proved)
		s->proved = known.now;
	s->secret = hash_of(c, secret);
	s->before = STR("-");
	if (!s->started) {
		s->started = known.now;
		s->ends = known.now + longest(core, how);
	}
	enum err kind = remember(c, core, id, s, known.now);
	if (kind == ERR_UNAVAILABLE)
		return lost(c);
	TRY(kind);
	row.id = id;
	row.user_id = known.user.id;
	row.ends = s->ends;
	TRY(meta_session_add(c, tx, &row));
	TRY(db_commit(c, &tx));
	fill(c, id, secret, s, &known, out);
	keep_id_token(c, core, how, out);
	out->is_new = true;
	return OK;
}

static struct session_from tidy_from(struct ctx *c, const struct session_from *from)
{
	return (struct session_from){
		.address = one_word(c, from->address, ADDRESS_MAX, false),
		.browser = one_word(c, from->browser, BROWSER_MAX, true),
	};
}

enum err session_begin_by(struct ctx *c, struct core *core, const struct actor *who,
	const struct session_from *from, const struct session_by *by, struct session *out)
{
	if (actor_has_key(who))
		return fail(c, ERR_DENIED, "a token cannot begin a session: use a password");
	struct remembered s = {.csrf = secret_make(c), .from = tidy_from(c, from)};
	return begin(c, core, who, &s, &(struct beginning){.by = by}, out);
}

enum err session_begin(struct ctx *c, struct core *core, const struct actor *who,
	const struct session_from *from, struct session *out)
{
	return session_begin_by(c, core, who, from, NULL, out);
}

/* Tidiness: without its row it is over. */
static void forget(struct ctx *c, struct core *core, struct str id)
{
	if (kv_remove(c, core->kv, key_of(c, id)))
		ctx_clear(c);
	if (kv_remove(c, core->kv, id_token_key(c, id)))
		ctx_clear(c);
}

static enum err end(struct ctx *c, struct core *core, struct str id)
{
	DB_TX *tx = NULL;
	struct session_owner row;
	TRY(db_begin(c, core->db, DB_WRITE, &tx));
	enum err kind = meta_session_get(c, tx, id, &row);
	if (!kind)
		kind = meta_session_remove(c, tx, row.user_id, id);
	if (kind == ERR_NOT_FOUND) {
		ctx_clear(c);
		return OK;
	}
	TRY(kind);
	TRY(db_commit(c, &tx));
	forget(c, core, id);
	record_sign_out(c);
	return OK;
}

/* In words for who has it. */
static enum err recall_old(
	struct ctx *c, struct core *core, const struct session *old, struct remembered *s)
{
	enum err kind = recall(c, core, old->id, s);
	if (kind == ERR_NOT_FOUND)
		return over(c);
	return kind == ERR_UNAVAILABLE ? lost(c) : kind;
}

enum err session_prove_by(struct ctx *c, struct core *core, const struct session *old,
	const struct session_from *from, const struct session_by *by, struct session *out)
{
	struct remembered s;
	TRY(recall_old(c, core, old, &s));
	s.from = tidy_from(c, from);
	s.proved = 0;
	TRY(begin(c, core, &old->who, &s, &(struct beginning){by, old}, out));
	return end(c, core, old->id);
}

enum err session_prove(struct ctx *c, struct core *core, const struct session *old,
	const struct session_from *from, struct session *out)
{
	return session_prove_by(c, core, old, from, NULL, out);
}

enum err session_keep(
	struct ctx *c, struct core *core, const struct session *old, struct session *out)
{
	struct remembered s;
	struct actor who = old->who;
	struct session_by by = old->by;
	TRY(recall_old(c, core, old, &s));
	who.generation++;
	/* The row that said by which provider it was begun is gone. */
	by.id_token = session_take_id_token(c, core, old->id);
	TRY(begin(c, core, &who, &s, &(struct beginning){.by = &by}, out));
	return end(c, core, old->id);
}

enum err session_ready(struct ctx *c, struct core *core)
{
	struct str none;
	enum err kind = kv_get(c, core->kv, STR("session/"), &none);
	if (kind == ERR_UNAVAILABLE)
		return lost(c);
	if (kind != ERR_NOT_FOUND)
		return kind;
	ctx_clear(c);
	return OK;
}

static enum err load_owner_of(struct ctx *c, struct core *core, struct str id, struct known *out)
{
	DB_TX *tx = NULL;
	TRY(db_begin(c, core->db, DB_READ, &tx));
	enum err kind = meta_user_get_by_session(c, tx, id, &out->user, &out->by);
	if (!kind)
		out->now = db_now(tx);
	if (kind == ERR_NOT_FOUND || (!kind && user_has_ended(&out->user, out->now)))
		return over(c);
	TRY(kind);
	/* Whom a provider proved, it asked for whatever it wants. */
	out->must_enrol = false;
	if (out->user.has_factor || out->by.via.len)
		return OK;
	return factor_is_required(c, tx, &out->must_enrol);
}

enum err session_stands(struct ctx *c, struct db_tx *tx, struct str id)
{
	struct session_owner row;
	if (!id.len)
		return OK;
	enum err kind = meta_session_get(c, tx, id, &row);
	if (kind == ERR_NOT_FOUND || (!kind && row.ends <= db_now(tx)))
		return over(c);
	return kind;
}

enum err session_lives(struct ctx *c, struct core *core, struct str id)
{
	DB_TX *tx = NULL;
	struct remembered s;
	if (!id.len)
		return OK;
	TRY(db_begin(c, core->db, DB_READ, &tx));
	TRY(session_stands(c, tx, id));
	int64_t now = db_now(tx);
	db_rollback(&tx);
	enum err kind = recall(c, core, id, &s);
	if (kind == ERR_NOT_FOUND || (!kind && s.seen + core->limits.session_idle_seconds <= now))
		return over(c);
	if (kind == ERR_UNAVAILABLE) {
		ctx_clear(c);
		return OK;
	}
	return kind;
}

static bool is_hash_of(struct ctx *c, struct str hash, struct str secret)
{
	struct str ours = hash_of(c, secret);
	return str_eq_secret(hash, ours);
}

static bool is_secret_of(struct ctx *c, const struct remembered *s, struct str secret, int64_t now)
{
	return is_hash_of(c, s->secret, secret) ||
	       (now - s->turned < SESSION_OVERLAP && is_hash_of(c, s->before, secret));
}

/*
 * Notes that it is in use, and gives it another secret after a day of that. One of many requests
 * does; where nothing can be noted just now, a later one will. Of two who write at the same time one
 * would undo what the other did: so the right to it is a counter's first, and it reads again.
 */
static enum err note_use(struct ctx *c, struct core *core, struct str id, struct str *secret,
	const struct known *known)
{
	struct remembered s;
	int64_t count;
	struct str turn = str_of(arena_fmt(c->arena, "session-write/%.*s", STR_FMT(id)));
	TRY(kv_count(c, core->kv, turn, WRITE_SECONDS, &count));
	if (count != 1)
		return OK;
	TRY(recall(c, core, id, &s));
	struct str next = *secret;
	s.seen = known->now;
	if (known->now - s.turned >= SESSION_TURN && is_hash_of(c, s.secret, *secret)) {
		next = secret_make(c);
		s.before = s.secret;
		s.secret = hash_of(c, next);
		s.turned = known->now;
	}
	TRY(remember(c, core, id, &s, known->now));
	*secret = next;
	return OK;
}

enum err session_get(struct ctx *c, struct core *core, struct str cookie, struct session *out)
{
	struct remembered s;
	struct known known;
	if (cookie.len != ID_LEN + SECRET_LEN)
		return over(c);
	struct str id = str_until(cookie, ID_LEN), given = str_from_index(cookie, ID_LEN);
	struct str secret = given;
	enum err kind = recall(c, core, id, &s);
	if (kind == ERR_NOT_FOUND)
		return over(c);
	/* Better a page as a stranger sees it than none. */
	if (kind == ERR_UNAVAILABLE)
		return fail(c, ERR_UNAUTH, "sessions cannot be looked up just now");
	TRY(kind);
	TRY(load_owner_of(c, core, id, &known));
	bool right = is_secret_of(c, &s, secret, known.now);
	bool lives = s.ends > known.now && s.seen + core->limits.session_idle_seconds > known.now;
	if (!right || !lives || known.user.id != s.user_id || known.user.generation != s.generation)
		return over(c);
	if (known.now - s.seen >= SEEN_SECONDS && note_use(c, core, id, &secret, &known))
		ctx_clear(c);
	fill(c, id, secret, &s, &known, out);
	out->must_enrol = known.must_enrol;
	out->is_new = !str_eq_secret(secret, given);
	return OK;
}

enum err session_end(struct ctx *c, struct core *core, struct str cookie)
{
	struct remembered s;
	if (cookie.len != ID_LEN + SECRET_LEN)
		return OK;
	struct str id = str_until(cookie, ID_LEN), secret = str_from_index(cookie, ID_LEN);
	/* Or had it: the one before will do, however long ago that was. */
	if (!recall(c, core, id, &s) && !is_hash_of(c, s.secret, secret) &&
		!is_hash_of(c, s.before, secret))
		return OK;
	/* What cannot be asked keeps nobody signed in. */
	ctx_clear(c);
	return end(c, core, id);
}

struct str session_take_id_token(struct ctx *c, struct core *core, struct str id)
{
	struct str token;
	if (kv_take(c, core->kv, id_token_key(c, id), &token) == OK)
		return token;
	ctx_clear(c);
	return (struct str){0};
}

/* A token is a word by chance, and the hash of it and the session's secret. */
enum { CSRF_WORD = 16, CSRF_HASH = 64 };

static void csrf_hash(const struct session *s, const char *word, char out[CSRF_HASH + 1])
{
	char text[CSRF_WORD + SESSION_CSRF_SIZE - 1];
	memcpy(text, word, CSRF_WORD);
	memcpy(text + CSRF_WORD, s->csrf, SESSION_CSRF_SIZE - 1);
	secret_hash("csrf-form", str_from(text, sizeof text), out);
}

struct str session_csrf(struct ctx *c, const struct session *s)
{
	struct str word = secret_word(c, CSRF_WORD);
	char hash[CSRF_HASH + 1];
	csrf_hash(s, word.at, hash);
	return str_of(arena_fmt(c->arena, "%.*s%s", STR_FMT(word), hash));
}

enum err session_check_csrf(struct ctx *c, const struct session *s, struct str given)
{
	char hash[CSRF_HASH + 1];
	if (given.len == CSRF_WORD + CSRF_HASH) {
		csrf_hash(s, given.at, hash);
		if (bytes_equal_secret(given.at + CSRF_WORD, hash, CSRF_HASH))
			return OK;
	}
	return fail(c, ERR_DENIED, "this form is from another session: reload the page");
}

static enum err record_ended(struct ctx *c, struct db_tx *tx, const struct actor *who,
	const struct user *user, const char *which)
{
	struct buf b = {.arena = c->arena};
	struct json_writer w = {.out = &b};
	json_begin_object(&w);
	json_member_str(&w, "username", user->username);
	json_member_cstr(&w, "which", which);
	json_end_object(&w);
	return record_add(c, tx,
		&(struct record){.who = who,
			.type = EVENT_SESSION_ENDED,
			.subject = user->username,
			.data = buf_view(&b)});
}

static int later_first(const void *a, const void *b, const void *arg)
{
	const struct session_row *one = a, *two = b;
	(void)arg;
	if (one->seen != two->seen)
		return one->seen > two->seen ? -1 : 1;
	return str_cmp(one->id, two->id);
}

/* What is kept of it, where it is not over. */
static enum err find_row(struct ctx *c, struct core *core, struct str id, const struct known *known,
	struct session_row *out, bool *lives)
{
	struct remembered s;
	enum err kind = recall(c, core, id, &s);
	if (kind && kind != ERR_NOT_FOUND)
		return kind;
	ctx_clear(c);
	*lives = !kind && s.generation == known->user.generation && s.ends > known->now;
	if (*lives)
		*out = (struct session_row){id, s.from, s.started, s.seen};
	return OK;
}

enum err session_list(struct ctx *c, struct core *core, const struct actor *who,
	struct str username, struct session_row **out, size_t *count)
{
	struct user user;
	struct str *ids;
	size_t found;
	DB_TX *tx = NULL;
	TRY(permit_begin_account_of(c, core, who, username, DB_READ, &tx));
	TRY(person_get(c, tx, username, &user));
	TRY(meta_session_list(c, tx, user.id, &ids, &found));
	int64_t now = db_now(tx);
	db_rollback(&tx);
	*out = NEW_ARRAY(c->arena, struct session_row, found);
	*count = 0;
	for (size_t i = 0; i < found; i++) {
		bool lives;
		TRY(find_row(c, core, ids[i], &(struct known){.user = user, .now = now},
			&(*out)[*count], &lives));
		*count += lives;
	}
	sort_array(c->arena, *out, *count, sizeof **out, later_first, NULL);
	return OK;
}

enum err session_end_one(struct ctx *c, struct core *core, const struct actor *who,
	struct str username, struct str id)
{
	return session_end_one_seen(c, core, who, username, id, NULL);
}

static enum err check_seen(struct ctx *c, struct core *core, struct str id,
	const struct known *known, struct expected *expected)
{
	struct session_row now;
	bool lives;
	if (!expected || !expected->session)
		return OK;
	TRY(find_row(c, core, id, known, &now, &lives));
	return expected_session(c, expected, lives ? &now : NULL);
}

enum err session_end_one_seen(struct ctx *c, struct core *core, const struct actor *who,
	struct str username, struct str id, struct expected *expected)
{
	struct user user;
	DB_TX *tx = NULL;
	TRY(permit_begin_account_of(c, core, who, username, DB_WRITE, &tx));
	TRY(person_get(c, tx, username, &user));
	TRY(check_seen(c, core, id, &(struct known){.user = user, .now = db_now(tx)}, expected));
	TRY(meta_session_remove(c, tx, user.id, id));
	TRY(record_ended(c, tx, who, &user, "one"));
	TRY(db_commit(c, &tx));
	forget(c, core, id);
	return OK;
}

enum err session_end_all(
	struct ctx *c, struct core *core, const struct actor *who, struct str username)
{
	struct user user;
	DB_TX *tx = NULL;
	TRY(permit_begin_account_of(c, core, who, username, DB_WRITE, &tx));
	TRY(person_get(c, tx, username, &user));
	TRY(meta_user_end(c, tx, user.id));
	TRY(meta_session_remove_all(c, tx, user.id));
	TRY(meta_login_link_remove_all(c, tx, user.id));
	TRY(record_ended(c, tx, who, &user, "all"));
	TRY(db_commit(c, &tx));
	login_ended(c, core, user.id, 0);
	return OK;
}

enum err session_end_there(struct ctx *c, struct core *core, const struct provider_signed_out *what,
	struct str via, size_t *count)
{
	const struct actor provider = {.via = via, .limit = PERMISSION_ADMIN};
	const struct session_there there = {what->issuer, what->subject, what->session};
	struct session_owner *list;
	DB_TX *tx = NULL;
	TRY(db_begin(c, core->db, DB_WRITE, &tx));
	TRY(meta_session_list_there(c, tx, &there, &list, count));
	for (size_t i = 0; i < *count; i++) {
		struct user user;
		TRY(meta_session_remove(c, tx, list[i].user_id, list[i].id));
		if (i && list[i].user_id == list[i - 1].user_id)
			continue;
		TRY(meta_user_get(c, tx, list[i].user_id, &user));
		TRY(record_ended(c, tx, &provider, &user, "provider"));
	}
	TRY(db_commit(c, &tx));
	for (size_t i = 0; i < *count; i++)
		forget(c, core, list[i].id);
	return OK;
}
