/* One pack looked at by core/fsck.c. */
#ifndef CORE_FSCK_PACK_H
#define CORE_FSCK_PACK_H

#include "core/fsck.h"
#include "git/odb.h"

struct fsck_pack {
	struct fsck_run *run;
	const struct repo *repo;
	struct pack *pack;
	struct odb_reader *all; /* everything that the repository has */
};

/* ERR_CORRUPT and ERR_INVALID say what is wrong with it. */
enum err fsck_pack(struct ctx *c, const struct fsck_pack *what) MUST;

#endif
