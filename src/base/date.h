/* Dates as text, in the proleptic Gregorian calendar, by the rules of UTC; no time zone tables. */
#ifndef BASE_DATE_H
#define BASE_DATE_H

#include "base/buf.h"

/* Seconds since 1970 as "2026-11-23T15:34:32Z" (RFC 3339); into 24 bytes. */
void date_rfc3339(int64_t seconds, char out[24]);
/* As "Mon, 23 Nov 2026 15:34:32 GMT" (RFC 9110); into 32 bytes. */
void date_http(int64_t seconds, char out[32]);
/* As "2026-11-23 16:34:32 +0100" with an offset in minutes; into 32 bytes. */
void date_git(int64_t seconds, int offset_minutes, char out[32]);
/* As "just now", "5 minutes ago", "3 weeks ago", "in 2 days"; into 32 bytes. */
void date_relative(int64_t seconds, int64_t now, char out[32]);

/*
 * And back: a moment of RFC 3339 ("2026-11-23T16:34:32+01:00", "…Z"; parts of a second are dropped),
 * of the years 1 to 9999, or seconds since 1970 ("1795448072"). False for anything else.
 */
bool date_parse(struct str text, int64_t *seconds);
/* What date_http writes. False for anything else. */
bool date_http_parse(struct str text, int64_t *seconds);

#endif
