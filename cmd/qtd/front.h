/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QTD_FRONT_H
#define QTD_FRONT_H

#include "worker.h"

/* The front end of a worker: its HTTP server, routes and pages. */
int	front_open(struct worker *w, const struct worker_start *start,
	    struct qt_err *err);
void	front_close(struct worker *w);

#endif /* QTD_FRONT_H */
