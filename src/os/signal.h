/*
 * Signals as something one thread waits for, and the process limits that a server sets at start.
 */
#ifndef OS_SIGNAL_H
#define OS_SIGNAL_H

/*
 * Call before the first thread starts: SIGTERM, SIGINT and SIGHUP are held back for signal_wait in
 * all threads; SIGPIPE is ignored (a peer that went away is an ordinary error).
 */
void signal_init(void);

/* Sleeps until one of the held signals comes; its number. */
int signal_wait(void);

/* The same for at most `milliseconds`; 0 when none came. */
int signal_wait_for(int milliseconds);

/* Gives a child that is about to exec the default signals back. */
void signal_reset(void);

/* Raises the limit of open files to what the machine allows; the limit that holds now. */
long limit_raise_files(void);

#endif
