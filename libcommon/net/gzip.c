/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The compressed copy of a cached file, made once, on the pool: compressing
 * on the loop would stop every other connection for milliseconds. Until it is
 * there the plain copy is sent. See file_priv.h.
 */

#include <stdlib.h>
#include <zlib.h>

#include "file_priv.h"

#define GZIP_MIN	512	/* smaller files gain nothing */
#define GZIP_LEVEL	8

struct job {
	struct qt_net_job	 net;		/* first */
	struct qt_net_static	*st;
	struct qt__file		*file;
	unsigned char		*out;
	size_t			 out_len;	/* 0: not smaller */
};

int
qt__net_gzip_is_wanted(const struct qt__file *file)
{
	static const char *const	also[] = { "application/json",
	    "application/manifest+json", "image/svg+xml", "application/xml",
	    "application/wasm", "application/x-asciicast", "font/ttf",
	    "font/otf", "application/x-tar" };

	if (file->size < GZIP_MIN)
		return 0;
	if (strncmp(file->type, "text/", 5) == 0)
		return 1;
	for (size_t i = 0; i < sizeof(also) / sizeof(also[0]); i++) {
		if (strcmp(file->type, also[i]) == 0)
			return 1;
	}
	return 0;
}

/* On a pool thread. The plain copy is immutable and held by a reference. */
static void
compress_file(struct qt_pool_job *pool_job)
{
	struct job		*job = (struct job *)pool_job;
	const struct qt__body	*plain = &job->file->plain;
	size_t			 room = (size_t)plain->len -
	    (size_t)plain->len / 10;
	z_stream		 z = { 0 };

	job->out = malloc(room);
	if (job->out == NULL || deflateInit2(&z, GZIP_LEVEL, Z_DEFLATED,
	    15 + 16, 8, Z_DEFAULT_STRATEGY) != Z_OK)
		return;
	z.next_in = (unsigned char *)plain->data + plain->head_len;
	z.avail_in = (unsigned int)plain->len;
	z.next_out = job->out;
	z.avail_out = (unsigned int)room;
	if (deflate(&z, Z_FINISH) == Z_STREAM_END)
		job->out_len = z.total_out;
	deflateEnd(&z);
}

static void
compressed(struct qt_net_job *net_job)
{
	struct job	*job = (struct job *)net_job;
	struct qt__file	*file = job->file;

	file->gzip_state = QT__GZIP_USELESS;
	if (file->st != NULL && job->out_len > 0 &&
	    qt__net_body_make(job->st, file, &file->gzip, "gzip", job->out,
	    job->out_len) == 0) {
		file->gzip_state = QT__GZIP_READY;
		qt__net_cache_grew(file, file->gzip.head_len + job->out_len);
	}
	free(job->out);
	qt__net_ref_put(&file->ref);
	qt__net_static_put(job->st);
	free(job);
}

void
qt__net_gzip_start(struct qt__file *file)
{
	struct qt_net_static	*st = file->st;
	struct job		*job;

	if (st->work == NULL || file->plain.data == NULL)
		return;
	job = calloc(1, sizeof(*job));
	if (job == NULL)
		return;
	job->net.job.run = compress_file;
	job->net.done = compressed;
	job->st = st;
	job->file = file;
	if (qt_net_work_submit(st->work, &job->net) < 0) {
		free(job);	/* the pool is busy: the next request asks */
		return;
	}
	file->gzip_state = QT__GZIP_PENDING;
	file->ref.count++;	/* the job's */
	st->refs++;
}
