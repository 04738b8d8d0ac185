#include "base/json.h"
#include "core/keep.h"
#include "core/permit.h"
#include "core/push_parts.h"
#include "core/record.h"
#include "meta/instance.h"
#include "meta/pack.h"
#include "meta/push_cert.h"
#include "meta/ref.h"
#include "meta/repo.h"
#include "meta/rule.h"

static bool pack_is_wanted(const struct push *p)
{
	return p->idx && p->pack.count > 0;
}

/* Both halves are small enough to lie in the pack's row. */
static bool pack_in_row(const struct push *p, struct pack_bytes *out)
{
	return push_spool_bytes(p->pack.pack, &out->pack) && push_spool_bytes(p->idx, &out->idx);
}

static bool any_left(const struct push_commands *commands)
{
	for (size_t i = 0; i < commands->count; i++) {
		if (!commands->at[i].refused)
			return true;
	}
	return false;
}

static void refuse_all(struct push_commands *commands, const char *why)
{
	for (size_t i = 0; i < commands->count; i++) {
		if (!commands->at[i].refused)
			commands->at[i].refused = why;
		commands->at[i].changed = false;
	}
}

/* A blob's key has the repository's id in it, so one that is to be created gets its id before. */
static enum err reserve_id(struct ctx *c, struct push *p)
{
	DB_TX *tx = NULL;
	if (p->target.on.repo.id)
		return OK;
	TRY(db_begin(c, p->core->db, DB_WRITE, &tx));
	TRY(meta_instance_next_id(c, tx, STR("repo"), &p->target.on.repo.id));
	return db_commit(c, &tx);
}

static enum err publish_one(struct ctx *c, struct push *p, struct spool *spool, const char *suffix)
{
	const char *key =
		meta_pack_key(c, p->core->instance, p->target.on.repo.id, &p->pack.id, suffix);
	TRY_WHILE(
		c, push_spool_publish(c, spool, key), "storing the %s of what was pushed", suffix);
	return OK;
}

static enum err publish(struct ctx *c, struct push *p, struct keep *keep)
{
	struct pack_bytes ignored;
	if (!pack_is_wanted(p) || pack_in_row(p, &ignored))
		return OK;
	TRY(reserve_id(c, p));
	TRY(keep_take(c, p->core->db, p->target.on.repo.id, &p->pack.id, keep));
	TRY(publish_one(c, p, p->pack.pack, "pack"));
	return publish_one(c, p, p->idx, "idx");
}

static enum err add_pack(struct ctx *c, struct push *p, struct db_tx *tx)
{
	struct pack_bytes bytes;
	if (!pack_is_wanted(p))
		return OK;
	bool in_row = pack_in_row(p, &bytes);
	struct pack_row row = {
		.id = p->pack.id,
		.bytes = p->pack.pack->extent.size,
		.objects = p->pack.count,
		.kind = PACK_PUSHED,
		.state = PACK_LIVE,
		.created = db_now(tx),
		.in_row = in_row,
	};
	return meta_pack_add(c, tx, p->target.on.repo.id, &row, in_row ? &bytes : NULL);
}

/* The repository as it is in this transaction; made now when it is new. */
static enum err target_now(struct ctx *c, struct push *p, struct db_tx *tx, struct push_target *now)
{
	int64_t reserved = p->target.on.repo.id;
	if (p->target.create && now->create) {
		now->on.repo.id = reserved;
		TRY(meta_repo_create(c, tx, &now->on.repo));
		const struct record created = {
			.who = p->who, .type = EVENT_REPOSITORY_CREATED, .repo = &now->on.repo};
		TRY(record_add(c, tx, &created));
	} else if (p->target.create || now->on.repo.id != reserved) {
		return fail(c, ERR_CONFLICT, "the repository was replaced meanwhile: push again");
	}
	/* What was found connected may lead to what is gone since. */
	if (p->snapshot && now->on.repo.shed > p->snapshot->version)
		return fail(c, ERR_CONFLICT,
			"objects that nothing used were tidied away meanwhile: push again");
	p->target.on = now->on;
	return OK;
}

/* What the commands of a push change, and what it has to keep to. */
struct applying {
	struct push_refs refs;
	struct rules rules;
};

