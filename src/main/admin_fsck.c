#include "main/admin.h"
enum err admin_fsck(struct ctx *c, struct admin *admin)
{
	(void)admin;
	return fail(c, ERR_UNSUPPORTED, "not yet");
}
