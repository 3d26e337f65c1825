/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QT_BASE_PATH_H
#define QT_BASE_PATH_H

#include <stddef.h>

#include <qt/base/err.h>

#define QT_PATH_SIZE 4096

/*
 * Where things are kept.
 *
 *	runtime	$QT_RUNTIME_DIR, else $XDG_RUNTIME_DIR/qt where that is a
 *		folder of ours that we may write, else /tmp/qt-UID
 *	config	$QT_CONFIG, else $XDG_CONFIG_HOME/qt/qt.conf, else ~/.config/...
 *	state	$QT_STATE_DIR, else $XDG_STATE_HOME/qt, else ~/.local/state/qt
 *
 * Two runtime folders are two independent worlds: every socket, lock and
 * segment name derives from the folder.
 */

/*
 * The runtime folder, made 0700 when missing, checked to be a real folder
 * (no link) of ours that nobody else may write. -QT_EOWNER when it is not.
 * Its parents are not made.
 */
int	qt_path_runtime(char out[QT_PATH_SIZE], struct qt_err *err);

/* "<runtime>/<name>" without making anything. -ENAMETOOLONG. */
int	qt_path_in_runtime(const char *name, char out[QT_PATH_SIZE],
	    struct qt_err *err);

/* Only names, nothing is made or checked. -ENAMETOOLONG, -ENOENT (no HOME). */
int	qt_path_config(char out[QT_PATH_SIZE], struct qt_err *err);
int	qt_path_state(char out[QT_PATH_SIZE], struct qt_err *err);

/*
 * The name (for shm_open, with its leading '/') of a segment that belongs to
 * this runtime folder: "/qt-<uid>-<kind>-<16 hex of the folder>". Makes the
 * folder when it is missing, as qt_path_runtime() does.
 */
int	qt_path_segment(const char *kind, char out[128], struct qt_err *err);

/*
 * Something of the programs' installed data (the page, ...): $QT_DATA_DIR/name,
 * else ../share/qt/name beside the executable's folder, else the build tree's
 * (build/name, cmd/PROGRAM/name), else PREFIX/share/qt/name. Returns 0, or
 * -errno with the last place that was tried in out.
 */
int	qt_path_data(const char *name, char out[QT_PATH_SIZE]);
/*
 * What is compiled, and loaded: ../lib/qt/name beside the executable's folder,
 * else the build tree's, else PREFIX/lib/qt/name. $QT_DATA_DIR does not count.
 * Returns as qt_path_data() does.
 */
int	qt_path_lib(const char *name, char out[QT_PATH_SIZE]);

/*
 * A sibling program: beside the running executable when there, else the bare
 * name for execvp(3).
 */
void	qt_path_program(const char *name, char out[QT_PATH_SIZE]);

#endif /* QT_BASE_PATH_H */
