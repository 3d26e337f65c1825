/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QT_HIST_VERBS_H
#define QT_HIST_VERBS_H

/*
 * One file a verb; each exports its row of the table, with its options. In
 * its own file a verb reads them by QT_OPTS_INIT(&NAME_verb, argc, argv).
 */

#include <qt/base/prog.h>

extern const struct qt_verb complete_verb;
extern const struct qt_verb delete_verb;
extern const struct qt_verb doctor_verb;
extern const struct qt_verb export_verb;
extern const struct qt_verb import_verb;
extern const struct qt_verb init_verb;
extern const struct qt_verb list_verb;
extern const struct qt_verb pick_verb;
extern const struct qt_verb prune_verb;
extern const struct qt_verb redact_verb;
extern const struct qt_verb search_verb;
extern const struct qt_verb stats_verb;
extern const struct qt_verb suggest_verb;
extern const struct qt_verb sync_spool_verb;
extern const struct qt_verb tag_verb;
extern const struct qt_verb tail_verb;

int	complete_main(int argc, char **argv);
int	delete_main(int argc, char **argv);
int	doctor_main(int argc, char **argv);
int	export_main(int argc, char **argv);
int	import_main(int argc, char **argv);
int	init_main(int argc, char **argv);
int	list_main(int argc, char **argv);
int	pick_main(int argc, char **argv);
int	prune_main(int argc, char **argv);
int	redact_main(int argc, char **argv);
int	search_main(int argc, char **argv);
int	stats_main(int argc, char **argv);
int	suggest_main(int argc, char **argv);
int	sync_spool_main(int argc, char **argv);
int	tag_main(int argc, char **argv);
int	tail_main(int argc, char **argv);

#endif /* QT_HIST_VERBS_H */
