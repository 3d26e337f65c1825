/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QT_SESSION_SIZE_H
#define QT_SESSION_SIZE_H

#include <stdint.h>

#include <qt/session/id.h>

/* "COLSxROWS" of the option or operand what; exits 2 when it is not one. */
void	size_parse(const char *what, const char *text, uint16_t *cols,
	    uint16_t *rows);
/* A policy's name; exits 2 and lists them when it is not one. */
enum qt_resize_policy policy_parse(const char *text);

#endif /* QT_SESSION_SIZE_H */
