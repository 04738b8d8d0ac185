/* What a push says in the audit log. */
#include "base/hex.h"
#include "base/sort.h"
#include "core/audit.h"
#include "core/push_parts.h"

enum { NAMED_MAX = 20 }; /* refs of a push that its entry names; all are in the log of refs */

enum operation push_operation(const struct push_command *command)
{
	if (push_is_create(command))
		return OPERATION_REF_CREATE;
	if (push_is_delete(command))
		return OPERATION_REF_DELETE;
	return command->forced ? OPERATION_REF_FORCE : OPERATION_REF_UPDATE;
}

void push_write_change(struct json_writer *w, const struct push_command *command)
{
	char hex[OID_HEX_MAX];
	const struct ref_change *change = &command->change;
	json_begin_object(w);
	json_member_str(w, "name", change->name);
	json_member_cstr(w, "old", push_is_create(command) ? NULL : oid_hex(&change->old, hex));
	json_member_cstr(w, "new", push_is_delete(command) ? NULL : oid_hex(&change->new, hex));
	json_member_bool(w, "forced", command->forced);
	json_end_object(w);
}

struct ref_log push_log_of(const struct ctx *c, const struct push *p, const struct db_tx *tx,
	const struct push_command *command)
{
	return (struct ref_log){
		.version = p->target.on.repo.version,
		.change = command->change,
		.forced = command->forced,
		.user_id = p->who->user_id,
		.username = p->who->username,
		.time = db_now(tx),
		.request = str_of(c->id),
	};
}

static int by_name(const void *a, const void *b, const void *arg)
{
	const struct push_command *const *left = a, *const *right = b;
	(void)arg;
	return str_cmp((*left)->change.name, (*right)->change.name);
}

struct str push_audit_detail(struct ctx *c, const struct push *p, const struct db_tx *tx,
	const struct push_commands *commands)
{
	const struct push_command **sorted =
		NEW_ARRAY(c->arena, const struct push_command *, commands->count);
	size_t count = 0;
	for (size_t i = 0; i < commands->count; i++)
		if (commands->at[i].changed)
			sorted[count++] = &commands->at[i];
	sort_array(c->arena, sorted, count, sizeof *sorted, by_name, NULL);
	struct hash hash;
	uint8_t digest[HASH_MAX];
	char hex[2 * HASH_MAX + 1] = "";
	struct buf out = {.arena = c->arena};
	struct json_writer w = {.out = &out};
	hash_init(&hash, HASH_SHA256);
	json_begin_object(&w);
	json_member_int(&w, "version", p->target.on.repo.version);
	json_member_int(&w, "count", (int64_t)count);
	json_key(&w, "refs");
	json_begin_array(&w);
	for (size_t i = 0; i < count; i++) {
		const struct ref_log log = push_log_of(c, p, tx, sorted[i]);
		meta_ref_log_hash(&hash, &log);
		if (i < NAMED_MAX)
			push_write_change(&w, sorted[i]);
	}
	json_end_array(&w);
	hash_final(&hash, digest);
	hex_encode(digest, sizeof digest, hex);
	json_member_cstr(&w, "ref_log", hex);
	if (commands->proof)
		json_member_str(&w, "signed_by", commands->proof->signer.fingerprint);
	json_end_object(&w);
	return buf_view(&out);
}

static void refuse_kind(struct ctx *c, const struct push *p, const struct push_commands *commands,
	enum operation operation)
{
	struct buf why = {.arena = c->arena};
	struct str decision = {0};
	size_t count = 0;
	for (size_t i = 0; i < commands->count; i++) {
		const struct push_command *command = &commands->at[i];
		if (!command->refused || push_operation(command) != operation)
			continue;
		if (command->denied && command->permit && command->permit->answer.decision.len)
			decision = command->permit->answer.decision;
		if (count++ < NAMED_MAX)
			buf_fmt(&why, "%s%.*s: %s", why.len ? "; " : "",
				STR_FMT(command->change.name), command->refused);
	}
	if (count > NAMED_MAX)
		buf_fmt(&why, "; and %zu more", count - NAMED_MAX);
	if (count)
		audit_refuse(c, p->core,
			&(struct audit_refusal){
				.who = p->who,
				.action = str_of(operation_name(operation)),
				.subject = p->target.on.repo.name,
				.decision = decision,
				.why = buf_view(&why),
			});
}

void push_audit_refused(struct ctx *c, const struct push *p, const struct push_commands *commands)
{
	static const enum operation kinds[] = {OPERATION_REF_CREATE, OPERATION_REF_UPDATE,
		OPERATION_REF_FORCE, OPERATION_REF_DELETE};
	for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
		refuse_kind(c, p, commands, kinds[i]);
}