/* Its old value is compared twice: here, which tells the client, and by the database. */
static enum err apply_one(struct ctx *c, struct push *p, struct db_tx *tx, struct applying *with,
	struct push_command *command)
{
	const struct ref_change *change = &command->change;
	struct oid now = push_refs_get(&with->refs, change->name);
	struct str other;
	if (oid_eq(&now, &change->new))
		return OK;
	command->refused = permit_ref(c, p->who, &with->rules, command->permit);
	command->denied = command->refused != NULL;
	if (command->denied)
		return OK;
	if (!oid_eq(&now, &change->old)) {
		command->refused = "fetch first";
		return OK;
	}
	if (push_is_create(command) && push_refs_clash(c, &with->refs, change->name, &other)) {
		command->refused = arena_fmt(c->arena, "\"%.*s\" cannot be while \"%.*s\" is there",
			STR_FMT(change->name), STR_FMT(other));
		return OK;
	}
	TRY(meta_ref_swap(c, tx, &p->target.on.repo, change));
	push_refs_apply(&with->refs, change);
	command->changed = true;
	return OK;
}

/* Deletions first: they make room for names that clash with theirs. */
static enum err apply_all(struct ctx *c, struct push *p, struct db_tx *tx, struct applying *with,
	struct push_commands *commands)
{
	TRY(meta_rule_list(c, tx, &p->target.on.repo, &with->rules));
	TRY(push_refs_read(c, p, tx, commands, &with->refs));
	for (int round = 0; round < 2; round++) {
		for (size_t i = 0; i < commands->count; i++) {
			struct push_command *command = &commands->at[i];
			bool now = push_is_delete(command) == (round == 0);
			if (now && !command->refused)
				TRY(apply_one(c, p, tx, with, command));
		}
	}
	return OK;
}

/* An unborn HEAD follows the first branches that come: main, master, or whichever is first. One that
 * rules keep stays. */
static enum err follow_head(struct ctx *c, struct push *p, struct db_tx *tx,
	const struct push_refs *refs, const struct push_commands *commands)
{
	struct oid now = push_refs_get(refs, p->target.on.repo.head);
	struct str best = {0};
	if (!oid_is_zero(&now))
		return OK;
	for (size_t i = 0; i < commands->count; i++) {
		const struct push_command *command = &commands->at[i];
		struct str name = command->change.name;
		if (!command->changed || !push_is_create(command) ||
			!str_starts(name, STR("refs/heads/")))
			continue;
		bool main = str_is(name, "refs/heads/main");
		if (main ||
			(str_is(name, "refs/heads/master") && !str_is(best, "refs/heads/main")) ||
			!best.len)
			best = name;
	}
	if (!best.len)
		return OK;
	const char *refused;
	TRY(permit_head(c, tx, p->who, &p->target.on, &refused));
	return refused ? OK : meta_repo_set_head(c, tx, p->target.on.repo.id, best);
}

static void write_proof(struct json_writer *w, const struct push_signed *proof)
{
	json_key(w, "certificate");
	json_begin_object(w);
	json_member_str(w, "key", proof->signer.type);
	json_member_str(w, "fingerprint", proof->signer.fingerprint);
	json_member_str(w, "pusher", proof->cert.pusher);
	json_member_cstr(w, "nonce", nonce_status_name(proof->nonce));
	json_end_object(w);
}

/* All of it is kept, so that the signature can be verified again by anybody, whenever. */
static enum err record_proof(
	struct ctx *c, struct push *p, struct db_tx *tx, const struct push_signed *proof)
{
	const struct push_cert_row row = {
		.version = p->target.on.repo.version,
		.key_type = proof->signer.type,
		.key = proof->signer.key,
		.fingerprint = proof->signer.fingerprint,
		.nonce = str_of(nonce_status_name(proof->nonce)),
		.certificate = proof->cert.text,
	};
	return meta_push_cert_add(c, tx, p->target.on.repo.id, &row);
}

static enum err record_push(
	struct ctx *c, struct push *p, struct db_tx *tx, const struct push_commands *commands)
{
	char hex[OID_HEX_MAX];
	struct buf data = {.arena = c->arena};
	struct json_writer w = {.out = &data};
	json_begin_object(&w);
	json_key(&w, "refs");
	json_begin_array(&w);
	for (size_t i = 0; i < commands->count; i++) {
		if (commands->at[i].changed)
			push_write_change(&w, &commands->at[i]);
	}
	json_end_array(&w);
	json_key(&w, "options");
	json_begin_array(&w);
	for (size_t i = 0; i < commands->option_count; i++)
		json_string(&w, commands->options[i]);
	json_end_array(&w);
	json_member_cstr(&w, "pack", pack_is_wanted(p) ? oid_hex(&p->pack.id, hex) : NULL);
	if (commands->proof)
		write_proof(&w, commands->proof);
	json_end_object(&w);
	const struct record record = {.who = p->who,
		.type = EVENT_PUSH,
		.repo = &p->target.on.repo,
		.data = buf_view(&data),
		.detail = push_audit_detail(c, p, tx, commands),
		.head = p->target.create ? NULL : &p->target.on.audit};
	return record_add(c, tx, &record);
}

