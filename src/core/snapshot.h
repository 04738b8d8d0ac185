/*
 * A repository as of one version: its refs, its packs. Immutable, shared by threads, counted.
 *
 * A request reads repo.version (one row), then uses the process's snapshot of exactly that version;
 * where there is none it is loaded by one thread while others wait for it. At most one version of
 * each repository is kept beyond its users, and at most `keep` repositories. What the version
 * before has already is shared: the next one costs what has changed, by the ref log.
 */
#ifndef CORE_SNAPSHOT_H
#define CORE_SNAPSHOT_H

#include "core/core.h"
#include "core/ref_table.h"
#include "git/odb.h"

struct snapshot {
	int64_t repo_id;
	int64_t version;
	enum hash_algo algo;
	struct str head; /* HEAD's target */
	struct ref_table refs;
	struct odb odb;
	int references;
	struct arena arena; /* all of the above */
};

struct snapshots *snapshots_open(size_t keep);
void snapshots_close(struct snapshots *all);

/* The snapshot of repo->version (as read in the caller's transaction, which must still be open).
 * ERR_DAMAGED when a pack is lost or damaged. */
enum err snapshot_get(struct ctx *c, struct core *core, struct db_tx *tx, const struct repo *repo,
	struct snapshot **out) MUST;
void snapshot_release(struct snapshot **s);

#define SNAPSHOT __attribute__((cleanup(snapshot_release))) struct snapshot

/* The ref of that full name; false when there is none. Its name lives as long as the snapshot. */
bool snapshot_ref(const struct snapshot *s, struct str name, struct ref *out);
/* One more reference, for whoever keeps it beyond its request. */
struct snapshot *snapshot_hold(struct snapshot *s);

/*
 * One pack of the catalogue, opened for a reader of its own: whoever checks packs must get past one
 * that is damaged. One reference for the caller. ERR_DAMAGED when it is lost or damaged.
 */
struct pack_row;
enum err snapshot_open_pack(struct ctx *c, struct core *core, struct db_tx *tx,
	const struct repo *repo, const struct pack_row *row, struct pack **out) MUST;

/* Forgets a repository that was deleted. */
void snapshot_drop(struct core *core, int64_t repo_id);

#endif
