/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QT_MAP_VERBS_H
#define QT_MAP_VERBS_H

/*
 * One file a verb; each exports its row of the table, with its options. In
 * its own file a verb reads them by QT_OPTS_INIT(&NAME_verb, argc, argv).
 */

#include <qt/base/prog.h>

extern const struct qt_verb batch_verb;
extern const struct qt_verb checkpoint_verb;
extern const struct qt_verb clear_verb;
extern const struct qt_verb compact_verb;
extern const struct qt_verb count_verb;
extern const struct qt_verb del_verb;
extern const struct qt_verb get_verb;
extern const struct qt_verb has_verb;
extern const struct qt_verb init_verb;
extern const struct qt_verb ls_verb;
extern const struct qt_verb maintain_verb;
extern const struct qt_verb put_verb;
extern const struct qt_verb rm_verb;
extern const struct qt_verb scan_verb;
extern const struct qt_verb settings_verb;
extern const struct qt_verb stat_verb;
extern const struct qt_verb sync_verb;
extern const struct qt_verb verify_verb;

int	batch_main(int argc, char **argv);
int	checkpoint_main(int argc, char **argv);
int	clear_main(int argc, char **argv);
int	compact_main(int argc, char **argv);
int	count_main(int argc, char **argv);
int	del_main(int argc, char **argv);
int	get_main(int argc, char **argv);
int	has_main(int argc, char **argv);
int	init_main(int argc, char **argv);
int	ls_main(int argc, char **argv);
int	maintain_main(int argc, char **argv);
int	put_main(int argc, char **argv);
int	rm_main(int argc, char **argv);
int	scan_main(int argc, char **argv);
int	settings_main(int argc, char **argv);
int	stat_main(int argc, char **argv);
int	sync_main(int argc, char **argv);
int	verify_main(int argc, char **argv);

#endif /* QT_MAP_VERBS_H */
