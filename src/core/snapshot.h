/*
 * A repository as of one version: its refs, its packs. Immutable, shared by threads, counted.
 *
 * A request reads repo.version (one row), then uses the process's snapshot of exactly that version;
 * where there is none it is loaded by one thread while others wait for it. At most one version of
 * each repository is kept beyond its users, and at most `keep` repositories.
 */
#ifndef CORE_SNAPSHOT_H
#define CORE_SNAPSHOT_H

#include "core/core.h"
#include "git/odb.h"

struct snapshot {
	int64_t repo_id;
	int64_t version;
	enum hash_algo algo;
	struct str head;        /* HEAD's target */
	const struct ref *refs; /* sorted by name, bytewise */
	size_t ref_count;
	struct odb odb;
	int references;
	struct arena arena; /* all of the above */
};

struct snapshots *snapshots_open(size_t keep);
void snapshots_close(struct snapshots *all);

/* The snapshot of repo->version (as read in the caller's transaction, which must still be open). */
enum err snapshot_get(struct ctx *c, struct core *core, struct db_tx *tx, const struct repo *repo,
	struct snapshot **out) MUST;
void snapshot_release(struct snapshot **s);

#define SNAPSHOT __attribute__((cleanup(snapshot_release))) struct snapshot

/* The ref of that full name, or NULL. */
const struct ref *snapshot_ref(const struct snapshot *s, struct str name);
/* The first ref whose name is >= `prefix`: for walks over a prefix. */
size_t snapshot_lower_bound(const struct snapshot *s, struct str prefix);

/*
 * One pack of the catalogue, opened for a reader of its own: whoever checks packs must get past one
 * that is damaged. One reference for the caller. ERR_CORRUPT when it is lost or damaged.
 */
struct pack_row;
enum err snapshot_open_pack(struct ctx *c, struct core *core, struct db_tx *tx,
	const struct repo *repo, const struct pack_row *row, struct pack **out) MUST;

/* Forgets a repository that was deleted. */
void snapshot_drop(struct core *core, int64_t repo_id);

#endif
