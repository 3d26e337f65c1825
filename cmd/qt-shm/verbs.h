/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QT_SHM_VERBS_H
#define QT_SHM_VERBS_H

/*
 * One file a verb; each exports its row of the table, with its options. In
 * its own file a verb reads them by QT_OPTS_INIT(&NAME_verb, argc, argv).
 */

#include <qt/base/prog.h>

extern const struct qt_verb add_verb;
extern const struct qt_verb cas_verb;
extern const struct qt_verb create_verb;
extern const struct qt_verb del_verb;
extern const struct qt_verb dump_verb;
extern const struct qt_verb export_verb;
extern const struct qt_verb fsck_verb;
extern const struct qt_verb gc_verb;
extern const struct qt_verb get_verb;
extern const struct qt_verb import_verb;
extern const struct qt_verb lock_verb;
extern const struct qt_verb ls_verb;
extern const struct qt_verb new_verb;
extern const struct qt_verb peek_verb;
extern const struct qt_verb pop_verb;
extern const struct qt_verb push_verb;
extern const struct qt_verb put_verb;
extern const struct qt_verb rm_verb;
extern const struct qt_verb stat_verb;
extern const struct qt_verb wait_verb;
extern const struct qt_verb watch_verb;
extern const struct qt_verb who_verb;

int	add_main(int argc, char **argv);
int	cas_main(int argc, char **argv);
int	create_main(int argc, char **argv);
int	del_main(int argc, char **argv);
int	dump_main(int argc, char **argv);
int	export_main(int argc, char **argv);
int	fsck_main(int argc, char **argv);
int	gc_main(int argc, char **argv);
int	get_main(int argc, char **argv);
int	import_main(int argc, char **argv);
int	lock_main(int argc, char **argv);
int	ls_main(int argc, char **argv);
int	new_main(int argc, char **argv);
int	peek_main(int argc, char **argv);
int	pop_main(int argc, char **argv);
int	push_main(int argc, char **argv);
int	put_main(int argc, char **argv);
int	rm_main(int argc, char **argv);
int	stat_main(int argc, char **argv);
int	wait_main(int argc, char **argv);
int	watch_main(int argc, char **argv);
int	who_main(int argc, char **argv);

#endif /* QT_SHM_VERBS_H */
