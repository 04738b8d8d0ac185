/* `nimbus serve`: from settings to a server that runs until it is told to end. */
#ifndef MAIN_SERVE_H
#define MAIN_SERVE_H

#include "main/command.h"

command_run serve_run;

#endif
