/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QT_HIST_HISTORY_H
#define QT_HIST_HISTORY_H
/* Where the user's history is, opened, with what shells wrote taken in. */
#include <stdbool.h>

#include <qt/base/path.h>
#include <qt/hist/db.h>
#include <qt/hist/index.h>
#include <qt/hist/query.h>
#include <qt/hist/redact.h>

/*
 * The folders: of all, $QT_HIST, else "hist" in the state folder; in it, the
 * store, and spools. They are made, 0700, where they are missing. 0, or
 * negative: the first that cannot be made or written to.
 */
int	history_folder(char out[QT_PATH_SIZE], const char *name,
	    struct qt_err *err);
/* The same, which may be missing, or no folder. */
int	history_place(char out[QT_PATH_SIZE], const char *name,
	    struct qt_err *err);
/* The spools' folder when that one is of no use: in the runtime folder. */
int	history_spare_folder(char out[QT_PATH_SIZE], struct qt_err *err);

/* Whether it is on this machine: what is not may make a prompt wait. */
bool	history_is_local(const char *folder);
/* The file of the user's rules of what is a secret, which may be missing. */
int	history_rules(char out[QT_PATH_SIZE], struct qt_err *err);

/* Opens it and takes spools in; or ends the program, saying why. */
struct qt_hist_db *history_open(void);
/* The same, with its index, as history_index() gives it. */
struct qt_hist_db *history_open_index(struct qt_hist_index **ix);
/* Takes in what shells wrote up to now, as QT_HIST_TAKE_SURE has it. 0, or
   negative, which it has told. */
int	history_take_sure(struct qt_hist_db *db);
/*
 * The rules by which secrets are found: ours and those of hist-redact in the
 * config folder, whose wrong lines are told. The program's, until it ends.
 */
struct qt_hist_redact *history_redact(void);
/* Ends it when what was written could not be synced. */
void	history_close(struct qt_hist_db *db);
/* The exit code of an error. */
int	history_code(int rc);

/* --- history_index.c ------------------------------------------------------ */

/*
 * The index of db's history, up to date, or as it is while somebody else brings
 * it up to date; made where there is none. NULL, and why is told, when there is
 * no room for one. The caller closes it.
 */
struct qt_hist_index *history_index(struct qt_hist_db *db);
/*
 * As it is now, in a moment: it may lack what shells wrote since. NULL: there is
 * none.
 */
struct qt_hist_index *history_index_now(void);
/* history_open() calls this: where there is an index it is brought up to date,
   so it never falls far behind. */
void	history_index_follow(struct qt_hist_db *db);
/* Takes it out of shared memory. 0, or negative; -ENOENT: there was none. */
int	history_index_drop(struct qt_err *err);

/* --- history_here.c ------------------------------------------------------- */

/* Where the user is: folder, its repository, host, session, zone. The
   program's, and always the same. */
const struct qt_hist_here *history_here(void);

#endif /* QT_HIST_HISTORY_H */
