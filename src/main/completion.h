/* What lets a shell complete `nimbus`, made of the very tables by which its command lines are read. */
#ifndef MAIN_COMPLETION_H
#define MAIN_COMPLETION_H

#include "main/command.h"

struct completion_table {
	const char *prefix; /* a word before all of its commands: "admin"; "" */
	const struct command *commands;
	size_t count;
};

/* `shell` is bash, zsh or fish. ERR_INVALID for another. */
enum err completion_write(struct ctx *c, struct str shell, const struct completion_table *tables,
	size_t count, struct buf *out) MUST;

#endif
