/*
 * The environment, read once into values. config.def is the table of all of it.
 *
 * Times are milliseconds, sizes bytes, text NUL-terminated ("" where there is none). All of it
 * lives in the arena of the context that read it.
 */
#ifndef MAIN_CONFIG_H
#define MAIN_CONFIG_H

#include "base/buf.h"
#include "base/ctx.h"
#include "model/instance.h"
#include "port/secret.h"

/* Where a secret comes from; `reference`: the text, a file's name, or what follows "vault:". */
struct config_origin {
	enum { CONFIG_FROM_TEXT, CONFIG_FROM_FILE, CONFIG_FROM_VAULT } from;
	const char *reference;
};

/* A secret has its value as of the start, which of one in Vault main/secrets.h fills in, and beside it
 * FIELD_from. */
#define CONFIG_SECRET_FIELD(field) \
	const char *field;         \
	struct config_origin field##_from;

/* One of several: each struct of a NAMES row begins so. */
struct config_name {
	const char *text;   /* "corp" */
	const char *prefix; /* "NIMBUS_OIDC_CORP" */
};

struct config_oidc {
	struct config_name name;
#define EACH_OF_oidc(field) const char *field;
#define EACH_SECRET_OF_oidc(field) CONFIG_SECRET_FIELD(field)
#define EACH(names, field, ...) EACH_OF_##names(field)
#define EACH_SECRET(names, field, ...) EACH_SECRET_OF_##names(field)
#include "main/config.def"
#undef EACH_OF_oidc
#undef EACH_SECRET_OF_oidc
};

struct config {
#define TEXT(field, ...) const char *field;
#define SECRET(field, ...) CONFIG_SECRET_FIELD(field)
#define WORD(field, ...) const char *field;
#define INT(field, ...) int64_t field;
#define BYTES(field, ...) int64_t field;
#define TIME(field, ...) int64_t field;
#define NAMES(field, ...)             \
	struct config_##field *field; \
	size_t field##_count;
#include "main/config.def"
	struct secret *files, *vault; /* main/secrets.h */
};

/*
 * Reads "NAME=value" strings (NULL-terminated, such as environ). ERR_INVALID when anything is
 * wrong: then *problems has one line for each thing that is, naming the variable, its value and
 * what it may be. A NIMBUS_ variable that is not in the table is such a thing. `problems` needs an
 * arena.
 */
enum err config_read(
	struct ctx *c, char *const *environment, struct config *out, struct buf *problems) MUST;

/* Every setting with its value, where that came from, and what it is: for people. */
void config_print(char *const *environment, const struct config *config, struct buf *out);

/* The same as data, in `a`, without the values of secrets. `config` must live as long. */
const struct instance_setting *config_list(
	char *const *environment, const struct config *config, struct arena *a, size_t *count);

/* docs/configuration.md. */
void config_markdown(struct buf *out);

#endif
