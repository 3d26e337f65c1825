/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QT_HIST_HISTORY_H
#define QT_HIST_HISTORY_H
/* Where the user's history is, opened, with what shells wrote taken in. */
#include <qt/base/path.h>
#include <qt/hist/db.h>
#include <qt/hist/redact.h>

/*
 * The folders: of all, $QT_HIST, else "hist" in the state folder; in it, the
 * store, and spools. They are made, 0700, where they are missing. 0, or
 * negative: the first that cannot be made or written to.
 */
int	history_folder(char out[QT_PATH_SIZE], const char *name,
	    struct qt_err *err);
/* The spools' folder when that one is of no use: in the runtime folder. */
int	history_spare_folder(char out[QT_PATH_SIZE], struct qt_err *err);

/* Opens it and takes spools in; or ends the program, saying why. */
struct qt_hist_db *history_open(void);
/*
 * The rules by which secrets are found: ours and those of hist-redact in the
 * config folder, whose wrong lines are told. The program's, until it ends.
 */
struct qt_hist_redact *history_redact(void);
/* Ends it when what was written could not be synced. */
void	history_close(struct qt_hist_db *db);
/* The exit code of an error. */
int	history_code(int rc);

#endif /* QT_HIST_HISTORY_H */
