#include "driver/faulty.h"

enum err faulty_pass(struct ctx *c, struct faulty *f, const char *what)
{
	WITH_LOCK(&f->lock);
	if (++f->count != f->failing)
		return OK;
	return fail(c, f->kind, "a fault was put in the way of %s", what);
}

void faulty_set(struct faulty *f, int64_t n, enum err kind)
{
	WITH_LOCK(&f->lock);
	f->count = 0;
	f->failing = n;
	f->kind = kind;
}

int64_t faulty_count(struct faulty *f)
{
	WITH_LOCK(&f->lock);
	return f->count;
}
