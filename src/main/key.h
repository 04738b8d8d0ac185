/* `nimbus key mint`. */
#ifndef MAIN_KEY_H
#define MAIN_KEY_H

#include "main/command.h"

enum err key_mint(struct ctx *c, struct run *run) MUST;

#endif
