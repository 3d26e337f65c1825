/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QT_SESSION_VERBS_H
#define QT_SESSION_VERBS_H

/*
 * One file a verb; each exports its row of the table, with its options. In
 * its own file a verb reads them by QT_OPTS_INIT(&NAME_verb, argc, argv).
 */

#include <qt/base/prog.h>

extern const struct qt_verb attach_verb;
extern const struct qt_verb capture_verb;
extern const struct qt_verb events_verb;
extern const struct qt_verb host_verb;
extern const struct qt_verb info_verb;
extern const struct qt_verb kill_verb;
extern const struct qt_verb ls_verb;
extern const struct qt_verb new_verb;
extern const struct qt_verb record_verb;
extern const struct qt_verb rename_verb;
extern const struct qt_verb resize_verb;
extern const struct qt_verb screen_verb;
extern const struct qt_verb send_verb;
extern const struct qt_verb stop_verb;
extern const struct qt_verb upgrade_verb;
extern const struct qt_verb wait_verb;

int	attach_main(int argc, char **argv);
int	capture_main(int argc, char **argv);
int	events_main(int argc, char **argv);
int	host_main(int argc, char **argv);
int	info_main(int argc, char **argv);
int	kill_main(int argc, char **argv);
int	ls_main(int argc, char **argv);
int	new_main(int argc, char **argv);
int	record_main(int argc, char **argv);
int	rename_main(int argc, char **argv);
int	resize_main(int argc, char **argv);
int	screen_main(int argc, char **argv);
int	send_main(int argc, char **argv);
int	stop_main(int argc, char **argv);
int	upgrade_main(int argc, char **argv);
int	wait_main(int argc, char **argv);

int	menu_main(void);	/* no verb, on a terminal: menu.c */

#endif /* QT_SESSION_VERBS_H */
