/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QT_NET_FILE_PRIV_H
#define QT_NET_FILE_PRIV_H

/*
 * Files of the static cache, between cache.c (finding, keeping, evicting),
 * load.c (from the folder into memory), gzip.c (the compressed copy) and
 * static.c (answering).
 *
 *	file --+-- plain: [ head | body ] in memory, or a descriptor
 *	       +-- gzip:  the same, from FILE.gz or made by the pool
 *
 * A file is immutable once it is in the cache, but for the gzip copy, which
 * appears later. When the file on disk changes, a new one takes its place;
 * whoever still sends the old one holds a reference.
 */

#include <sys/stat.h>

#include <qt/base/hash.h>
#include <qt/net/static.h>
#include <qt/net/work.h>

#include "conn_priv.h"

#define QT__ETAG_SIZE	40
#define QT__FILE_COST	1024	/* of a file beside its bytes, in the cache */

struct qt__body {
	char		*data;		/* head, then body; NULL: see fd */
	size_t		 head_len;
	int		 fd;		/* -1 when in memory, or not there */
	uint64_t	 len;		/* of the body */
	int64_t		 mtime_ns;	/* of the file it came from */
	char		 etag[QT__ETAG_SIZE];
};

enum qt__gzip_state {
	QT__GZIP_NONE, QT__GZIP_PENDING, QT__GZIP_READY, QT__GZIP_USELESS,
};

struct qt__file {
	struct qt__ref		 ref;		/* first */
	struct qt_net_static	*st;		/* NULL: not in the cache */
	struct qt__file		*chain;		/* same bucket */
	struct qt__file		*prev, *next;	/* by last use */
	uint64_t		 hash;
	uint64_t		 checked_ms;
	size_t			 cost;
	dev_t			 dev;
	ino_t			 ino;
	uint64_t		 size;
	int64_t			 mtime_ns;
	const char		*type;
	enum qt__gzip_state	 gzip_state;
	int			 is_gzip_file;	/* gzip came from FILE.gz */
	struct qt__body		 plain;
	struct qt__body		 gzip;
	char			 modified[QT_NET_DATE_SIZE];
	char			 path[];
};

struct qt_net_static {
	struct qt_net_server	*server;
	struct qt_net_work	*work;
	struct qt_net_static_conf conf;
	char			*cache_control;
	int			 root;
	unsigned int		 refs;		/* one, and each pending job */
	struct qt_hash_key	 key;
	struct qt__file		**buckets;
	size_t			 nbuckets;	/* a power of two */
	struct qt__file		*first, *last;	/* most, least recently used */
	size_t			 bytes;
	unsigned int		 count;
};

/*
 * cache.c: the file, checked against the disk within the last second; it is
 * borrowed until the next call. 0, or -ENOENT, -EISDIR, -errno.
 */
int	qt__net_cache_get(struct qt_net_static *st, const char *path,
	    size_t len,
	    struct qt__file **out);
/* Its cost has changed by more bytes. */
void	qt__net_cache_grew(struct qt__file *file, size_t more);
void	qt__net_cache_clear(struct qt_net_static *st);
void	qt__net_static_put(struct qt_net_static *st);

/* load.c: a new file, not in the cache, with one reference. */
int	qt__net_file_load(struct qt_net_static *st, const char *path,
	    size_t len,
	    struct qt__file **out);
/* 1 when the disk still has what was loaded. */
int	qt__net_file_is_current(struct qt_net_static *st,
	    const struct qt__file *file);
/*
 * Makes body->data out of the head for it and len bytes at p. encoding may be
 * NULL. 0 or -ENOMEM.
 */
int	qt__net_body_make(struct qt_net_static *st, const struct qt__file *file,
	    struct qt__body *body, const char *encoding, const void *p,
	    size_t len);

/* gzip.c */
int	qt__net_gzip_is_wanted(const struct qt__file *file);
/* Starts making the compressed copy, if there is a pool with room. */
void	qt__net_gzip_start(struct qt__file *file);

#endif /* QT_NET_FILE_PRIV_H */
