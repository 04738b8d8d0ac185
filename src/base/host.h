/*
 * What the portable half asks of the machine that it runs on, beside the ports.
 *
 * Natively os/host.c answers with libc, zlib, libdeflate and OpenSSL; in WebAssembly these are the
 * module's imports. tools/wasm/imports.txt lists them: the wasm32 link fails on anything else.
 */
#ifndef BASE_HOST_H
#define BASE_HOST_H

#include <stddef.h>
#include <stdint.h>

/* Memory, not zeroed. Never NULL: a host that is out of memory ends the process. */
void *host_alloc(size_t size);
void host_free(void *memory, size_t size);

/* Ends the process after telling the operator why. */
_Noreturn void host_panic(const char *why);

/*
 * A lock, and a condition to wait for under it. Caller's memory; zeroed memory is an open lock.
 * A host with one thread makes all of these empty, and never calls host_wait.
 */
struct host_lock {
	_Alignas(16) unsigned char opaque[128];
};

void host_lock(struct host_lock *lock);
void host_unlock(struct host_lock *lock);
void host_wait(struct host_lock
		*lock); /* releases, sleeps until woken (or for no reason), takes it again */
void host_wait_for(struct host_lock *lock, int64_t micros); /* the same for so long at most */
void host_wake(struct host_lock *lock);                     /* wakes all who wait */

static inline void host_unlock_at_end(struct host_lock **lock)
{
	host_unlock(*lock);
}

/* Holds `lock` until the end of the enclosing block. */
#define WITH_LOCK(lock) WITH_LOCK_ON(lock, __LINE__)
#define WITH_LOCK_ON(lock, line) WITH_LOCK_AS(lock, line)
#define WITH_LOCK_AS(lock, line)                                                                  \
	__attribute__((cleanup(host_unlock_at_end))) struct host_lock *with_lock_##line = (lock); \
	host_lock(with_lock_##line)

#endif
