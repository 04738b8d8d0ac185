/* Devices that ask to be let in. */
#include "core/device_parts.h"

#include "base/address.h"
#include "base/hash.h"
#include "base/hex.h"
#include "core/permit.h"
#include "core/record.h"
#include "core/secret.h"
#include "meta/device.h"
#include "meta/user.h"

enum {
	ASK_MAX = 30, /* from one address … */
	ASK_SECONDS = 600,
	WAITING_MAX = 10000, /* … and of all */
	GUESS_MAX = 10,      /* codes that nothing asks by, of one person … */
	GUESS_SECONDS = 600, /* … within this, and for so long nothing else is looked up for them */
	VERIFIER_MIN = 43,
	VERIFIER_MAX = 128,
	CHALLENGE_LEN = 43,
	ADDRESS_MAX = 64,
};

static enum err check_wish(struct ctx *c, const struct device_wish *wish)
{
	if (!device_client_name(wish->client))
		return fail(c, ERR_INVALID, "no program of the client_id \"%.*s\" is known here",
			STR_FMT(str_until(wish->client, 40)));
	if (wish->name.len > DEVICE_NAME_MAX || !str_is_utf8(wish->name))
		return fail(c, ERR_INVALID, "a device's name has at most %d bytes of UTF-8 text",
			DEVICE_NAME_MAX);
	for (size_t i = 0; i < wish->name.len; i++)
		if ((unsigned char)wish->name.at[i] < ' ' || wish->name.at[i] == 0x7f)
			return fail(c, ERR_INVALID, "a device's name is one line of text");
	if (wish->scope.bytes)
		return fail(c, ERR_INVALID, "a device has no budget of bytes");
	ASSERT(wish->limit >= PERMISSION_READ);
	return OK;
}

/* What cannot be counted is let go: the store may forget at any time. */
static bool is_over(
	struct ctx *c, struct core *core, const char *key, int64_t seconds, int64_t most)
{
	int64_t count;
	if (kv_count(c, core->kv, str_of(key), seconds, &count)) {
		ctx_clear(c);
		return false;
	}
	return count > most;
}

static enum err check_asker(struct ctx *c, struct core *core, struct str peer)
{
	char text[ADDRESS_GROUP_MAX];
	const char *key =
		arena_fmt(c->arena, "device-ask/%.*s", STR_FMT(address_group(peer, text)));
	if (peer.len && is_over(c, core, key, ASK_SECONDS, ASK_MAX))
		return fail(c, ERR_RATE_LIMITED,
			"too many devices ask from your address: wait some minutes");
	return OK;
}

static struct str new_user_code(struct ctx *c)
{
	enum { LETTERS = sizeof USER_CODE_LETTERS - 1, FAIR = 256 - 256 % LETTERS };
	char *code = arena_alloc(c->arena, USER_CODE_LEN);
	for (size_t done = 0; done < USER_CODE_LEN;) {
		uint8_t random;
		c->world->random(&random, 1);
		if (random < FAIR) /* else the first letters were likelier */
			code[done++] = USER_CODE_LETTERS[random % LETTERS];
	}
	return str_from(code, USER_CODE_LEN);
}

static struct device_request request_of(const struct device_wish *wish)
{
	return (struct device_request){
		.client = wish->client,
		.name = wish->name,
		.limit = wish->limit,
		.scope = wish->scope,
		.address = str_until(wish->peer, ADDRESS_MAX),
	};
}

/* Who is signed in, and lets in what they brought themselves, does not wait for strangers. */
static enum err put_request(struct ctx *c, struct db_tx *tx, struct device_request *request,
	struct str code, struct str user_code)
{
	int64_t waiting;
	TRY(meta_device_request_count(c, tx, &waiting));
	if (waiting >= WAITING_MAX && request->kind == DEVICE_BY_CODE)
		return fail(c, ERR_RATE_LIMITED,
			"too many devices wait to be let in: try again in some minutes");
	return meta_device_request_create(c, tx, request, device_hash(c, code), user_code);
}

enum err device_ask(
	struct ctx *c, struct core *core, const struct device_wish *wish, struct device_codes *out)
{
	DB_TX *tx = NULL;
	TRY(check_wish(c, wish));
	TRY(check_asker(c, core, wish->peer));
	struct str typed = new_user_code(c);
	struct device_request request = request_of(wish);
	out->code = secret_make(c);
	out->user_code = user_code_text(c->arena, typed);
	TRY(db_begin(c, core->db, DB_WRITE, &tx));
	TRY(put_request(c, tx, &request, out->code, typed));
	return db_commit(c, &tx);
}

