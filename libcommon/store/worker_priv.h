/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QT_STORE_WORKER_PRIV_H
#define QT_STORE_WORKER_PRIV_H
/* The thread that maintains meanwhile: worker.c. */
#include "store_priv.h"

/* Starts the thread, when this handle may have one and has none. */
void	qt__worker_start(struct qt_store *s);
void	qt__worker_stop(struct qt_store *s);
void	qt__worker_forget(struct qt_store *s);	/* in a fork child */
/* Something has changed: wakes the workers of all processes. */
void	qt__worker_wake(struct qt__ctl *ctl, bool is_due);

#endif /* QT_STORE_WORKER_PRIV_H */
