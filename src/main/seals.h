/*
 * Where the keys of core/seal.h come from: the setting; at home a file in NIMBUS_DATA, with PostgreSQL a
 * row of the table `instance`. The first there is seals; all there are open.
 */
#ifndef MAIN_SEALS_H
#define MAIN_SEALS_H

#include "core/core.h"
#include "main/config.h"

/* Fills in core->seals; makes a key where there is none. Needs core->db, with its schema. ERR_INVALID
 * where a text is no key. */
enum err seals_open(struct ctx *c, const struct config *config, struct core *core) MUST;

/* The rows of this instance were copied into `db`, which is at `place`: its own key goes along. */
enum err seals_move(struct ctx *c, const struct config *config, struct db *db, const char *place)
	MUST;

#endif
