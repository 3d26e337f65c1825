/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QTD_API_H
#define QTD_API_H

#include "worker.h"

/* Answers {"error": text} with the status that fits the code. */
void	api_error(struct qt_net_req *req, int code, const char *text);
/* Who asks, as sessions know users. */
void	api_user(const struct qt_net_req *req, struct user *out);

#endif /* QTD_API_H */
