#include "model/actor.h"

static const char *const names[] = {
	[PERMISSION_NONE] = "none",
	[PERMISSION_READ] = "read",
	[PERMISSION_WRITE] = "write",
	[PERMISSION_ADMIN] = "admin",
};

const char *permission_name(enum permission p)
{
	return (unsigned)p <= PERMISSION_ADMIN ? names[p] : "none";
}

bool permission_parse(struct str text, enum permission *out)
{
	for (unsigned p = 0; p <= PERMISSION_ADMIN; p++) {
		if (str_is(text, names[p])) {
			*out = (enum permission)p;
			return true;
		}
	}
	return false;
}
