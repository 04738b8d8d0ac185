/* `nimbus credential`, by which git asks for credentials, and `nimbus login` and `logout`. */
#ifndef MAIN_CREDENTIAL_H
#define MAIN_CREDENTIAL_H

#include "main/command.h"

enum err credential_run(struct ctx *c, struct run *run) MUST;
enum err credential_login(struct ctx *c, struct run *run) MUST;
enum err credential_logout(struct ctx *c, struct run *run) MUST;

#endif
