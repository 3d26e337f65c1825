/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SIGKILL at every instruction that matters of a ring's life. Then a survivor
 * becomes the writer, goes on, and a reader finds every byte right; and when
 * the ring is destroyed every page is back.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <qt/shm/ring.h>

#include "ground.h"

#define SIZE	(512u << 10)
#define LIMIT	(16u << 10)

struct world {
	struct ground	g;
	uint64_t	*ring;		/* a word in the segment */
	uint64_t	 used;		/* bytes before it was made */
	uint64_t	 head;		/* before the operation */
	struct qt_ring_writer *writer;	/* of the child, when it has it open */
};

static unsigned char
byte_at(uint64_t pos)
{
	return (unsigned char)(pos % 251 + pos / 4093);
}

/* 0 or a negative code. */
static int
write_pattern(struct qt_ring_writer *w, size_t len)
{
	while (len > 0) {
		uint64_t	 pos = qt_ring_writer_head(w);
		void		*p;
		ssize_t		 n = qt_ring_reserve(w, len, &p);

		if (n < 0)
			return (int)n;
		for (ssize_t i = 0; i < n; i++)
			((unsigned char *)p)[i] = byte_at(pos + (uint64_t)i);
		qt_ring_publish(w, (size_t)n);
		len -= (size_t)n;
	}
	return 0;
}

static struct world *
world_new(int *fd)
{
	struct world		*w = ground_new(sizeof(*w), SIZE, fd);
	uint64_t		 root;

	step_must(qt_seg_alloc(w->g.seg, 4096, &root) == 0, "alloc");
	w->ring = qt_seg_at(w->g.seg, root, 8);
	w->used = qt_seg_used(w->g.seg);
	return w;
}

static void *
world_with(int *fd, size_t len)
{
	struct world		*w = world_new(fd);
	struct qt_ring_writer	*writer;

	step_must(qt_ring_create(w->g.seg, LIMIT, w->ring) == 0, "ring");
	step_must(qt_ring_writer_open(w->g.seg, *w->ring, &writer, NULL) == 0,
	    "writer");
	step_must(write_pattern(writer, len) == 0, "write");
	w->head = qt_ring_writer_head(writer);
	qt_ring_writer_close(writer);
	return w;
}

static void *world_none(int *fd) { return world_new(fd); }
static void *world_empty(int *fd) { return world_with(fd, 0); }
/* 10 bytes to the end of the first chunk; and of a ring that is full. */
static void *world_growing(int *fd) { return world_with(fd, 4086); }
static void *world_full(int *fd) { return world_with(fd, 5 * 4096 - 10); }

static void
world_end(void *state)
{
	struct world	*w = state;

	ground_end(w);
}

static const char *
check_bytes(struct world *w, uint64_t at_least)
{
	struct qt_ring_reader	*r;
	uint64_t		 tail, head;
	unsigned char		 buf[777];
	const char		*wrong = NULL;

	if (qt_ring_reader_open(w->g.seg, *w->ring, &r, NULL) < 0)
		return "no reader";
	qt_ring_range(r, &tail, &head);
	if (head < w->head)
		wrong = "the head went back";
	/* A switch of chunks gives up one of four, and no more. */
	if (head - tail < at_least)
		wrong = "more than one chunk was given up";
	while (tail < head && wrong == NULL) {
		ssize_t	n = qt_ring_read(r, tail, buf, sizeof(buf));

		if (n <= 0)
			wrong = "unreadable bytes";
		for (ssize_t i = 0; i < n; i++)
			if (buf[i] != byte_at(tail + (uint64_t)i))
				wrong = "a wrong byte";
		tail += (uint64_t)n;
	}
	qt_ring_reader_close(r);
	return wrong;
}

static const char *
check_gone(struct world *w)
{
	if (qt_ring_destroy_at(w->g.seg, w->ring) < 0)
		return "the ring cannot be destroyed";
	if (*w->ring != 0)
		return "the word was not cleared";
	if (qt_seg_sweep(w->g.seg) < 0 || qt_seg_fsck(w->g.seg, NULL) < 0)
		return "fsck";
	if (qt_seg_used(w->g.seg) != w->used)
		return "memory was lost";
	return NULL;
}

