#include "model/operation.h"

struct row {
	const char *name, *text;
	enum permission level;
};

static const struct row rows[OPERATION_COUNT] = {
#define OPERATION(kind, name, permission, text) \
	[OPERATION_##kind] = {name, text, PERMISSION_##permission},
#include "model/operation.def"
#undef OPERATION
};

_Static_assert(OPERATION_COUNT <= 32, "a set of operations has 32 bits");

const char *operation_name(enum operation operation)
{
	return rows[operation].name;
}

bool operation_parse(struct str name, enum operation *out)
{
	for (unsigned i = 0; i < OPERATION_COUNT; i++) {
		if (str_is(name, rows[i].name)) {
			*out = (enum operation)i;
			return true;
		}
	}
	return false;
}

const char *operation_text(enum operation operation)
{
	return rows[operation].text;
}

enum permission operation_level(enum operation operation)
{
	return rows[operation].level;
}
