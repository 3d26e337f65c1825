/* SPDX-License-Identifier: Apache-2.0 */
/* A WebSocket client for load. See wsclient.h. */

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include <qt/base/err.h>
#include <qt/base/prog.h>
#include <qt/base/sys.h>

#include "wsclient.h"

#define OPCODE_BINARY	0x2
#define OPCODE_CLOSE	0x8
#define OPCODE_PING	0x9
#define HEAD_SIZE	2048	/* of the answer to the upgrade */

static int
connect_loopback(int port)
{
	struct sockaddr_in	a = { .sin_family = AF_INET,
	    .sin_addr = { htonl(INADDR_LOOPBACK) },
	    .sin_port = htons((uint16_t)port) };
	int			fd, on = 1;

	fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0 || connect(fd, (struct sockaddr *)&a, sizeof(a)) < 0)
		qt_die(QT_EXIT_SYS, "connect to port %d: %s", port,
		    strerror(errno));
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	return fd;
}

/* Reads the answer byte by byte, so that no frame behind it is lost. */
static void
read_answer(int fd)
{
	char	head[HEAD_SIZE];
	size_t	len = 0;

	while (len < 4 || memcmp(head + len - 4, "\r\n\r\n", 4) != 0) {
		if (len == sizeof(head) - 1 || read(fd, head + len, 1) != 1)
			qt_die(QT_EXIT_SYS, "upgrade: no answer");
		len++;
	}
	head[len] = '\0';
	if (strncmp(head, "HTTP/1.1 101", 12) != 0)
		qt_die(QT_EXIT_SYS, "upgrade refused: %.*s",
		    (int)strcspn(head, "\r"), head);
}

void
wsclient_open(struct wsclient *ws, int port, size_t buf_size)
{
	char	head[512];
	int	len, rc;

	memset(ws, 0, sizeof(*ws));
	ws->fd = connect_loopback(port);
	len = snprintf(head, sizeof(head), "GET /ws HTTP/1.1\r\n"
	    "Host: 127.0.0.1:%d\r\nOrigin: http://127.0.0.1:%d\r\n"
	    "Upgrade: websocket\r\nConnection: Upgrade\r\n"
	    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
	    "Sec-WebSocket-Version: 13\r\n"
	    "Sec-WebSocket-Protocol: qt.1\r\n\r\n", port, port);
	rc = qt_sys_write_all(ws->fd, head, (size_t)len);
	if (rc < 0)
		qt_die(QT_EXIT_SYS, "upgrade: %s", qt_strerror(rc));
	read_answer(ws->fd);
	ws->cap = buf_size;
	if (buf_size > 0 && (ws->buf = malloc(buf_size)) == NULL)
		qt_die(QT_EXIT_SYS, "out of memory");
}

void
wsclient_close(struct wsclient *ws)
{
	close(ws->fd);
	free(ws->buf);
	memset(ws, 0, sizeof(*ws));
}

static void
send_frame(struct wsclient *ws, int opcode, const void *a, size_t a_len,
    const void *b, size_t b_len)
{
	size_t		len = a_len + b_len;
	uint8_t		h[8] = { (uint8_t)(0x80 | opcode) };
	size_t		h_len = len < 126 ? 6 : 8;	/* the mask is zero */
	struct iovec	iov[3] = { { h, h_len }, { (void *)(uintptr_t)a, a_len },
	    { (void *)(uintptr_t)b, b_len } };

	if (len > QT_WIRE_IN_MAX - 1)
		qt_die(QT_EXIT_SYS, "frame too long");
	h[1] = (uint8_t)(0x80 | (len < 126 ? len : 126));
	if (len >= 126) {
		h[2] = (uint8_t)(len >> 8);
		h[3] = (uint8_t)len;
	}
	if (writev(ws->fd, iov, 3) != (ssize_t)(h_len + len))
		qt_die(QT_EXIT_SYS, "send: %s", strerror(errno));
}

void
wsclient_send(struct wsclient *ws, const struct qt_wire_head *head,
    const void *payload, size_t len)
{
	uint8_t	packed[QT_WIRE_HEAD_SIZE];

	qt_wire_pack(head, packed);
	send_frame(ws, OPCODE_BINARY, packed, sizeof(packed), payload, len);
}

/* At least size bytes behind ws->at, moving or reading as needed. */
static void
need(struct wsclient *ws, size_t size)
{
	ssize_t	n;

	if (size > ws->cap)
		qt_die(QT_EXIT_SYS, "a frame of %zu bytes", size);
	if (ws->at + size > ws->cap || ws->at == ws->len) {
		memmove(ws->buf, ws->buf + ws->at, ws->len - ws->at);
		ws->len -= ws->at;
		ws->at = 0;
	}
	while (ws->len - ws->at < size) {
		n = recv(ws->fd, ws->buf + ws->len, ws->cap - ws->len, 0);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			qt_die(QT_EXIT_SYS, "the server closed: %s",
			    n < 0 ? strerror(errno) : "end");
		ws->len += (size_t)n;
	}
}

/* One WebSocket frame's payload; its opcode is returned. */
static int
next_frame(struct wsclient *ws, const uint8_t **payload, size_t *len)
{
	const uint8_t	*h;
	size_t		 head = 2, n;
	int		 opcode;

	need(ws, 2);
	n = ws->buf[ws->at + 1] & 0x7f;
	head += n == 126 ? 2 : n == 127 ? 8 : 0;
	need(ws, head);
	h = ws->buf + ws->at;
	opcode = h[0] & 0x0f;
	if (n == 126) {
		n = (size_t)h[2] << 8 | h[3];
	} else if (n == 127) {
		n = 0;
		for (int i = 2; i < 10; i++)
			n = n << 8 | h[i];
	}
	need(ws, head + n);
	*payload = ws->buf + ws->at + head;
	*len = n;
	ws->at += head + n;
	return opcode;
}

void
wsclient_next(struct wsclient *ws, struct qt_wire_head *head,
    const uint8_t **payload, size_t *len)
{
	const uint8_t	*p;
	size_t		 n;
	int		 opcode;

	while ((opcode = next_frame(ws, &p, &n)) != OPCODE_BINARY) {
		if (opcode == OPCODE_PING)
			send_frame(ws, 0xa, p, n, NULL, 0);
		if (opcode == OPCODE_CLOSE)
			qt_die(QT_EXIT_SYS, "the server closed with %d",
			    n >= 2 ? p[0] << 8 | p[1] : 0);
	}
	if (qt_wire_unpack(p, n, head) < 0)
		qt_die(QT_EXIT_SYS, "a frame of %zu bytes is no qt.1", n);
	*payload = p + QT_WIRE_HEAD_SIZE;
	*len = n - QT_WIRE_HEAD_SIZE;
}
