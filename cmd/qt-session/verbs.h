/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QT_SESSION_VERBS_H
#define QT_SESSION_VERBS_H

/*
 * One file a verb; each exports its row of the table, with its options. In
 * its own file a verb reads them by QT_OPTS_INIT(&NAME_verb, argc, argv).
 */

#include <qt/base/prog.h>

int	host_main(int argc, char **argv);
extern const struct qt_verb host_verb;
int	screen_main(int argc, char **argv);
extern const struct qt_verb screen_verb;

#endif /* QT_SESSION_VERBS_H */
