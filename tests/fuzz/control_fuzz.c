/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Packets into a real host: each input is a row of packets (two bytes of
 * length, then the bytes), sent over a connection to a host that runs in a
 * thread's place: this process. Starting programs is what NEW would do, so the
 * fuzzer's host has no free process (the fork fault) and never starts one.
 */

#include <errno.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <qt/base/log.h>
#include <qt/base/sys.h>

#include "../../libcommon/session/host_priv.h"

int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct qt__host	host;
static struct qt_session known;

static const struct qt_seg_spec spec = {
	.size = 64u << 20, .mode = 0600, .group = (gid_t)-1, .kind = "host",
};

static void
must(int rc)
{
	if (rc < 0)
		abort();
}

static void
on_turn(uv_prepare_t *p)
{
	(void)p;
}

/* A host without lock and sockets, and one record that has ended. */
static void
begin(void)
{
	uint64_t	*ring;

	qt_log_level(QT_LOG_ERROR);
	must(qt_host_opt_init(&host.opt, NULL, NULL));
	host.lock_fd = host.listen_fd = host.reserve_fd = -1;
	host.screen.listen_fd = -1;
	snprintf(host.runtime, sizeof(host.runtime), "/nonexistent");
	snprintf(host.user, sizeof(host.user), "fuzz");
	snprintf(host.shell, sizeof(host.shell), "/bin/false");
	must(uv_loop_init(&host.loop));
	must(uv_prepare_init(&host.loop, &host.prepare));
	must(uv_prepare_start(&host.prepare, on_turn));
	must(uv_timer_init(&host.loop, &host.stop_timer));
	must(uv_timer_init(&host.loop, &host.bell_timer));
	must(uv_timer_init(&host.loop, &host.spare_timer));
	host.packet = malloc(QT_CONTROL_SIZE_MAX);
	must(qt_seg_create(NULL, &spec, &host.seg, NULL));
	must(qt__table_create(host.seg, &host.table, NULL));
	host.info = qt__table_host(host.table);
	known = (struct qt_session){ .state = QT_STATE_EXITED,
	    .name = "known", .owner = "fuzz" };
	/* An id that the corpus can name. */
	memset(&known.id, 7, sizeof(known.id));
	must(qt__table_add(host.table, &known));
	ring = qt__table_ring(host.table, known.slot);
	must(qt_ring_create(host.seg, QT_RING_LIMIT_MIN, ring));
	host.exited = 1;
}

/* What a packet may have changed for good is put back. */
static void
restore(void)
{
	struct qt_session	s;

	host.is_stopping = host.is_upgrading = 0;
	free(host.upgrade_program);
	host.upgrade_program = NULL;
	(void)uv_timer_stop(&host.stop_timer);
	if (qt__table_find_id(host.table, &known.id, &s) < 0) {
		known.name[5] = '\0';
		must(qt__table_add(host.table, &known));
		host.exited++;
	}
}

static void
turn(void)
{
	for (int i = 0; i < 3; i++)
		(void)uv_run(&host.loop, UV_RUN_NOWAIT);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct qt__conn	*c;
	char		 drop[4096];
	size_t		 at = 0, len;
	int		 fds[2];

	if (host.packet == NULL)
		begin();
	must(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK |
	    SOCK_CLOEXEC, 0, fds));
	c = qt__conn_add(&host, fds[0], ++host.conn_last, NULL);
	if (c == NULL)
		abort();
	while (at + 2 <= size) {
		len = (size_t)data[at] | (size_t)data[at + 1] << 8;
		at += 2;
		if (len > size - at)
			len = size - at;
		/* Neither ptys nor other programs. */
		qt_sys_fault(QT_SYS_PTY, 1, ENOSPC);
		qt_sys_fault(QT_SYS_FORK, 1, EAGAIN);
		(void)send(fds[1], data + at, len, MSG_NOSIGNAL);
		at += len;
		turn();
		while (recv(fds[1], drop, sizeof(drop), MSG_DONTWAIT) > 0)
			;
	}
	close(fds[1]);
	turn();
	restore();
	return 0;
}
