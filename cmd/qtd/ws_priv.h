/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QTD_WS_PRIV_H
#define QTD_WS_PRIV_H

#include "frame.h"
#include "ws.h"

/* Between ws.c and unmasked.c, which reads for it. */

/* From now on what is read from fd passes ws_check(ws). 0 or -ENOMEM. */
int	unmasked_watch(int fd, struct ws *ws);
/* No more, unless fd is another's by now. */
void	unmasked_forget(int fd, const struct ws *ws);

struct frame_check *ws_check(struct ws *ws);
/* The check found something: the close handshake begins. */
void	ws_bad_frame(struct ws *ws);

#endif /* QTD_WS_PRIV_H */
