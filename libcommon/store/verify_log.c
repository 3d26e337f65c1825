/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whether the logs of a store are whole. See verify.c.
 *
 * What is damage and what a torn tail is as for recovery: damage is where a
 * good frame says that durability had been beyond a bad one. While somebody
 * writes the log, its end is read before frames that say so, and what looks
 * like damage may be that: only what is found at the same place again is.
 */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <qt/base/sys.h>

#include "log_priv.h"
#include "verify_priv.h"

#define AGAIN	16

struct log {
	uint64_t		 number, base, end, claim;	/* versions */
	struct qt__log_end	 scan;
	bool			 is_there;
};

static int
read_image(int fd, uint8_t **image, size_t *len)
{
	struct stat	st;
	ssize_t		n;

	if (fstat(fd, &st) < 0)
		return -errno;
	if (!S_ISREG(st.st_mode))
		return -QT_EFORMAT;
	/* Frames are words: the memory behind the file is zeros. */
	*image = calloc(1, (size_t)st.st_size + 64);
	if (*image == NULL)
		return -ENOMEM;
	for (*len = 0; *len < (size_t)st.st_size; *len += (size_t)n) {
		n = qt_sys_pread(fd, *image + *len,
		    (size_t)st.st_size - *len, (off_t)*len);
		if (n < 0)
			return (int)n;
		if (n == 0)
			break;
	}
	return 0;
}

/* 0 with what became of it; -QT_EFORMAT: it is not begun. */
static int
look(struct qt__verify *v, struct log *l, struct qt_err *err)
{
	const struct qt__log_head	*h;
	char				 name[40];
	uint8_t				*image = NULL;
	uint64_t			 store;
	size_t				 len = 0;
	int				 fd, rc;

	l->is_there = false;
	snprintf(name, sizeof(name), "%012llu.wal",
	    (unsigned long long)l->number);
	fd = qt_sys_open(v->wal_fd, name, O_RDONLY | O_NONBLOCK, 0);
	if (fd == -ENOENT)
		return 0;
	qt_err_set(err, "read it");
	rc = fd < 0 ? fd : read_image(fd, &image, &len);
	if (fd >= 0)
		close(fd);
	h = (const void *)image;
	if (rc == 0) {
		memcpy(&store, v->has_format ? (const void *)v->format.id :
		    &h->store, sizeof(store));
		rc = qt__log_check(h, len, l->number, store, err);
	}
	if (rc == 0) {
		qt__log_scan(&l->scan, image, len);
		l->is_there = true;
		l->base = h->base;
		l->end = h->base + l->scan.end;
		l->claim = l->scan.claim;
	}
	free(image);
	return rc;
}

/* One log, which others may write to. */
static int
look_well(struct qt__verify *v, struct log *l)
{
	struct qt_err	err = QT_ERR_INIT;
	uint64_t	end;
	int		rc;

	for (int i = 0; i < AGAIN; i++) {
		end = l->end;
		rc = look(v, l, &err);
		if (rc == -QT_EFORMAT) {
			l->is_there = false;
			return 0;
		}
		if (rc == -QT_ECORRUPT || rc == -QT_EVERSION || rc == -EIO) {
			qt__verify_found(v, "wal/%012llu.wal at 0: %s: %s",
			    (unsigned long long)l->number, err.text,
			    qt_strerror(rc));
			return 1;
		}
		if (rc < 0 || !l->is_there || l->claim <= l->end)
			return rc;
		if (!v->is_used || (i > 0 && l->end == end))
			break;
	}
	if (v->is_used && l->end != end)
		l->claim = l->end;	/* it moves on */
	return 0;
}

int
qt__verify_logs(struct qt__verify *v, uint64_t first_wal)
{
	struct log	l = { .number = first_wal }, last = { 0 };
	uint64_t	claim = 0;
	int		rc;

	for (;; l.number++) {
		rc = look_well(v, &l);
		if (rc < 0)
			return rc;
		if (rc == 1)
			break;
		if (!l.is_there)
			break;
		if (last.is_there && l.base != last.end && !v->is_used)
			qt__verify_note(v, "wal/%012llu.wal: it begins at %llu,"
			    " the one before ends at %llu",
			    (unsigned long long)l.number,
			    (unsigned long long)l.base,
			    (unsigned long long)last.end);
		if (l.claim > claim)
			claim = l.claim;
		if (last.is_there && l.base != last.end)
			break;
		if (l.scan.is_torn && l.claim <= l.end && !v->is_used)
			qt__verify_note(v, "wal/%012llu.wal at %llu: torn, "
			    "and nobody was promised what lies behind",
			    (unsigned long long)l.number,
			    (unsigned long long)l.scan.end);
		last = l;
	}
	if (last.is_there && claim > last.end)
		qt__verify_found(v, "wal/%012llu.wal at %llu: damaged; what "
		    "had been durable is missing up to version %llu",
		    (unsigned long long)last.number,
		    (unsigned long long)last.scan.end,
		    (unsigned long long)claim);
	return 0;
}
