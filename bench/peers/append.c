/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The least that durability costs: a record is appended to a file by write(2),
 * and where it has to be durable fdatasync(2) follows. No index, no checksum;
 * nothing can be read.
 */

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../../cmd/qt-bench/work.h"

struct append {
	int	fd, is_sync;
};

static void *
append_open(const struct work *w, int is_new)
{
	struct append	*a = malloc(sizeof(*a));
	char		 path[4096];

	if (w->kind != WORK_LOAD)
		work_die("append", "it can load only");
	if (a == NULL || (is_new && mkdir(w->dir, 0700) < 0))
		work_die(w->dir, strerror(errno));
	snprintf(path, sizeof(path), "%s/log", w->dir);
	a->fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	a->is_sync = w->is_sync;
	if (a->fd < 0)
		work_die(path, strerror(errno));
	return a;
}

static void
append_sync(void *db)
{
	if (fdatasync(((struct append *)db)->fd) < 0)
		work_die("fdatasync", strerror(errno));
}

static void
append_close(void *db)
{
	close(((struct append *)db)->fd);
	free(db);
}

static void *
append_join(void *db)
{
	return db;
}

static void
append_leave(void *session)
{
	(void)session;
}

static void
append_put(void *session, const void *key, const void *value)
{
	struct append	*a = session;
	unsigned char	 record[WORK_KEY + WORK_VALUE];

	memcpy(record, key, WORK_KEY);
	memcpy(record + WORK_KEY, value, WORK_VALUE);
	if (write(a->fd, record, sizeof(record)) != sizeof(record))
		work_die("write", strerror(errno));
	if (a->is_sync)
		append_sync(a);
}

const struct work_engine peer_engine = {
	.name = "append", .is_for_processes = 1,
	.open = append_open, .sync = append_sync, .close = append_close,
	.join = append_join, .leave = append_leave, .put = append_put,
};
