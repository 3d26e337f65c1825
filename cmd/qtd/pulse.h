/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QTD_PULSE_H
#define QTD_PULSE_H

#include "conn.h"

/*
 * Which WebSockets are still there. Two queues, each in the order of what is
 * due, so that a tick costs what is due and no more, however many wait:
 *
 *	greeting	has to say who it is within ten seconds
 *	ping		gets a ping every -P seconds; after two without any
 *			sign of life it is dropped
 */
int	pulse_new(struct worker *w);
void	pulse_free(struct worker *w);
/* A connection begins; with is_greeting it has still to say who it is. */
void	pulse_add(struct conn *c, int is_greeting);
void	pulse_greeted(struct conn *c);
void	pulse_del(struct conn *c);

#endif /* QTD_PULSE_H */