static const char *
check_writing(void *state)
{
	struct world		*w = state;
	struct qt_ring_writer	*writer;
	uint64_t		 kept = w->head < LIMIT - 4096 ? w->head :
	    LIMIT - 4096 - 10;
	const char		*wrong = check_bytes(w, kept);

	if (wrong != NULL)
		return wrong;
	if (qt_ring_writer_open(w->g.seg, *w->ring, &writer, NULL) < 0)
		return "nobody can become the writer";
	if (write_pattern(writer, 5000) < 0)
		wrong = "the next writer cannot write";
	if (wrong == NULL)
		wrong = check_bytes(w, 5000);
	if (wrong == NULL && write_pattern(writer, 3 * LIMIT) < 0)
		wrong = "the next writer cannot write on";
	if (wrong == NULL)
		wrong = check_bytes(w, LIMIT - 4096);
	qt_ring_writer_close(writer);
	return wrong == NULL ? check_gone(w) : wrong;
}

static const char *
check_life(void *state)
{
	return check_gone(state);
}

static void
open_writer(void *state)
{
	struct world	*w = state;

	join(w);
	if (qt_ring_writer_open(w->g.seg, *w->ring, &w->writer, NULL) < 0)
		_exit(1);
}

/* Over the end of a chunk, and then within one. */
static void
op_write(void *state)
{
	struct world	*w = state;

	if (write_pattern(w->writer, 20) < 0 || write_pattern(w->writer, 3) < 0)
		_exit(1);
}

static void
op_open_and_close(void *state)
{
	struct world	*w = state;

	if (qt_ring_writer_open(w->g.seg, *w->ring, &w->writer, NULL) < 0)
		_exit(1);
	qt_ring_writer_close(w->writer);
}

static void
op_create(void *state)
{
	struct world	*w = state;

	if (qt_ring_create(w->g.seg, LIMIT, w->ring) < 0)
		_exit(1);
}

static void
op_destroy(void *state)
{
	struct world	*w = state;

	if (qt_ring_destroy_at(w->g.seg, w->ring) < 0)
		_exit(1);
}

/* The same, by one call. */
static void
op_write_at_once(void *state)
{
	struct world	*w = state;
	unsigned char	 data[20];
	uint64_t	 pos = qt_ring_writer_head(w->writer);

	for (size_t i = 0; i < sizeof(data); i++)
		data[i] = byte_at(pos + i);
	if (qt_ring_write(w->writer, data, sizeof(data)) < 0)
		_exit(1);
}

/* By its offset: the word is not cleared, and names what may be gone. */
static void
op_destroy_it(void *state)
{
	struct world	*w = state;

	if (qt_ring_destroy(w->g.seg, *w->ring) < 0)
		_exit(1);
}

static const char *
check_destroyed(void *state)
{
	struct world	*w = state;
	uint64_t	 magic;

	if (qt_seg_sweep(w->g.seg) < 0)
		return "sweep";
	/* By pread: to look at memory that is gone would bring it back. */
	if (pread(w->g.fd, &magic, 8, (off_t)*w->ring) != 8)
		return "pread";
	if (magic != 0 && qt_ring_destroy(w->g.seg, *w->ring) < 0)
		return "the ring cannot be destroyed";
	*w->ring = 0;
	return check_gone(w);
}

int
main(void)
{
	static const struct step_case	cases[] = {
		{ "become the writer and stop", world_full, join,
		    op_open_and_close, check_writing, world_end },
		{ "the first bytes of a ring", world_empty, open_writer,
		    op_write, check_writing, world_end },
		{ "write into a second chunk", world_growing, open_writer,
		    op_write, check_writing, world_end },
		{ "write into the oldest chunk", world_full, open_writer,
		    op_write, check_writing, world_end },
		{ "write over the end of a chunk", world_growing, open_writer,
		    op_write_at_once, check_writing, world_end },
		{ "destroy by its offset", world_growing, join, op_destroy_it,
		    check_destroyed, world_end },
		{ "create", world_none, join, op_create, check_life, world_end },
		{ "destroy", world_growing, join, op_destroy, check_life,
		    world_end },
	};

	return step_run(cases, sizeof(cases) / sizeof(cases[0]));
}
