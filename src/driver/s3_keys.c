#include "driver/s3_keys.h"

#include "base/host.h"
#include "driver/s3_xml.h"
#include "os/file.h"

#include <stdlib.h>

enum {
	TOKEN_MAX = 64 << 10,
	KEY_MAX = 4096,
	MILLION = 1000000,
	AHEAD = 300,    /* seconds before they expire, new ones are asked for */
	AGAIN = 30,     /* seconds after that failed, it is tried again */
	LIFE_LEAST = 60 /* seconds: keys that expire sooner are used for so long all the same */
};

struct s3_identity {
	struct host_lock lock;
	struct blob_s3_options options;
	struct s3_http *http;
	char *sts; /* the address of STS; NULL: the keys are fixed */
	struct s3_keys fixed;

	/* under the lock */
	bool asking; /* a thread is at it */
	char *access, *secret, *token;
	int64_t expires, renew; /* seconds since 1970 */
};

static bool is_clean(struct str key)
{
	for (size_t i = 0; i < key.len; i++)
		if ((uint8_t)key.at[i] < 0x20 || key.at[i] == 0x7f)
			return false;
	return true;
}

static enum err use_fixed(struct ctx *c, struct s3_identity *i, const char *const words[3],
	const char *prefix, bool *found)
{
	*found = *words[0] || *words[1];
	if (*found && (!*words[0] || !*words[1]))
		return fail(c, ERR_INVALID, "of the two keys for NIMBUS_BLOB only one is set: %s",
			prefix);
	for (int n = 0; n < 3; n++)
		if (!is_clean(str_of(words[n])))
			return fail(c, ERR_INVALID,
				"a key for NIMBUS_BLOB holds a control character: %s", prefix);
	i->fixed = (struct s3_keys){str_of(words[0]), str_of(words[1]), str_of(words[2])};
	return OK;
}

static char *keep(struct str text)
{
	char *copy = host_alloc(text.len + 1);
	if (text.len)
		memcpy(copy, text.at, text.len);
	copy[text.len] = 0;
	return copy;
}

static enum err configure(struct ctx *c, struct s3_identity *i, struct str region)
{
	const struct blob_s3_options *o = &i->options;
	const char *const ours[] = {o->access_key, o->secret_key, o->session_token},
			  *const aws[] = {
				  o->aws_access_key, o->aws_secret_key, o->aws_session_token};
	bool found;
	TRY(use_fixed(c, i, ours, "NIMBUS_S3_ACCESS_KEY and NIMBUS_S3_SECRET_KEY", &found));
	if (!found)
		TRY(use_fixed(c, i, aws, "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY", &found));
	if (found)
		return OK;
	if (!*o->role || !*o->token_file)
		return fail(c, ERR_INVALID,
			"there are no keys for NIMBUS_BLOB: set NIMBUS_S3_ACCESS_KEY and "
			"NIMBUS_S3_SECRET_KEY (or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or "
			"AWS_ROLE_ARN and AWS_WEB_IDENTITY_TOKEN_FILE)");
	const char *sts = o->sts;
	if (!*sts)
		sts = arena_fmt(c->arena, "https://sts.%.*s.amazonaws.com", STR_FMT(region));
	if (!str_starts(str_of(sts), STR("http://")) && !str_starts(str_of(sts), STR("https://")))
		return fail(c, ERR_INVALID,
			"AWS_ENDPOINT_URL_STS=%.200s is no address such as "
			"https://sts.example.org",
			sts);
	i->sts = keep(str_of(sts));
	return OK;
}

enum err s3_identity_open(struct ctx *c, const struct blob_s3_options *options, struct str region,
	struct s3_http *http, struct s3_identity **out)
{
	struct s3_identity *i = calloc(1, sizeof *i);
	if (!i)
		host_panic("out of memory");
	i->options = *options;
	i->http = http;
	enum err kind = configure(c, i, region);
	if (kind)
		s3_identity_close(i);
	else
		*out = i;
	return kind;
}

void s3_identity_close(struct s3_identity *i)
{
	if (!i)
		return;
	free(i->sts);
	free(i->access);
	free(i->secret);
	free(i->token);
	free(i);
}

static enum err read_answer(
	struct ctx *c, struct s3_identity *i, const struct s3_exchange *x, int64_t now)
{
	struct s3_xml *root = NULL;
	TRY_WHILE(c, s3_xml_answer(c, x->text, &root), "reading the answer of %s", i->sts);
	const struct s3_xml *error = s3_xml_get(root, "Error");
	if (x->status != 200)
		return fail(c, ERR_UNAVAILABLE,
			"%s gives no keys (%d %.*s: %.*s): check AWS_ROLE_ARN, and that the role "
			"trusts the token of AWS_WEB_IDENTITY_TOKEN_FILE",
			i->sts, x->status, STR_FMT(s3_xml_text(error, "Code")),
			STR_FMT(str_until(s3_xml_text(error, "Message"), 200)));
	const struct s3_xml *keys =
		s3_xml_get(s3_xml_get(root, "AssumeRoleWithWebIdentityResult"), "Credentials");
	struct str access = s3_xml_text(keys, "AccessKeyId");
	struct str secret = s3_xml_text(keys, "SecretAccessKey");
	struct str token = s3_xml_text(keys, "SessionToken");
	int64_t expires;
	if (!access.len || !secret.len || access.len > KEY_MAX || secret.len > KEY_MAX ||
		token.len > KEY_MAX || !s3_xml_time(s3_xml_text(keys, "Expiration"), &expires))
		return fail(c, ERR_UNAVAILABLE, "the answer of %s holds no keys", i->sts);
	if (x->date)
		expires += now - x->date; /* their clock's word, by ours */
	int64_t least = now + LIFE_LEAST, early = (expires - now) / 2;
	int64_t renew = expires - (early < AHEAD ? early : AHEAD);
	WITH_LOCK(&i->lock);
	free(i->access), free(i->secret), free(i->token);
	i->access = keep(access), i->secret = keep(secret), i->token = keep(token);
	i->expires = expires > least ? expires : least;
	i->renew = renew > now ? renew : now + 1;
	return OK;
}

