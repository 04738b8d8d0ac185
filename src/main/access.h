/* The log's line of each request. */
#ifndef MAIN_ACCESS_H
#define MAIN_ACCESS_H

#include "net/http.h"

void access_log(void *arg, const struct http_access *access);

/* Requests that have ended so far. */
uint64_t access_count(void);

#endif
