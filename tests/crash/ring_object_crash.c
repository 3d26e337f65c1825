/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SIGKILL at every instruction that matters of the life of a ring that has a
 * name. Then it is there whole or not at all, a survivor writes on, every byte
 * is right, and when it is erased every page is back.
 */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <qt/shm/object.h>
#include <qt/shm/ring.h>
#include <qt/shm/wait.h>

#include "ground.h"

#define SIZE	(512u << 10)
#define LIMIT	(16u << 10)

struct world {
	struct ground		 g;
	struct qt_ring		*ring;		/* of the child */
	struct qt_ring_writer	*writer;
	uint64_t		 used;		/* bytes before it was made */
	uint64_t		 head;		/* before the operation */
};

static char
byte_at(uint64_t pos)
{
	return (char)(pos % 251 + pos / 4093);
}

/* 0 or a negative code. */
static int
write_pattern(struct qt_ring_writer *w, size_t len)
{
	char	buf[97];
	int	rc = 0;

	while (len > 0 && rc == 0) {
		size_t	n = len < sizeof(buf) ? len : sizeof(buf);

		for (size_t i = 0; i < n; i++)
			buf[i] = byte_at(qt_ring_writer_head(w) + i);
		rc = qt_ring_write(w, buf, n);
		len -= n;
	}
	return rc;
}

/* Opens it, writes so many bytes and closes it. The head, or negative. */
static int64_t
write_some(struct qt_seg *seg, size_t len)
{
	struct qt_ring		*ring;
	struct qt_ring_writer	*w;
	int64_t			 rc = qt_ring_open(seg, "r", &ring, NULL);

	if (rc < 0)
		return rc;
	rc = qt_ring_writer(ring, &w, NULL);
	if (rc == 0) {
		rc = write_pattern(w, len);
		if (rc == 0)
			rc = (int64_t)qt_ring_writer_head(w);
		qt_ring_writer_close(w);
	}
	qt_ring_close(ring);
	return rc;
}

static struct world *
world_new(int *fd)
{
	struct world		*w = ground_new(sizeof(*w), SIZE, fd);
	uint64_t		 at;

	step_must(qt_seg_alloc(w->g.seg, 400 << 10, &at) == 0 &&
	    qt_seg_free(w->g.seg, at) == 0, "alloc");
	w->used = qt_seg_used(w->g.seg);
	return w;
}

static void *
world_with(int *fd, size_t len)
{
	struct world	*w = world_new(fd);
	int64_t		 head;

	step_must(qt_ring_make(w->g.seg, "r", LIMIT, NULL) == 0, "ring");
	head = write_some(w->g.seg, len);
	step_must(head == (int64_t)len, "write");
	w->head = (uint64_t)head;
	return w;
}

static void *world_none(int *fd) { return world_new(fd); }
/* 10 bytes to the end of the first chunk; and of a ring that is full. */
static void *world_growing(int *fd) { return world_with(fd, 4086); }
static void *world_full(int *fd) { return world_with(fd, 5 * 4096 - 10); }

static void
world_end(void *state)
{
	struct world	*w = state;

	ground_end(w);
}

static void
fault(void *arg, const char *name, const char *what)
{
	snprintf(arg, 200, "fsck: %s: %s", name, what);
}

static const char *
check_bytes(struct qt_seg *seg, uint64_t at_least)
{
	struct qt_ring		*ring;
	struct qt_ring_reader	*r;
	uint64_t		 tail, head;
	char			 c;
	const char		*wrong = NULL;

	if (qt_ring_open(seg, "r", &ring, NULL) < 0)
		return "the ring cannot be opened";
	if (qt_ring_reader(ring, &r, NULL) < 0) {
		qt_ring_close(ring);
		return "no reader";
	}
	qt_ring_range(r, &tail, &head);
	if (head < at_least)
		wrong = "the head went back";
	for (; tail < head && wrong == NULL; tail++)
		if (qt_ring_read(r, tail, &c, 1) != 1 || c != byte_at(tail))
			wrong = "a wrong byte";
	qt_ring_reader_close(r);
	qt_ring_close(ring);
	return wrong;
}

