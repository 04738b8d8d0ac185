/* What an instance tells its owner of itself. */
#ifndef MODEL_INSTANCE_H
#define MODEL_INSTANCE_H

#include "base/str.h"
#include "model/webhook.h"

/* How many there are. */
struct instance_counts {
	int64_t repos, deleted;   /* deleted: and kept still */
	int64_t people, sessions; /* sessions: browsers that are signed in */
	int64_t tokens, signing_keys, devices;
	int64_t packs, retired_packs;
	uint64_t bytes, retired_bytes; /* of those packs */
};

/* Whether one of the things that it rests on answers. */
struct instance_port {
	const char *name; /* "database" */
	int64_t micros;   /* that an answer took */
	struct str why;   /* what is wrong; empty: it answers */
};

enum { INSTANCE_PORTS = 3 };

/* What a repository takes. */
struct instance_storage {
	int64_t id;
	struct str name;
	bool deleted; /* and kept still */
	int64_t packs, retired_packs;
	uint64_t bytes, retired_bytes;
};

/* One event, of whichever repository. */
struct instance_event {
	int64_t repo_id, sequence; /* repo_id 0: of the instance */
	struct str repo;           /* its name now; empty: there is none (any more) */
	bool deleted;
	struct str type; /* of a newer build perhaps */
	struct str data; /* JSON; empty: it is too long */
	int64_t time;    /* microseconds since 1970 */
	int64_t version;
};

/* A webhook, of whichever repository. */
struct instance_webhook {
	struct webhook webhook;
	struct str repo;
	int64_t rank; /* among them: 1 it fails, 2 it works, 3 it is switched off */
};

/* A setting as it is in force; a secret has no value. */
struct instance_setting {
	const char *group, *name; /* group: NULL but for the first of it */
	struct str value;
	bool secret, set; /* set: somebody set it; else it is the default */
};

#endif
