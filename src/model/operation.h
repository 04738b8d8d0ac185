/* What somebody may want to do; see model/operation.def. */
#ifndef MODEL_OPERATION_H
#define MODEL_OPERATION_H

#include "model/actor.h"

enum operation {
#define OPERATION(kind, name, permission, text) OPERATION_##kind,
#include "model/operation.def"
#undef OPERATION
	OPERATION_COUNT
};

/* "repository.read"; and back: false for a word that is no operation. */
const char *operation_name(enum operation operation);
bool operation_parse(struct str name, enum operation *out);

/* What it is, in half a sentence. */
const char *operation_text(enum operation operation);

/* The permission that it needs. */
enum permission operation_level(enum operation operation);

/* As an element of a set of operations. */
static inline uint32_t operation_bit(enum operation operation)
{
	return UINT32_C(1) << operation;
}

#endif
