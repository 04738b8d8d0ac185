/* Which operation of a faulty decorator fails: shared by those of all ports. */
#ifndef DRIVER_FAULTY_H
#define DRIVER_FAULTY_H

#include "base/ctx.h"
#include "base/host.h"

struct faulty {
	struct host_lock lock;
	int64_t count;   /* operations so far */
	int64_t failing; /* the number of the one that fails; 0: none */
	enum err kind;
};

/* Counts an operation, and fails when it is its turn. */
enum err faulty_pass(struct ctx *c, struct faulty *f, const char *what) MUST;
void faulty_set(struct faulty *f, int64_t n, enum err kind);
int64_t faulty_count(struct faulty *f);

#endif