static enum err record_change(
	struct ctx *c, struct push *p, struct db_tx *tx, const struct push_command *command)
{
	struct arena_mark mark = arena_mark(c->arena);
	struct buf data = {.arena = c->arena};
	struct json_writer w = {.out = &data};
	push_write_change(&w, command);
	const struct record record = {
		.who = p->who,
		.type = push_is_create(command)   ? EVENT_REF_CREATED
			: push_is_delete(command) ? EVENT_REF_DELETED
						  : EVENT_REF_UPDATED,
		.repo = &p->target.on.repo,
		.subject = command->change.name,
		.data = buf_view(&data),
	};
	const struct ref_log log = push_log_of(c, p, tx, command);
	TRY(record_event(c, tx, &record));
	TRY(meta_ref_log_add(c, tx, p->target.on.repo.id, &log));
	arena_rewind(c->arena, mark);
	return OK;
}

/*
 * All that belongs to refs that have changed, in the same transaction. The new version is known, as
 * nobody else changes it now; that it is counted up comes last, because its answer is waited for.
 */
static enum err conclude(
	struct ctx *c, struct push *p, struct db_tx *tx, const struct push_commands *commands)
{
	int64_t id = p->target.on.repo.id, version;
	p->target.on.repo.version++;
	TRY(add_pack(c, p, tx));
	TRY(meta_repo_set_pushed(c, tx, id, db_now(tx)));
	TRY(record_push(c, p, tx, commands));
	if (commands->proof)
		TRY(record_proof(c, p, tx, commands->proof));
	for (size_t i = 0; i < commands->count; i++) {
		if (commands->at[i].changed)
			TRY(record_change(c, p, tx, &commands->at[i]));
	}
	TRY(meta_repo_bump_version(c, tx, id, &version));
	ASSERT(version == p->target.on.repo.version);
	return OK;
}

static void count_outcome(const struct push_commands *commands, size_t *changed, size_t *refused)
{
	*changed = *refused = 0;
	for (size_t i = 0; i < commands->count; i++) {
		*changed += commands->at[i].changed;
		*refused += commands->at[i].refused != NULL;
	}
}

/* What is to be permitted: the push, and each change of a ref that is not refused already. */
static struct permit_need need_of(
	struct ctx *c, const struct push *p, struct push_commands *commands)
{
	struct permit_need need = push_need(p->target.on.repo.name, DB_WRITE);
	need.on = p->target.create ? DB_ALL : p->target.on.repo.id;
	need.refs = NEW_ARRAY(c->arena, struct permit_ref, commands->count);
	for (size_t i = 0; i < commands->count; i++) {
		struct push_command *command = &commands->at[i];
		if (command->refused)
			continue;
		struct permit_ref *ref = &need.refs[need.ref_count++];
		*ref = (struct permit_ref){.operation = push_operation(command),
			.unsure = command->unsure,
			.change = &command->change};
		command->permit = ref;
	}
	return need;
}

static enum err transact(
	struct ctx *c, struct push *p, struct keep *keep, struct push_commands *commands)
{
	size_t changed, refused;
	struct applying with;
	struct push_target now;
	struct permit_need need = need_of(c, p, commands);
	DB_TX *tx = NULL;
	TRY(push_begin(c, p->core, p->who, &need, &tx, &now));
	TRY(target_now(c, p, tx, &now));
	TRY(apply_all(c, p, tx, &with, commands));
	count_outcome(commands, &changed, &refused);
	if (commands->atomic && refused) {
		refuse_all(commands, "atomic push failed");
		return OK;
	}
	if (!changed)
		return OK;
	TRY(follow_head(c, p, tx, &with.refs, commands));
	TRY(keep_end(c, tx, keep));
	TRY(conclude(c, p, tx, commands));
	return db_commit(c, &tx);
}

static enum err commit(struct ctx *c, struct push *p, struct push_commands *commands)
{
	size_t changed, refused;
	struct keep keep = {0};
	TRY(push_judge(c, p, commands));
	count_outcome(commands, &changed, &refused);
	if (commands->atomic && refused)
		refuse_all(commands, "atomic push failed");
	if (!any_left(commands))
		return OK;
	enum err err = publish(c, p, &keep);
	if (!err)
		err = transact(c, p, &keep, commands);
	keep_give(c, &keep);
	return err;
}

enum err push_commit(struct ctx *c, struct push *p, struct push_commands *commands)
{
	enum err err = commit(c, p, commands);
	push_audit_refused(c, p, commands);
	return err;
}