static enum err ask(struct ctx *c, struct s3_identity *i)
{
	const struct blob_s3_options *o = &i->options;
	struct str token;
	/* Not its own kind: that a file is missing must not look like a blob that is. */
	if (file_read(c, o->token_file, TOKEN_MAX, &token))
		return fail(c, ERR_UNAVAILABLE, "AWS_WEB_IDENTITY_TOKEN_FILE: %s",
			arena_strdup(c->arena, c->error.text));
	struct s3_pair form[] = {
		{STR("Action"), STR("AssumeRoleWithWebIdentity")},
		{STR("Version"), STR("2011-06-15")},
		{STR("RoleArn"), str_of(o->role)},
		{STR("RoleSessionName"),
			*o->session_name ? str_of(o->session_name) : STR("nimbus")},
		{STR("WebIdentityToken"), str_trim(token)},
	};
	struct buf text = {.arena = c->arena};
	s3_query(&text, form, sizeof form / sizeof *form);
	const struct s3_pair header = {
		STR("content-type"), STR("application/x-www-form-urlencoded")};
	const struct s3_body body = {.bytes = buf_view(&text)};
	struct s3_patience patience = {0};
	for (;;) {
		struct s3_exchange x = {.method = "POST",
			.url = i->sts,
			.headers = &header,
			.header_count = 1,
			.body = &body};
		enum err kind = s3_http_send(c, i->http, &x);
		if (!kind && (x.status >= 500 || x.status == 429)) {
			x.again = true;
			kind = fail(c, ERR_UNAVAILABLE, "%s answered %d", i->sts, x.status);
		}
		if (!kind)
			return read_answer(c, i, &x, c->world->clock() / MILLION);
		if (!x.again)
			return kind;
		TRY(s3_http_again(c, i->http, &patience, kind));
	}
}

/* Is it this thread's turn to ask? While the keys are good, the others go on with them. */
static enum err take_turn(struct ctx *c, struct s3_identity *i, int64_t now, bool *mine)
{
	enum { TICK = 100000 };
	for (;;) {
		host_lock(&i->lock);
		bool good = i->access && now < i->expires;
		*mine = !i->asking && (!good || now >= i->renew);
		if (*mine)
			i->asking = true;
		else if (!good)
			host_wait_for(&i->lock, TICK);
		host_unlock(&i->lock);
		if (*mine || good)
			return OK;
		TRY(ctx_check(c));
	}
}

static enum err looked_up(struct ctx *c, const struct s3_identity *i, struct s3_keys *out)
{
	struct secret_values now;
	TRY(secret_set_read(c, i->options.keys, &now));
	for (size_t n = 0; n < SECRET_PARTS; n++)
		if (!is_clean(now.parts[n].text))
			return fail(c, ERR_UNAVAILABLE,
				"a key for NIMBUS_BLOB has been changed to one that holds a "
				"control character");
	*out = (struct s3_keys){now.parts[0].text, now.parts[1].text, now.parts[2].text};
	return OK;
}

enum err s3_identity_keys(struct ctx *c, struct s3_identity *i, struct s3_keys *out)
{
	*out = i->fixed;
	if (!i->sts)
		return i->options.keys ? looked_up(c, i, out) : OK;
	int64_t now = c->world->clock() / MILLION;
	bool mine;
	TRY(take_turn(c, i, now, &mine));
	enum err kind = mine ? ask(c, i) : OK;
	WITH_LOCK(&i->lock);
	if (mine) {
		i->asking = false;
		host_wake(&i->lock);
	}
	if (kind && (!i->access || now >= i->expires))
		return kind;
	if (kind) {
		ctx_clear(c);
		i->renew = now + AGAIN;
	}
	*out = (struct s3_keys){str_copy(c->arena, str_of(i->access)),
		str_copy(c->arena, str_of(i->secret)), str_copy(c->arena, str_of(i->token))};
	return OK;
}

static bool same_keys(const struct s3_keys *a, const struct s3_keys *b)
{
	return str_eq(a->access, b->access) && str_eq_secret(a->secret, b->secret) &&
	       str_eq_secret(a->token, b->token);
}

/* Are there others by now, where they are looked up? */
static enum err look_again(
	struct ctx *c, const struct s3_identity *i, const struct s3_keys *refused, bool *changed)
{
	struct secret_values told;
	struct s3_keys now;
	TRY(secret_set_read(c, i->options.keys, &told));
	TRY(looked_up(c, i, &now));
	if (same_keys(&now, refused)) {
		secret_set_doubt(c, i->options.keys, &told);
		TRY(looked_up(c, i, &now));
	}
	*changed = !same_keys(&now, refused);
	return OK;
}

/* The caller's error is that of the refusal. */
static bool have_changed(struct ctx *c, const struct s3_identity *i, const struct s3_keys *refused)
{
	struct error why = c->error;
	bool changed = false;
	if (look_again(c, i, refused, &changed))
		changed = false;
	c->error = why;
	return changed;
}

bool s3_identity_renew(
	struct ctx *c, struct s3_identity *i, const struct s3_keys *refused, bool expired)
{
	if (!i->sts)
		return i->options.keys && have_changed(c, i, refused);
	if (!expired)
		return false;
	WITH_LOCK(&i->lock);
	if (i->access && str_is(refused->access, i->access))
		i->expires = i->renew = 0;
	return true;
}
