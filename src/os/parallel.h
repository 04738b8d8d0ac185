/*
 * Short-lived threads for who has much to compute at once. The processors that this process may use
 * bound how many there are in all of it, so whoever asks while others are at it works alone.
 */
#ifndef OS_PARALLEL_H
#define OS_PARALLEL_H

/* As `parallel` of base/ctx.h's world. */
void parallel_run(unsigned most, void (*work)(void *arg, unsigned number), void *arg);

#endif
