#include "core/edit_merge.h"

#include "core/edit_text.h"
#include "git/merge_file.h"

/* The text of a file in a commit; false where it is none. */
static enum err text_of(struct ctx *c, struct browse *b, const struct oid *commit, struct str path,
	struct str *text, bool *there)
{
	const struct revision rev = {.kind = REVISION_COMMIT, .commit = *commit};
	struct file file;
	enum err err = browse_file(c, b, &rev, path, &file);
	*there = !err && file.kind == FILE_TEXT && !edit_unfit(file.bytes);
	*text = *there ? edit_plain(c, file.bytes) : STR("");
	if (err == ERR_NOT_FOUND) {
		ctx_clear(c);
		return OK;
	}
	return err;
}

enum err edit_merge(
	struct ctx *c, struct browse *b, const struct edit_meeting *what, struct edit_met *out)
{
	struct oid base;
	struct ref now;
	char hex[OID_HEX_MAX];
	struct merged_text merged;
	struct merge_texts in = {
		.ours = edit_plain(c, what->typed),
		.our_name = "what you typed",
		.their_name = arena_fmt(c->arena, "%.*s", STR_FMT(what->branch)),
	};
	struct str ref = str_of(arena_fmt(c->arena, "refs/heads/%.*s", STR_FMT(what->branch)));
	if (!snapshot_ref(b->snapshot, ref, &now))
		return fail(c, ERR_NOT_FOUND, "there is no branch \"%.*s\" any more",
			STR_FMT(what->branch));
	if (!oid_parse(b->repo.object_format, what->expected, &base))
		return fail(c, ERR_INVALID, "that is not the id of a commit");
	*out = (struct edit_met){.tip = now.id, .text = in.ours};
	out->tip_text = str_of(arena_strdup(c->arena, oid_hex(&now.id, hex)));
	bool there = false;
	TRY(text_of(c, b, &base, what->path, &in.base, &there));
	TRY(text_of(c, b, &now.id, what->path, &in.theirs, &there));
	out->gone = !there;
	if (out->gone)
		return OK;
	TRY(merge_texts(c, &in, &merged));
	out->text = merged.text;
	out->conflicts = merged.conflicts;
	return OK;
}
