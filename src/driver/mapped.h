/*
 * Files mapped whole into memory, with a bound on how much of them is resident.
 *
 * Pages of a file that is mapped to be read can be dropped at any time and come back by themselves
 * when they are touched, so pointers into a mapping stay valid until it is closed. What is touched
 * through mapping_at is counted in chunks; over the bound the chunk that was touched least recently
 * (roughly) is dropped. Safe for any number of threads.
 */
#ifndef DRIVER_MAPPED_H
#define DRIVER_MAPPED_H

#include "base/ctx.h"

enum { MAPPED_CHUNK = 1 << 20 };

/* The bound, shared by all mappings of a store. */
struct resident;

struct resident *resident_open(uint64_t max_bytes);
void resident_close(struct resident *r);
/* Bytes of chunks that count as resident now. */
uint64_t resident_bytes(struct resident *r);

struct mapping;

/* Maps `len` > 0 bytes of the file, which may grow into them later. The descriptor can be closed.
 */
enum err mapping_open(struct ctx *c, struct resident *r, int fd, size_t len, struct mapping **out)
	MUST;
void mapping_close(struct mapping *m);
size_t mapping_len(const struct mapping *m);

/* The bytes from `at` on, `len` of which will be touched. Within the mapping (asserted). */
const uint8_t *mapping_at(struct mapping *m, size_t at, size_t len);

#endif
