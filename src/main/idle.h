/* Settings that do nothing, because what they belong to is not chosen: somebody meant it otherwise. */
#ifndef MAIN_IDLE_H
#define MAIN_IDLE_H

#include "main/config.h"

/* ERR_INVALID names the setting, and the one that it needs. */
enum err config_check_idle(struct ctx *c, struct config *config) MUST;

#endif
