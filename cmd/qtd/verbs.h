/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QTD_VERBS_H
#define QTD_VERBS_H

#include <qt/base/prog.h>

extern const struct qt_verb link_verb;	/* link.c */
extern const struct qt_verb user_verb;	/* user.c */

#endif /* QTD_VERBS_H */
