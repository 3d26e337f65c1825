/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any bytes as a .npz file: no crash, and never more than was allowed. One
 * that is taken is written again, and is read again as the same.
 */

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <qt/base/sys.h>
#include <qt/npz/npz.h>

#define MEMBERS_MAX	16u
#define SIZE_MAX_	(1u << 20)

int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A member's elements, all of them, in memory that the caller frees. */
static unsigned char *
elements(struct qt_npz *z, uint32_t i)
{
	size_t		 size = (size_t)qt_npz_member(z, i)->npy.size;
	unsigned char	*p = malloc(size > 0 ? size : 1);

	if (p == NULL || qt_npz_start(z, i, NULL) < 0 ||
	    qt_npz_get(z, p, size, NULL) < 0 || qt_npz_end(z, NULL) < 0)
		abort();
	return p;
}

static int
write_again(struct qt_npz *z)
{
	struct qt_npz_writer		*w;
	const struct qt_npz_member	*m;
	unsigned char			*p;
	int				 fd = qt_sys_memfd("again", 0, 0);

	if (fd < 0 || qt_npz_new(&w, fd) < 0)
		abort();
	for (uint32_t i = 0; i < qt_npz_count(z); i++) {
		m = qt_npz_member(z, i);
		p = elements(z, i);
		if (qt_npz_add(w, m->name, &m->npy) < 0 ||
		    qt_npz_put(w, p, (size_t)m->npy.size) < 0)
			abort();
		free(p);
	}
	if (qt_npz_finish(w) < 0)
		abort();
	qt_npz_free(w);
	return fd;
}

static void
compare(struct qt_npz *z, struct qt_npz *again)
{
	const struct qt_npz_member	*m, *n;
	unsigned char			*p, *q;

	if (qt_npz_count(z) != qt_npz_count(again))
		abort();
	for (uint32_t i = 0; i < qt_npz_count(z); i++) {
		m = qt_npz_member(z, i);
		n = qt_npz_member(again, i);
		p = elements(z, i);
		q = elements(again, i);
		if (strcmp(m->name, n->name) != 0 ||
		    m->npy.size != n->npy.size ||
		    memcmp(p, q, (size_t)m->npy.size) != 0)
			abort();
		free(p);
		free(q);
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct qt_npz	*z, *again;
	struct qt_err	 err = QT_ERR_INIT;
	uint64_t	 sum = 0;
	int		 fd = qt_sys_memfd("npz", 0, 0), again_fd;

	if (fd < 0 || qt_sys_write_all(fd, data, size) < 0)
		abort();
	if (qt_npz_open(&z, fd, MEMBERS_MAX, SIZE_MAX_, &err) < 0) {
		if (err.text[0] == '\0' || z != NULL)
			abort();
		close(fd);
		return 0;
	}
	for (uint32_t i = 0; i < qt_npz_count(z); i++) {
		sum += qt_npz_member(z, i)->npy.size;
		if (!qt_npz_is_name(qt_npz_member(z, i)->name,
		    strlen(qt_npz_member(z, i)->name)))
			abort();
	}
	if (qt_npz_count(z) > MEMBERS_MAX || sum > SIZE_MAX_)
		abort();
	if (qt_npz_check(z, &err) == 0) {
		again_fd = write_again(z);
		if (qt_npz_open(&again, again_fd, MEMBERS_MAX, SIZE_MAX_,
		    NULL) < 0)
			abort();
		compare(z, again);
		qt_npz_close(again);
		close(again_fd);
	}
	qt_npz_close(z);
	close(fd);
	return 0;
}
