/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QT_SHM_WHOLE_H
#define QT_SHM_WHOLE_H

#include <stdint.h>

/*
 * Output that appears when it is whole: a file gets its name last, so that one
 * of that name is never half of one, and an older one stays until then. When
 * we are killed before, nothing of it is left.
 *
 * What has no name to give (standard output, a pipe, /dev/null) is written to
 * in order, or, when who writes goes back and forth, copied to at the end.
 */
struct whole {
	const char	*path;		/* NULL: standard output */
	char		 at[4096];	/* where it shall be, links followed */
	char		 temp[4096];	/* its name until then, or "" */
	int		 fd;		/* to write to, from its offset 0 on */
	int		 to;		/* to copy to at the end, or -1 */
};

/*
 * path NULL or "-" is standard output. is_seeking: written with pwrite(2).
 * Exits 3 when there can be no such file, 2 when it would be a terminal.
 */
void	whole_open(struct whole *w, const char *path, int is_seeking);
/* With rc 0 it appears. Otherwise nothing of it is left, and we exit 3. */
void	whole_close(struct whole *w, int rc);

/*
 * A file without a name, for what must be read or written twice; its owner is
 * the caller. Exits 3.
 */
int	whole_temporary(void);
/* Why its being full has to do with anything. */
#define WHOLE_KEPT	" (it is kept in TMPDIR, else /tmp, until it is whole)"

#endif /* QT_SHM_WHOLE_H */
