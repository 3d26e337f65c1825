/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QT_BENCH_VERBS_H
#define QT_BENCH_VERBS_H

#include <qt/base/prog.h>

extern const struct qt_verb session_verb;	/* session.c */
extern const struct qt_verb ws_verb;		/* ws.c */
extern const struct qt_verb shm_verb;		/* shm.c */
extern const struct qt_verb store_verb;		/* store.c */
extern const struct qt_verb hist_verb;		/* hist.c */
extern const struct qt_verb complexity_verb;	/* complexity.c */
extern const struct qt_verb lines_verb;		/* lines.c */

#endif /* QT_BENCH_VERBS_H */