static const char *
check_gone(struct world *w)
{
	static char	text[200];
	int		rc;

	if (qt_seg_sweep(w->g.seg) < 0 || qt_seg_fsck(w->g.seg, NULL) < 0)
		return "fsck of the segment";
	if (qt_obj_fsck(w->g.seg, 0, fault, text) != 0)
		return text;
	rc = qt_obj_erase(w->g.seg, "r", NULL);
	if (rc < 0 && rc != -ENOENT)
		return "a ring that cannot be erased";
	if (qt_obj_gc(w->g.seg) < 0)
		return "gc failed";
	if (qt_seg_used(w->g.seg) != w->used)
		return "memory was lost";
	for (int i = 0; i < 3; i++)
		if (qt_ring_make(w->g.seg, "r", LIMIT, NULL) < 0 ||
		    write_some(w->g.seg, 2 * LIMIT) < 0 ||
		    qt_obj_erase(w->g.seg, "r", NULL) < 0)
			return "no ring can be made any more";
	return qt_seg_used(w->g.seg) != w->used ? "memory was lost later" : NULL;
}

/* It is there, empty, or not at all. */
static const char *
check_made(void *state)
{
	struct world	*w = state;
	int64_t		 head;
	const char	*wrong = NULL;

	if (qt_seg_sweep(w->g.seg) < 0)
		return "sweep";
	head = write_some(w->g.seg, 100);
	if (head == 100)
		wrong = check_bytes(w->g.seg, 100);
	else if (head != -ENOENT)
		wrong = "it is neither there nor not there";
	return wrong != NULL ? wrong : check_gone(w);
}

static const char *
check_writing(void *state)
{
	struct world	*w = state;
	const char	*wrong = check_bytes(w->g.seg, w->head);

	if (wrong == NULL && write_some(w->g.seg, 5000) < 0)
		wrong = "the next writer cannot write";
	if (wrong == NULL)
		wrong = check_bytes(w->g.seg, w->head + 5000);
	if (wrong == NULL && write_some(w->g.seg, 3 * LIMIT) < 0)
		wrong = "the next writer cannot write on";
	if (wrong == NULL)
		wrong = check_bytes(w->g.seg, w->head + 5000 + 3 * LIMIT);
	return wrong != NULL ? wrong : check_gone(w);
}

/* Its bytes are right as long as it has its name. */
static const char *
check_erased(void *state)
{
	struct world		*w = state;
	struct qt_seg_entry	 e;
	const char		*wrong = NULL;

	if (qt_seg_entry_get(w->g.seg, "r", &e) == 0)
		wrong = check_bytes(w->g.seg, w->head);
	return wrong != NULL ? wrong : check_gone(w);
}

static void
open_writer(void *state)
{
	struct world	*w = state;

	join(w);
	if (qt_ring_open(w->g.seg, "r", &w->ring, NULL) < 0 ||
	    qt_ring_writer(w->ring, &w->writer, NULL) < 0)
		_exit(1);
}

/* The last that has it open, and its name is gone. */
static void
open_and_erase(void *state)
{
	struct world	*w = state;

	open_writer(w);
	if (qt_obj_erase(w->g.seg, "r", NULL) < 0)
		_exit(1);
}

static void
op_make(void *state)
{
	struct world	*w = state;

	if (qt_ring_make(w->g.seg, "r", LIMIT, NULL) < 0)
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
op_close(void *state)
{
	struct world	*w = state;

	qt_ring_writer_close(w->writer);
	qt_ring_close(w->ring);
}

/* Waits in vain for what it would have to write itself. */
static void
op_open_and_wait(void *state)
{
	struct world	*w = state;

	open_writer(w);
	if (qt_ring_wait(w->ring, w->head, qt_wait_deadline(5)) !=
	    -ETIMEDOUT)
		_exit(2);
	op_close(w);
}

static void
op_erase(void *state)
{
	struct world	*w = state;

	if (qt_obj_erase(w->g.seg, "r", NULL) < 0)
		_exit(1);
}

int
main(void)
{
	static const struct step_case	cases[] = {
		{ "make a ring with a name", world_none, join, op_make,
		    check_made, world_end },
		{ "write into its second chunk", world_growing, open_writer,
		    op_write, check_writing, world_end },
		{ "write into its oldest chunk", world_full, open_writer,
		    op_write, check_writing, world_end },
		{ "be its writer and close it", world_growing, open_writer,
		    op_close, check_writing, world_end },
		{ "open it, wait, and give up", world_growing, NULL,
		    op_open_and_wait, check_writing, world_end },
		{ "erase it with its chunks", world_full, join, op_erase,
		    check_erased, world_end },
		{ "close it last, erased", world_full, open_and_erase,
		    op_close, check_erased, world_end },
	};

	return step_run(cases, sizeof(cases) / sizeof(cases[0]));
}
