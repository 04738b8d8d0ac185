#include "port/secret.h"

enum { TRIES = 3 };

static enum err read_all(struct ctx *c, const struct secret_set *set, struct secret_values *out)
{
	out->generation = 0;
	for (size_t i = 0; i < SECRET_PARTS; i++) {
		TRY(secret_read(c, &set->parts[i], &out->parts[i]));
		out->generation += out->parts[i].generation;
	}
	return OK;
}

bool secret_set_is_fixed(const struct secret_set *set)
{
	for (size_t i = 0; i < SECRET_PARTS; i++)
		if (set->parts[i].from)
			return false;
	return true;
}

enum err secret_set_read(struct ctx *c, const struct secret_set *set, struct secret_values *out)
{
	struct secret_values again;
	TRY(read_all(c, set, out));
	/* One may have changed after another was read. */
	for (int i = 0; i < TRIES; i++) {
		TRY(read_all(c, set, &again));
		if (again.generation == out->generation)
			break;
		*out = again;
	}
	return OK;
}

void secret_set_doubt(
	struct ctx *c, const struct secret_set *set, const struct secret_values *refused)
{
	for (size_t i = 0; i < SECRET_PARTS; i++)
		secret_doubt(c, &set->parts[i], refused->parts[i].generation);
}
