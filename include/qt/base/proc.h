/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QT_BASE_PROC_H
#define QT_BASE_PROC_H
/* What the kernel says in /proc about processes and itself. Thread-safe. */
#include <stdint.h>

#define QT_PROC_BOOT_SIZE 40u

/*
 * What a process of our PID namespace is doing, a letter of proc(5): 'T' and 't'
 * stopped, 'Z' dead and not waited for. -ENOENT: there is none, -ESRCH:
 * nobody knows.
 */
int	qt_proc_state(uint64_t pid);
/* The number of our PID namespace; 0: not known. */
uint64_t qt_proc_pid_ns(void);
/* The id of this boot of the kernel, as text; "": not known. */
void	qt_proc_boot_id(char out[QT_PROC_BOOT_SIZE]);

#endif /* QT_BASE_PROC_H */
