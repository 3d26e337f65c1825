/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QT_HIST_NATIVE_H
#define QT_HIST_NATIVE_H
/* Where shells and other tools keep their histories. */
#include <qt/base/path.h>
#include <qt/hist/import.h>

/*
 * The file of a format, the first of its places that is there. DETECT: that of
 * the shell that called us, else of the login shell; format is set. 0 or
 * -ENOENT.
 */
int	native_find(char out[QT_PATH_SIZE], enum qt_hist_format *format);
/* By a shell's name or path, or DETECT. */
enum qt_hist_format native_shell_named(const char *name);
/* That of the shell that called us, else of the login shell; or DETECT. */
enum qt_hist_format native_shell(void);

#endif /* QT_HIST_NATIVE_H */