/* A token must not be able to make itself a longer life. */
static enum err begin_in_person(struct ctx *c, struct core *core, const struct actor *who,
	enum db_mode mode, struct db_tx **tx)
{
	if (actor_has_key(who))
		return fail(c, ERR_DENIED,
			"a device is let in by who signs in themselves: this is an API key");
	return permit_begin_account(c, core, who, mode, tx);
}

static const char *guess_key(struct ctx *c, const struct actor *who, const char *what)
{
	return arena_fmt(c->arena, "device-%s/%lld", what, (long long)who->user_id);
}

static enum err check_guesses(struct ctx *c, struct core *core, const struct actor *who)
{
	struct str value;
	if (!kv_get(c, core->kv, str_of(guess_key(c, who, "guess-block")), &value))
		return fail(c, ERR_RATE_LIMITED,
			"too many codes that nothing asked by: wait ten minutes");
	ctx_clear(c);
	return OK;
}

static void count_guess(struct ctx *c, struct core *core, const struct actor *who)
{
	struct error before = c->error;
	if (is_over(c, core, guess_key(c, who, "guess"), GUESS_SECONDS, GUESS_MAX - 1) &&
		kv_put(c, core->kv, str_of(guess_key(c, who, "guess-block")), STR("1"),
			GUESS_SECONDS))
		ctx_clear(c);
	c->error = before;
}

/* In the transaction of who comes in person. */
static enum err find_typed(
	struct ctx *c, struct db_tx *tx, struct str code, struct device_request *out)
{
	enum err kind = meta_device_request_find_typed(c, tx, code, out);
	if (kind && kind != ERR_NOT_FOUND)
		return kind;
	bool there = !kind && out->kind == DEVICE_BY_CODE && out->state == DEVICE_PENDING &&
		     out->expires > db_now(tx);
	return there ? OK
		     : fail(c, ERR_NOT_FOUND,
			       "nothing asks by this code (any more): codes last 15 minutes, and "
			       "are good once");
}

/* Guesses are counted after the transaction: it is not to be held for that. */
static enum err settle(struct ctx *c, struct core *core, const struct actor *who, enum err kind)
{
	if (kind == ERR_NOT_FOUND)
		count_guess(c, core, who);
	return kind;
}

static enum err look(struct ctx *c, struct core *core, const struct actor *who, struct str code,
	struct device_request *out)
{
	DB_TX *tx = NULL;
	TRY(begin_in_person(c, core, who, DB_READ, &tx));
	return find_typed(c, tx, code, out);
}

static enum err read_typed(
	struct ctx *c, struct core *core, const struct actor *who, struct str typed, char *code)
{
	TRY(check_guesses(c, core, who));
	if (!user_code_read(typed, code))
		return fail(c, ERR_NOT_FOUND, "a code has %d letters, such as BCDF-GHJK",
			USER_CODE_LEN);
	return OK;
}

enum err device_look(struct ctx *c, struct core *core, const struct actor *who, struct str typed,
	struct device_request *out)
{
	char code[USER_CODE_LEN];
	TRY(read_typed(c, core, who, typed, code));
	return settle(c, core, who, look(c, core, who, str_from(code, USER_CODE_LEN), out));
}

/* Who may have another device: and of which password. */
static enum err approve(
	struct ctx *c, struct db_tx *tx, const struct actor *who, struct device_request *request)
{
	struct user user;
	struct device *devices;
	size_t count;
	TRY(meta_device_list(c, tx, who->user_id, &devices, &count));
	if (count >= DEVICES_MAX)
		return fail(c, ERR_TOO_BIG, "you have %zu signed-in devices: sign some out first",
			count);
	TRY(meta_user_get(c, tx, who->user_id, &user));
	request->state = DEVICE_APPROVED;
	request->user_id = user.id;
	request->generation = user.generation;
	return OK;
}

