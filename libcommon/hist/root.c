/* SPDX-License-Identifier: Apache-2.0 */
/* The repository that a folder belongs to. See <qt/hist/root.h>. */

#include <unistd.h>

#include <qt/hist/root.h>

#define PATH_MAX_LEN	4096u

static int
is_root(struct qt_buf *path)
{
	size_t	len = path->len;
	int	rc = qt_buf_add(path, "/.git", sizeof("/.git"));

	if (rc < 0)
		return rc;
	rc = access(path->data, F_OK) == 0;
	path->len = len;
	path->data[len] = '\0';
	return rc;
}

int
qt_hist_root(struct qt_buf *path)
{
	int	rc = 0;

	if (path->len == 0 || path->data[0] != '/' ||
	    path->len > PATH_MAX_LEN)
		qt_buf_reset(path);
	while (path->len > 1 && (rc = is_root(path)) == 0) {
		while (path->data[--path->len] != '/')
			continue;
		path->data[path->len] = '\0';
	}
	if (path->len <= 1)
		qt_buf_reset(path);
	return rc < 0 ? rc : 0;
}
