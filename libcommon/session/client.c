/* SPDX-License-Identifier: Apache-2.0 */
/* A client's connection, and what it maps. See <qt/session/client.h>. */

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <qt/base/path.h>
#include <qt/base/sys.h>

#include "client_priv.h"

static int
map_all(struct qt_client *c, const int *fds, uint32_t slots,
    struct qt_err *err)
{
	void	*map;
	int	 rc;

	rc = qt_seg_open_fd(fds[0], "host", QT_SEG_RDONLY, &c->seg, err);
	if (rc == 0)
		rc = qt_session_table_open(c->seg, &c->table, err);
	if (rc == 0)
		rc = qt_sys_mmap(fds[1], slots * sizeof(*c->bell),
		    PROT_READ | PROT_WRITE, &map);
	if (rc < 0)
		return rc;
	c->bell = map;
	c->bell_slots = slots;
	return 0;
}

/* HELLO and its answer, which alone brings descriptors. */
static int
say_hello(struct qt_client *c, const struct qt_control_hello *hello,
    struct qt_err *err)
{
	struct qt_control_welcome	w;
	int				fds[3] = { -1, -1, -1 };
	size_t				nfds = 3;
	int				rc;

	rc = qt__client_ask(c, QT_MSG_HELLO, 0, hello, sizeof(*hello),
	    QT_MSG_WELCOME, &w, sizeof(w), fds, &nfds, err);
	if (rc == 0) {
		c->conn = w.conn;
		if (hello->bell_slots > 0 && nfds == 3 &&
		    w.bell_slots == hello->bell_slots) {
			rc = map_all(c, fds, w.bell_slots, err);
			c->bell_fd = fds[2];
			fds[2] = -1;
		} else if (hello->bell_slots > 0) {
			rc = -QT_EPROTO;
		}
	}
	for (size_t i = 0; i < 3; i++) {
		if (fds[i] >= 0)
			close(fds[i]);
	}
	if (rc < 0)
		qt_err_wrap(err, "greet the session host");
	return rc;
}

int
qt_client_open(unsigned int flags, enum qt_role role, uint32_t bell_slots,
    struct qt_client **out, struct qt_err *err)
{
	struct qt_control_hello	 hello = {
		.version = QT_CONTROL_VERSION, .role = role,
		.bell_slots = bell_slots,
		.flags = (flags & QT_CLIENT_HELPER) != 0 ? QT_HELLO_HELPER : 0,
	};
	struct qt_client	*c = calloc(1, sizeof(*c));
	int			 rc = 0;

	if (c == NULL)
		return -ENOMEM;
	c->bell_fd = -1;
	c->fd = qt__client_connect(flags, err);
	if (c->fd < 0)
		rc = c->fd;
	else if (bell_slots > 0 || role != QT_ROLE_OWNER || hello.flags != 0)
		rc = say_hello(c, &hello, err);
	if (rc < 0) {
		qt_client_close(c);
		return rc;
	}
	*out = c;
	return 0;
}

void
qt_client_close(struct qt_client *c)
{
	if (c == NULL)
		return;
	qt_session_table_close(c->table);
	qt_seg_close(c->seg);
	if (c->bell != NULL)
		(void)munmap(c->bell, c->bell_slots * sizeof(*c->bell));
	if (c->bell_fd >= 0)
		close(c->bell_fd);
	if (c->fd >= 0)
		close(c->fd);
	qt_buf_clear(&c->out);
	qt_buf_clear(&c->in);
	qt_buf_clear(&c->kept);
	free(c);
}

int
qt_client_open_table(struct qt_seg **seg, struct qt_session_table **table,
    struct qt_err *err)
{
	char	name[128];
	int	rc;

	*seg = NULL;
	rc = qt_path_segment("host", name, err);
	if (rc == 0)
		rc = qt_seg_open(name, "host", QT_SEG_RDONLY, seg, err);
	if (rc == 0)
		rc = qt_session_table_open(*seg, table, err);
	if (rc == 0)
		return 0;
	qt_seg_close(*seg);
	*seg = NULL;
	if (rc != -ENOENT)
		return rc;
	qt_err_set(err, "find sessions");
	return -QT_ENOHOST;
}

int
qt_client_fd(const struct qt_client *c)
{
	return c->fd;
}

int
qt_client_bell_fd(const struct qt_client *c)
{
	return c->bell_fd;
}

const struct qt_seg *
qt_client_segment(const struct qt_client *c)
{
	return c->seg;
}

struct qt_session_table *
qt_client_table(const struct qt_client *c)
{
	return c->table;
}

struct qt_bell_slot *
qt_client_bell(const struct qt_client *c, uint32_t slot)
{
	return slot < c->bell_slots ? &c->bell[slot] : NULL;
}

uint32_t
qt_client_conn(const struct qt_client *c)
{
	return c->conn;
}