static enum err record(struct ctx *c, struct db_tx *tx, const struct actor *who,
	const struct device_request *request)
{
	struct buf data = {.arena = c->arena};
	struct json_writer w = {.out = &data};
	bool approved = request->state == DEVICE_APPROVED;
	json_begin_object(&w);
	json_member_str(&w, "username", who->username);
	json_member_str(&w, "client", request->client);
	json_member_str(&w, "name", request->name);
	json_member_str(&w, "address", request->address);
	json_member_cstr(&w, "permission", permission_name(request->limit));
	if (!scope_is_empty(&request->scope)) {
		json_key(&w, "scope");
		scope_to_json(&w, &request->scope);
	}
	json_end_object(&w);
	return record_add(c, tx,
		&(struct record){.who = who,
			.type = approved ? EVENT_DEVICE_APPROVED : EVENT_DEVICE_REFUSED,
			.subject = who->username,
			.data = buf_view(&data)});
}

static enum err decide(
	struct ctx *c, struct core *core, const struct actor *who, struct str code, bool approved)
{
	DB_TX *tx = NULL;
	struct device_request request;
	TRY(begin_in_person(c, core, who, DB_WRITE, &tx));
	TRY(find_typed(c, tx, code, &request));
	request.state = DEVICE_REFUSED;
	if (approved)
		TRY(approve(c, tx, who, &request));
	TRY(meta_device_request_decide(c, tx, code, &request));
	TRY(record(c, tx, who, &request));
	return db_commit(c, &tx);
}

enum err device_decide(
	struct ctx *c, struct core *core, const struct actor *who, struct str typed, bool approved)
{
	char code[USER_CODE_LEN];
	TRY(read_typed(c, core, who, typed, code));
	return settle(c, core, who, decide(c, core, who, str_from(code, USER_CODE_LEN), approved));
}

/* base64url of 32 bytes; a verifier has some punctuation more. */
static bool is_unreserved(struct str text, struct str more)
{
	for (size_t i = 0; i < text.len; i++) {
		char b = text.at[i];
		bool word =
			(b >= '0' && b <= '9') || (b >= 'A' && b <= 'Z') || (b >= 'a' && b <= 'z');
		if (!word && str_find(more, b) == more.len)
			return false;
	}
	return true;
}

enum err device_authorize_check(
	struct ctx *c, const struct device_wish *wish, const struct device_redirect *to)
{
	TRY(check_wish(c, wish));
	if (!redirect_is_loopback(to->url))
		return fail(c, ERR_INVALID,
			"redirect_uri is not one of this machine, such as http://127.0.0.1:PORT/");
	if (to->challenge.len != CHALLENGE_LEN || !is_unreserved(to->challenge, STR("-_")))
		return fail(c, ERR_INVALID,
			"code_challenge is no SHA-256 as base64url (code_challenge_method S256)");
	return OK;
}

enum err device_authorize(struct ctx *c, struct core *core, const struct actor *who,
	const struct device_wish *wish, const struct device_redirect *to, struct str *code)
{
	DB_TX *tx = NULL;
	struct device_request request = request_of(wish);
	request.kind = DEVICE_BY_REDIRECT;
	request.redirect = to->url;
	request.challenge = to->challenge;
	TRY(device_authorize_check(c, wish, to));
	*code = secret_make(c);
	TRY(begin_in_person(c, core, who, DB_WRITE, &tx));
	TRY(approve(c, tx, who, &request));
	/* Nobody types one: it only has to be another each time. */
	TRY(put_request(c, tx, &request, *code, secret_word(c, SECRET_LEN)));
	TRY(record(c, tx, who, &request));
	return db_commit(c, &tx);
}

static enum err bad_code(struct ctx *c)
{
	return fail(c, ERR_UNAUTH, "the code is used up, expired or wrong");
}

/* Whoever makes codes up waits for no turn to write, and nobody behind them. */
static enum err look_code(struct ctx *c, struct core *core, struct str code)
{
	DB_TX *tx = NULL;
	struct device_request request;
	TRY(db_begin(c, core->db, DB_READ, &tx));
	enum err kind = meta_device_request_find(c, tx, code, &request);
	return kind == ERR_NOT_FOUND ? bad_code(c) : kind;
}

