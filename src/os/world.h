/* The machine's clock, its monotonic clock and its random numbers, for contexts. Any thread. */
#ifndef OS_WORLD_H
#define OS_WORLD_H

#include "base/ctx.h"

/* Lives as long as the process. */
const struct world *os_world(void);

#endif
