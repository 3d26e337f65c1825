/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QT_SHM_WAITING_H
#define QT_SHM_WAITING_H

#include <stddef.h>
#include <stdint.h>

/*
 * Waiting that a signal ends: the library's waits are not ended by one, so they
 * are made of pieces of WAITING_MS, and between them stop_signal is looked at.
 */
#define WAITING_MS	100

/* The signal that asks us to end, or 0. */
extern volatile int stop_signal;

/*
 * From now on SIGINT, SIGTERM and SIGHUP only say so in stop_signal, and end
 * system calls; SIGPIPE is an error of write(2).
 */
void	stop_on_signals(void);
/* Ends as if the signal had not been caught. */
_Noreturn void stop_now(void);

/* -w: QT_WAIT_FOREVER. -W SEC: a moment. Neither: QT_WAIT_NEVER. */
uint64_t waiting_deadline(int is_patient, const char *seconds);

/* The end of the next piece of a wait until deadline. */
uint64_t waiting_piece(uint64_t deadline);

/* Writes all of it to standard output; a signal ends it. 0 or -errno. */
int	waiting_write(const char *text, size_t len);

#endif /* QT_SHM_WAITING_H */
