/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where the history ends that logs are: what is behind its end must never have
 * been durable, and goes. See recover.c.
 */

#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

#include <qt/base/sys.h>

#include "durable_priv.h"
#include "log_priv.h"
#include "recover_priv.h"

#define PIECE	(UINT64_C(1) << 20)

struct next {
	uint64_t	after, number;
};

static int
note_next(void *arg, const char *name)
{
	struct next	*n = arg;
	uint64_t	 number = qt__number_of(name, ".wal");

	if (number > n->after && (n->number == 0 || number < n->number))
		n->number = number;
	return 0;
}

/* Logs behind one that is not there: do they say that it was? */
static int
look_behind(struct qt__recovery *r, struct qt_err *err)
{
	struct next	n = { .number = r->number };
	int		rc = 0;

	r->is_over = true;
	while (rc >= 0 && n.number != 0) {
		n.after = n.number;
		n.number = 0;
		rc = qt__each_name(r->s->wal_dirfd, ".", note_next, &n);
		if (rc < 0)
			qt_err_set(err, "list the folder of its logs");
		if (rc < 0 || n.number == 0)
			break;
		r->number = n.number;
		rc = qt__recover_log(r, err);
		/* Who cannot be read says nothing. */
		if (rc == -QT_ECORRUPT || rc == -QT_EVERSION)
			rc = 0;
	}
	return rc < 0 ? rc : 0;
}

/* Whether something was durable that is not in the logs before gap. */
static int
check_claim(const struct qt__recovery *r, uint64_t gap, struct qt_err *err)
{
	bool	is_none = r->count == 0;

	if (is_none && (r->claim > r->manifest->version ||
	    r->manifest->flush.output != 0)) {
		qt_err_set(err, "log %llu is missing, and had been durable: "
		    "see 'verify'", (unsigned long long)gap);
		return -QT_ECORRUPT;
	}
	if (is_none || r->claim <= r->base)
		return 0;
	qt_err_set(err, "the log is damaged at %llu (log %llu), and had been "
	    "durable up to %llu: see 'verify'", (unsigned long long)r->base,
	    (unsigned long long)gap - 1, (unsigned long long)r->claim);
	return -QT_ECORRUPT;
}

struct behind {
	int		dirfd;
	uint64_t	gap;
	bool		has_some;
};

static int
remove_log(void *arg, const char *name)
{
	struct behind	*b = arg;
	uint64_t	 number = qt__number_of(name, ".wal");
	int		 rc;

	if (number == 0 || number < b->gap)
		return 0;
	b->has_some = true;
	rc = qt_sys_unlink(b->dirfd, name);
	return rc == -ENOENT ? 0 : rc;
}

/* Else one would be taken for what it is not when its number comes round. */
static int
remove_behind(struct qt__recovery *r, uint64_t gap, struct qt_err *err)
{
	struct behind	b = { .dirfd = r->s->wal_dirfd, .gap = gap };
	int		rc;

	if (r->s->is_private)
		return 0;
	rc = qt__each_name(b.dirfd, ".", remove_log, &b);
	if (rc == 0 && b.has_some)
		rc = qt_sys_fsync(b.dirfd);
	if (rc < 0)
		qt_err_set(err, "remove logs behind a gap");
	return rc;
}

static int
write_zeros(int fd, uint64_t from)
{
	static const uint8_t	zeros[PIECE];
	struct stat		st;
	uint64_t		size;

	if (fstat(fd, &st) < 0)
		return -errno;
	for (size = (uint64_t)st.st_size; from < size;) {
		ssize_t	n = qt_sys_pwrite(fd, zeros, size - from < PIECE ?
		    size - from : PIECE, (off_t)from);

		if (n <= 0)
			return n < 0 ? (int)n : -EIO;
		from += (uint64_t)n;
	}
	return qt_sys_fsync(fd);
}

/* Good frames behind the end would come back with the next ones: zeros. */
static int
wipe_files(struct qt__recovery *r, struct qt_err *err)
{
	int	rc = 0;

	for (uint32_t i = 0; i < r->count && rc == 0; i++) {
		char	name[QT__WAL_NAME_SIZE];
		int	fd;

		if (r->wipes[i] == 0 || r->s->is_private)
			continue;
		qt__wal_name(name, r->mems[i]->number);
		rc = fd = qt_sys_open(r->s->wal_dirfd, name, O_RDWR, 0);
		if (fd >= 0) {
			rc = write_zeros(fd, r->wipes[i]);
			close(fd);
		}
		if (rc < 0)
			qt_err_set(err, "cut log '%s'", name);
	}
	return rc;
}

int
qt__recover_end(struct qt__recovery *r, struct qt_err *err)
{
	uint64_t	gap = r->number;
	int		rc = look_behind(r, err);

	r->number = gap;
	if (rc == 0)
		rc = check_claim(r, gap, err);
	if (rc == 0)
		rc = remove_behind(r, gap, err);
	if (rc == 0)
		rc = wipe_files(r, err);
	return rc;
}
