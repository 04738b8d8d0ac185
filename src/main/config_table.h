/* config.def as data: for config.c, which reads it, and config_print.c, which shows it. */
#ifndef MAIN_CONFIG_TABLE_H
#define MAIN_CONFIG_TABLE_H

#include "main/config.h"

enum config_kind {
	CONFIG_GROUP,
	CONFIG_TEXT,
	CONFIG_SECRET,
	CONFIG_WORD,
	CONFIG_INT,
	CONFIG_BYTES,
	CONFIG_TIME,
	CONFIG_NAMES
};

/* A GROUP row has only `about`: its title. The rows with `each` belong to the NAMES row before them. */
struct config_row {
	enum config_kind kind;
	const char *name;
	const char *fallback;
	const char *choices; /* CONFIG_WORD: "a|b|c" */
	int64_t low, high;   /* CONFIG_INT, BYTES, TIME: what is allowed, both ends included */
	const char *about;
	size_t offset; /* in struct config; with `each`, in the NAMES row's own struct */
	size_t origin; /* CONFIG_SECRET: of its struct config_origin, likewise */
	bool each;
	size_t size,
		count; /* CONFIG_NAMES: of one struct; where in struct config their number is */
};

extern const struct config_row config_rows[];
extern const size_t config_row_count;

/* A row as it is in force: with a name of its own where the row has `each`. */
struct config_setting {
	struct config_row row;
	void *field; /* NULL: of a GROUP or NAMES row, and of an `each` row while there are no names */
	struct config_origin *origin; /* of a secret; NULL: as `field` */
};

/* All of them, in the table's order, for the names that `config` has. */
const struct config_setting *config_settings(struct arena *a, struct config *config, size_t *count);

/* One of the names of a NAMES row. */
const struct config_name *config_name_at(
	const struct config_row *row, const struct config *config, size_t i);
size_t config_name_count(const struct config_row *row, const struct config *config);

/* "64m", "30s", "12" as a number of bytes, milliseconds, things; and back, as short as can be. */
bool config_number(enum config_kind kind, struct str text, int64_t *out);
void config_number_print(enum config_kind kind, int64_t value, struct buf *out);

/* The value of an environment variable, or NULL. */
const char *config_lookup(char *const *environment, const char *name);

#endif