/* A code is used up by who brings it, right or wrong. */
static enum err take_code(
	struct ctx *c, struct db_tx *tx, struct str code, struct device_request *out)
{
	enum err kind = meta_device_request_find(c, tx, code, out);
	if (!kind)
		kind = meta_device_request_delete(c, tx, code);
	bool good = !kind && out->kind == DEVICE_BY_REDIRECT && out->expires > db_now(tx);
	if (kind == ERR_NOT_FOUND || (!kind && !good))
		return bad_code(c);
	return kind;
}

static bool proves(struct ctx *c, const struct device_caller *caller,
	const struct device_request *request, const struct device_proof *proof)
{
	uint8_t digest[HASH_MAX];
	struct str verifier = proof->verifier;
	hash_once(HASH_SHA256, verifier.at, verifier.len, digest);
	struct str ours = base64url_encode(c->arena, str_from(digest, 32));
	return verifier.len >= VERIFIER_MIN && verifier.len <= VERIFIER_MAX &&
	       is_unreserved(verifier, STR("-._~")) && str_eq(ours, request->challenge) &&
	       str_eq(proof->redirect, request->redirect) &&
	       str_eq(caller->client, request->client);
}

enum err device_redeem(struct ctx *c, struct core *core, const struct device_caller *caller,
	const struct device_proof *proof, struct device_tokens *out)
{
	DB_TX *tx = NULL;
	struct device_request request;
	struct str code = device_hash(c, proof->code);
	TRY(look_code(c, core, code));
	TRY(db_begin(c, core->db, DB_WRITE, &tx));
	TRY(take_code(c, tx, code, &request));
	if (!proves(c, caller, &request, proof)) {
		TRY(db_commit(c, &tx));
		return fail(c, ERR_UNAUTH,
			"the code is for another client_id, redirect_uri or code_verifier");
	}
	enum err kind = device_begin(c, core, tx, caller, &request, out);
	if (kind == ERR_NOT_FOUND)
		return fail(c, ERR_UNAUTH, "who let this device in is not here any more");
	TRY(kind);
	return db_commit(c, &tx);
}

/* What became of it, without a write for who only waits. */
static enum err look_at(struct ctx *c, struct core *core, const struct device_caller *caller,
	struct str hash, enum device_answer *answer)
{
	DB_TX *tx = NULL;
	struct device_request request;
	*answer = DEVICE_UNKNOWN;
	TRY(db_begin(c, core->db, DB_READ, &tx));
	enum err kind = meta_device_request_find(c, tx, hash, &request);
	if (kind == ERR_NOT_FOUND) {
		ctx_clear(c);
		return OK;
	}
	TRY(kind);
	if (request.kind != DEVICE_BY_CODE || !str_eq(request.client, caller->client))
		return OK;
	*answer = request.expires <= db_now(tx)     ? DEVICE_OVER
		  : request.state == DEVICE_PENDING ? DEVICE_WAITS
		  : request.state == DEVICE_REFUSED ? DEVICE_DENIED
						    : DEVICE_GIVEN;
	return OK;
}

static enum err give(struct ctx *c, struct core *core, const struct device_caller *caller,
	struct str hash, enum device_answer *answer, struct device_tokens *out)
{
	DB_TX *tx = NULL;
	struct device_request request;
	TRY(db_begin(c, core->db, DB_WRITE, &tx));
	enum err kind = meta_device_request_find(c, tx, hash, &request);
	if (!kind)
		kind = meta_device_request_delete(c, tx, hash);
	if (!kind)
		kind = device_begin(c, core, tx, caller, &request, out);
	if (kind == ERR_NOT_FOUND) {
		ctx_clear(c);
		*answer = DEVICE_UNKNOWN;
		return OK;
	}
	TRY(kind);
	return db_commit(c, &tx);
}

enum err device_poll(struct ctx *c, struct core *core, const struct device_caller *caller,
	struct str code, enum device_answer *answer, struct device_tokens *out)
{
	char hex[65];
	struct str hash = device_hash(c, code);
	TRY(look_at(c, core, caller, hash, answer));
	if (*answer == DEVICE_GIVEN)
		return give(c, core, caller, hash, answer, out);
	hex_encode(hash.at, 32, hex);
	hex[64] = 0;
	/* A second less: who keeps to the interval is never too fast. */
	if (*answer == DEVICE_WAITS && is_over(c, core, arena_fmt(c->arena, "device-poll/%s", hex),
					       DEVICE_POLL_SECONDS - 1, 1))
		*answer = DEVICE_TOO_FAST;
	return OK;
}
