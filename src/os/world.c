#include "os/world.h"

#include "base/host.h"
#include "os/parallel.h"

#include <errno.h>
#include <sys/random.h>
#include <time.h>

static int64_t microseconds(clockid_t which)
{
	struct timespec now;
	if (clock_gettime(which, &now) != 0)
		host_panic("this machine has no clock");
	return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static int64_t world_clock(void)
{
	return microseconds(CLOCK_REALTIME);
}

static int64_t world_monotonic(void)
{
	return microseconds(CLOCK_MONOTONIC);
}

static void world_random(void *bytes, size_t count)
{
	char *at = bytes;
	while (count) {
		ssize_t got = getrandom(at, count, 0);
		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			host_panic("the kernel gives no random numbers");
		at += got;
		count -= (size_t)got;
	}
}

const struct world *os_world(void)
{
	static const struct world world = {
		world_clock, world_monotonic, world_random, parallel_run};
	return &world;
}
