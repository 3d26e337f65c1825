/* SPDX-License-Identifier: Apache-2.0 */
/* HELLO: what a viewer gets to look and sleep with. */

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <qt/base/sys.h>

#include "host_priv.h"

#define SEALS (F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL)

static int
make_bell(struct qt__conn *c, uint32_t slots)
{
	size_t	size = slots * sizeof(struct qt_bell_slot);
	void	*map = NULL;
	int	rc;

	c->attach = calloc(slots, sizeof(struct qt__attach *));
	if (c->attach == NULL)
		return -ENOMEM;
	c->event_fd = qt_sys_eventfd(0);
	if (c->event_fd < 0)
		return c->event_fd;
	c->bell_fd = qt_sys_memfd("qt-bell", size, SEALS);
	if (c->bell_fd < 0)
		return c->bell_fd;
	rc = qt_sys_mmap(c->bell_fd, size, PROT_READ | PROT_WRITE, &map);
	if (rc < 0)
		return rc;
	c->bell = map;
	c->bell_slots = slots;
	return 0;
}

static void
send_welcome(struct qt__conn *c, uint32_t tag)
{
	struct qt_control_welcome	w = {
		.version = QT_CONTROL_VERSION, .conn = c->id, .role = c->role,
		.pid = (uint32_t)getpid(), .segment = qt_seg_id(c->host->seg),
		.bell_slots = c->bell_slots,
	};
	int				fds[3];

	if (c->bell_slots == 0) {
		qt__conn_send(c, QT_MSG_WELCOME, tag, &w, sizeof(w));
		return;
	}
	fds[0] = qt_seg_dup_rdonly(c->host->seg);
	if (fds[0] < 0) {
		qt__conn_error(c, tag, fds[0], "%s", fds[0] == -EMFILE ?
		    QT__FILES_TEXT : "open the segment for reading");
		return;
	}
	fds[1] = c->bell_fd;
	fds[2] = c->event_fd;
	qt__conn_send_fds(c, QT_MSG_WELCOME, tag, &w, sizeof(w), fds, 3);
	close(fds[0]);
}

void
qt__msg_hello(struct qt__conn *c, const struct qt_control_head *head,
    const void *body)
{
	struct qt_control_hello	hello;
	int			rc;

	if (head->len != sizeof(hello)) {
		qt__conn_error(c, head->tag, -QT_EPROTO, "HELLO of %u bytes",
		    head->len);
		return;
	}
	memcpy(&hello, body, sizeof(hello));
	if (hello.version != QT_CONTROL_VERSION) {
		qt__conn_error(c, head->tag, -QT_EVERSION, "the session host "
		    "(process %d) speaks version %u of its protocol, not %u: "
		    "use programs of its version, or upgrade it "
		    "(qt-session upgrade)", (int)getpid(),
		    QT_CONTROL_VERSION, hello.version);
		return;
	}
	if (hello.bell_slots > QT_BELL_SLOTS_MAX || c->bell_slots > 0 ||
	    hello.role < QT_ROLE_READER || hello.role > QT_ROLE_OWNER) {
		qt__conn_error(c, head->tag, -EINVAL, "HELLO");
		return;
	}
	/* A role once given up does not come back. */
	if (hello.role < c->role)
		c->role = hello.role;
	c->flags = hello.flags;
	if (hello.bell_slots > 0) {
		rc = make_bell(c, hello.bell_slots);
		if (rc < 0) {
			qt__conn_error(c, head->tag, rc, "%s", rc == -EMFILE ?
			    QT__FILES_TEXT : "make a bell page");
			qt__conn_close(c);
			return;
		}
	}
	send_welcome(c, head->tag);
}
