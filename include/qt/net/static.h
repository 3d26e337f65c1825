/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QT_NET_STATIC_H
#define QT_NET_STATIC_H

#include <stddef.h>

#include <qt/base/err.h>
#include <qt/net/server.h>

/*
 * Static files.
 *
 * Small files (up to small_max) are copied once into immutable memory, head
 * and body side by side, and leave with one writev(2). With gzip accepted and
 * a compressible type a compressed copy is used: FILE.gz when it lies beside
 * and is not older, else one made on the work pool (until it is ready the
 * plain copy is sent). Large files are sent by sendfile(2) from a kept
 * descriptor, 2 MiB a turn.
 *
 * Files are opened beneath the folder's descriptor with openat2(2), symbolic
 * links never followed; where the kernel has no openat2, each segment is
 * opened in turn with O_NOFOLLOW. A cached file is stat'ed again when it is
 * asked for and a second has passed; a changed one is opened anew.
 *
 * ETag, Last-Modified, If-None-Match, If-Modified-Since, If-Range, one Range,
 * HEAD. A folder serves its index.html; without the final slash it redirects.
 * Dot files are not served.
 */
struct qt_net_static;
struct qt_net_work;

struct qt_net_static_conf {
	size_t		cache_max;	/* bytes of copies and variants */
	unsigned int	files_max;	/* entries (descriptors among them) */
	size_t		small_max;	/* larger files are not copied */
	const char	*cache_control;	/* NULL: "no-cache" (revalidate) */
};

#define QT_NET_STATIC_CONF_INIT { 64u << 20, 1024, 256u << 10, NULL }

/*
 * root is a folder. server and work (NULL: compress nothing here) are borrowed
 * and must outlive it. conf is copied. 0, -ENOMEM, or -errno with the folder
 * in err.
 */
int	qt_net_static_new(struct qt_net_server *server, const char *root,
	    const struct qt_net_static_conf *conf, struct qt_net_work *work,
	    struct qt_net_static **out, struct qt_err *err);
/* Before the server's qt_net_server_free(). Transfers under way finish. */
void	qt_net_static_free(struct qt_net_static *st);

/* A route handler, arg the struct qt_net_static: serves qt_net_req_rest(). */
void	qt_net_static_handle(struct qt_net_req *req, void *st);
/* Answers with the file at path (relative, decoded), or 404. */
void	qt_net_static_reply(struct qt_net_static *st, struct qt_net_req *req,
	    struct qt_net_str path);

/* "text/html; charset=utf-8" by the name's extension. */
const char *qt_net_mime_type(struct qt_net_str path);

#endif /* QT_NET_STATIC_H */
