/* What a browser says it is, in a few words. */
#ifndef WEB_AGENT_H
#define WEB_AGENT_H

#include "base/arena.h"
#include "base/str.h"

/* "Firefox on Linux" of a User-Agent; what is not known is told as it is, cut short. */
const char *agent_name(struct arena *a, struct str agent);

/* Does it say that it reads all there is (a crawler); or that it acts for somebody by itself? */
bool agent_is_crawler(struct str agent);
bool agent_is_robot(struct str agent);

#endif
