/* What the files of core/device*.c share. */
#ifndef CORE_DEVICE_PARTS_H
#define CORE_DEVICE_PARTS_H

#include "core/device.h"

enum { DEVICES_MAX = 100 };

/* SHA-256, in c->arena. */
struct str device_hash(struct ctx *c, struct str secret);

/* Signs in a device that was let in: a row, and its first tokens. In a write transaction. ERR_NOT_FOUND
 * when who let it in is not who they were. */
enum err device_begin(struct ctx *c, struct core *core, struct db_tx *tx,
	const struct device_caller *caller, const struct device_request *request,
	struct device_tokens *out) MUST;

#endif
