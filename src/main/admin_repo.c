#include "core/repo.h"
#include "main/admin.h"

enum err admin_repo_list(struct ctx *c, struct admin *admin)
{
	struct repo_query query = {.limit = REPO_PAGE_MAX};
	struct repo_list list = {.more = true};
	print("%-40s  %-10s  %-6s  %-16s  %s\n", "REPO", "VISIBILITY", "FORMAT", "LAST PUSH",
		"DESCRIPTION");
	while (list.more) {
		TRY(repo_list(c, &admin->core, &admin->owner, &query, &list));
		for (size_t i = 0; i < list.count; i++) {
			const struct repo *repo = &list.at[i];
			print("%-40.*s  %-10s  %-6s  %-16s  %.*s\n", STR_FMT(repo->name),
				visibility_name(repo->visibility),
				object_format_name(repo->object_format),
				admin_time(c, repo->pushed), STR_FMT(repo->description));
		}
		if (list.count)
			query.after = list.at[list.count - 1].name;
	}
	return OK;
}

enum err admin_repo_create(struct ctx *c, struct admin *admin)
{
	struct repo_new what = {
		.name = admin_argument(admin, "REPO"),
		.description = admin_argument(admin, "--description"),
		.visibility =
			admin_flag(admin, "--public") ? VISIBILITY_PUBLIC : VISIBILITY_PRIVATE,
		.default_branch = admin_argument(admin, "--branch"),
	};
	struct str format = admin_argument(admin, "--object-format");
	if (format.len && !object_format_parse(format, &what.object_format))
		return fail(c, ERR_INVALID, "%.*s is not sha1 or sha256", STR_FMT(format));
	struct repo repo;
	TRY(repo_create(c, &admin->core, &admin->owner, &what, &repo));
	print("%.*s is there now, %s and empty.\n", STR_FMT(repo.name),
		visibility_name(repo.visibility));
	return OK;
}

enum err admin_repo_delete(struct ctx *c, struct admin *admin)
{
	struct str name = admin_argument(admin, "REPO");
	struct repo repo;
	TRY(repo_get(c, &admin->core, &admin->owner, name, &repo, NULL));
	if (!admin_flag(admin, "--yes"))
		return fail(c, ERR_INVALID,
			"%.*s would be gone for everybody: give --yes if that is meant",
			STR_FMT(name));
	TRY(repo_delete(c, &admin->core, &admin->owner, name, &repo));
	print("%.*s is gone. Until %s `nimbus admin repo restore %lld` brings it back.\n",
		STR_FMT(repo.name), admin_time(c, repo_deleted_until(&admin->core, &repo)),
		(long long)repo.id);
	return OK;
}

enum err admin_repo_rename(struct ctx *c, struct admin *admin)
{
	struct str name = admin_argument(admin, "REPO"), to = admin_argument(admin, "NAME");
	struct repo_change change = {.name = &to};
	struct repo repo;
	TRY(repo_update(c, &admin->core, &admin->owner, name, &change, &repo));
	print("%.*s is %.*s now.\n", STR_FMT(name), STR_FMT(repo.name));
	return OK;
}

enum err admin_repo_visibility(struct ctx *c, struct admin *admin)
{
	struct str name = admin_argument(admin, "REPO"), word = admin_argument(admin, "VISIBILITY");
	enum visibility visibility;
	struct repo_change change = {.visibility = &visibility};
	struct repo repo;
	if (!visibility_parse(word, &visibility))
		return fail(c, ERR_INVALID, "%.*s is not public or private", STR_FMT(word));
	TRY(repo_update(c, &admin->core, &admin->owner, name, &change, &repo));
	print("%.*s is %s now.\n", STR_FMT(repo.name), visibility_name(repo.visibility));
	return OK;
}
