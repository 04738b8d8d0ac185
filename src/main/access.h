/* The log's line of each request. */
#ifndef MAIN_ACCESS_H
#define MAIN_ACCESS_H

#include "net/http.h"
#include "os/log.h"

void access_log(void *arg, const struct http_access *access);

/* Requests that have ended so far. */
uint64_t access_count(void);

/* What went wrong, for a line of whatever else; with what to do about it. */
void access_log_error(struct log_line *line, enum err kind, const char *text);

#endif
