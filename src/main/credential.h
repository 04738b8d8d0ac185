/* `nimbus credential`, by which git asks for credentials, and `nimbus login` and `logout`. */
#ifndef MAIN_CREDENTIAL_H
#define MAIN_CREDENTIAL_H

#include "main/command.h"

enum err credential_run(struct ctx *c, struct run *run) MUST;
enum err credential_login(struct ctx *c, struct run *run) MUST;
enum err credential_logout(struct ctx *c, struct run *run) MUST;

/* The access token by which `nimbus login` signed this machine in to a server; empty: it is not. Nobody is asked. */
enum err credential_held(struct ctx *c, struct str origin, struct str *access) MUST;

#endif
