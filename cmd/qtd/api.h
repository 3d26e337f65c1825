/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QTD_API_H
#define QTD_API_H

#include <qt/session/record.h>

#include "worker.h"

/* Answers {"error": text} with the status that fits the code. */
void	api_error(struct qt_net_req *req, int code, const char *text);
/*
 * The session whose name, or id, stands before end at the path's end. 0, or -1
 * after an answer.
 */
int	api_session(struct worker *w, struct qt_net_req *req, const char *end,
	    struct qt_session *out);
/* Who asks, as sessions know users. */
void	api_user(const struct qt_net_req *req, struct user *out);

#endif /* QTD_API_H */
