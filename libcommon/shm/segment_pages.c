/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where a segment's memory is, and in pages of what size.
 *
 * Huge pages: an extent is handed out as small pages, like any other; then
 * madvise(2) with MADV_COLLAPSE makes a huge page of each aligned part that
 * lies whole in the extent. So one never reaches into a neighbour, freeing the
 * extent gives back whole ones, and the segment uses not a byte more than it
 * would without. It works on /dev/shm and memfds alike, whatever the settings
 * for the system say (unless shmem_enabled is "deny"). Every opener maps the
 * file at an address that suits, and gets them by page faults.
 *
 * Why not MADV_HUGEPAGE: it speaks to page faults, which here find the pages
 * that fallocate(2) made, and to khugepaged, which fills holes to make a huge
 * page, so that a segment grows by what nobody asked for. Why not hugetlbfs: it
 * needs pages that somebody set aside, and gives and takes whole ones only.
 *
 * NUMA: mbind(2) on a mapping of shared memory binds the file, for all who use
 * it, so only the maker calls it. PREFERRED, not BIND: when that node is full,
 * BIND would have the kernel kill somebody.
 */

#include <errno.h>
#include <inttypes.h>
#include <linux/mempolicy.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <qt/base/sys.h>

#include "segment_priv.h"

#ifndef MADV_COLLAPSE
#define MADV_COLLAPSE	25		/* Linux 6.1 */
#endif

#ifndef MADV_POPULATE_READ
#define MADV_POPULATE_READ	22	/* Linux 5.14 */
#endif

#define SETTINGS	"/sys/kernel/mm/transparent_hugepage/"
#define NODES_ONLINE	"/sys/devices/system/node/online"
#define NODES_MAX	1024u		/* more than any kernel's */
#define LONG_BITS	(8 * sizeof(unsigned long))
#define HUGE_MAX	(UINT64_C(1) << 30)
#define AT_ONCE		32u		/* huge pages a call: signals */
#define LOOKS		4096u		/* pages whose node is asked for */

/* A small file's text, or "". */
static int
read_text(const char *path, char *buf, size_t size)
{
	int	fd = qt_sys_open(AT_FDCWD, path, O_RDONLY, 0);
	ssize_t	n;

	buf[0] = '\0';
	if (fd < 0)
		return fd;
	n = qt_sys_read(fd, buf, size - 1);
	close(fd);
	if (n < 0)
		return (int)n;
	buf[n] = '\0';
	buf[strcspn(buf, "\n")] = '\0';
	return 0;
}

uint64_t
qt__huge_size(void)
{
	char		text[32];
	uint64_t	size;

	if (read_text(SETTINGS "hpage_pmd_size", text, sizeof(text)) < 0)
		return 0;
	size = strtoull(text, NULL, 10);
	if (size < QT__SEG_PAGE_MAX || size > HUGE_MAX ||
	    (size & (size - 1)) != 0)
		return 0;
	return size;
}

void
qt__huge_ask(const struct qt_seg *seg, uint64_t at, uint64_t len)
{
	uint64_t	huge = seg->huge, end, step = huge * AT_ONCE;

	if (huge == 0)
		return;
	end = (at + len) / huge * huge;
	at = (at + huge - 1) / huge * huge;
	for (; at < end; at += step) {
		if (step > end - at)
			step = end - at;
		/* EINVAL is for ever, others for these pages. */
		if (madvise(seg->map + at, (size_t)step, MADV_COLLAPSE) < 0 &&
		    errno == EINVAL)
			return;
	}
}

/*
 * The same for what may have no memory yet. A part of which there is one page is
 * filled up with zeroed memory; of one that is all there, each page was zeroed
 * before and is copied, which takes twice as long.
 */
int
qt__huge_back(const struct qt_seg *seg, int fd, uint64_t at, uint64_t len)
{
	uint64_t	huge = seg->huge, first, end = at + len;
	int		rc = 0;

	if (huge == 0)
		return 0;
	first = (at + huge - 1) / huge * huge;
	for (; rc == 0 && first < end && end - first >= huge; first += huge)
		rc = qt_sys_fallocate(fd, 0, (off_t)first, (off_t)seg->page);
	if (rc == 0)
		qt__huge_ask(seg, at, len);
	return rc;
}

/* Whether a list such as "0-3,8" has n. */
static bool
list_has(const char *p, unsigned long n)
{
	unsigned long	first, last;
	char		*end;

	while (*p >= '0' && *p <= '9') {
		first = last = strtoul(p, &end, 10);
		if (*end == '-')
			last = strtoul(end + 1, &end, 10);
		if (n >= first && n <= last)
			return true;
		p = end + (*end == ',');
	}
	return false;
}

int
qt__node_check(uint32_t node, struct qt_err *err)
{
	char	online[256];

	if (read_text(NODES_ONLINE, online, sizeof(online)) < 0) {
		qt_err_set(err, "the kernel knows no NUMA nodes");
		return -EOPNOTSUPP;
	}
	if (node < NODES_MAX && list_has(online, node))
		return 0;
	qt_err_set(err, "there is no NUMA node %" PRIu32 " (%s says %s)", node,
	    NODES_ONLINE, online);
	return -EINVAL;
}

int
qt__node_prefer(const struct qt_seg *seg, struct qt_err *err)
{
	unsigned long	mask[NODES_MAX / LONG_BITS] = { 0 };
	uint32_t	node = seg->head.node - 1;
	int		rc;

	mask[node / LONG_BITS] |= 1UL << node % LONG_BITS;
	if (syscall(SYS_mbind, seg->map, seg->size, MPOL_PREFERRED, mask,
	    (unsigned long)NODES_MAX + 1, 0UL) == 0)
		return 0;
	rc = -errno;
	if (rc == -EINVAL) {
		qt_err_set(err, "NUMA node %" PRIu32 " has no memory that we "
		    "may use", node);
		return rc;
	}
	/* Some containers forbid it, some kernels do not have it. */
	qt_err_set(err, "choose a NUMA node (mbind: %s)", qt_strerror(rc));
	return -EOPNOTSUPP;
}

/*
 * Touches each aligned part that could be a huge page and has memory, so that
 * it is in our page tables as it is in memory. Returns how many.
 */
static uint64_t
touch_parts(const struct qt_seg *seg, int fd, uint64_t at, uint64_t end)
{
	uint64_t	count = 0, huge = seg->huge;

	end = end / huge * huge;
	at = (at + huge - 1) / huge * huge;
	for (; at < end; at += huge) {
		count++;
		/* Not one that was freed: it would get a page by this. */
		if (lseek(fd, (off_t)at, SEEK_DATA) == (off_t)at)
			(void)madvise(seg->map + at, seg->page,
			    MADV_POPULATE_READ);
	}
	return count;
}

/* Of all extents. Others may be changing the map: every step is checked. */
static uint64_t
touch_extents(const struct qt_seg *seg, int fd)
{
	struct qt__txn	t = { .seg = (struct qt_seg *)(uintptr_t)seg };
	uint64_t	count = 0, at, n;
	struct qt__page	p;

	for (uint32_t i = 0; i < seg->head.page_count; i += p.pages) {
		n = (uint64_t)i * sizeof(struct qt__page) / seg->page;
		if (!(atomic_load_explicit(&seg->ready[n / 64],
		    memory_order_relaxed) >> n % 64 & 1))
			break;
		p = qt__page_get(&t, i);
		if (p.pages == 0 || p.pages > seg->head.page_count - i)
			break;
		at = seg->head.data_offset + (uint64_t)i * seg->page;
		if (p.state == QT__PAGE_USED)
			count += touch_parts(seg, fd, at, at +
			    (uint64_t)p.pages * seg->page);
	}
	return count;
}

/* What is mapped as huge pages, as the kernel says. */
static uint64_t
huge_mapped(const struct qt_seg *seg)
{
	uint64_t	from = (uintptr_t)seg->map, sum = 0, kb;
	uint64_t	first, last;
	char		line[512];
	bool		is_ours = false;
	FILE		*f = fopen("/proc/self/smaps", "re");

	if (f == NULL)
		return 0;
	while (fgets(line, sizeof(line), f) != NULL) {
		if (sscanf(line, "%" SCNx64 "-%" SCNx64 " ", &first, &last) ==
		    2)
			is_ours = first >= from && last <= from + seg->size;
		else if (is_ours && (sscanf(line, "ShmemPmdMapped: %" SCNu64,
		    &kb) == 1 || sscanf(line, "FilePmdMapped: %" SCNu64,
		    &kb) == 1))
			sum += kb * 1024;
	}
	fclose(f);
	return sum;
}

static void
look_for_huge(const struct qt_seg *seg, int fd, struct qt_seg_memory *out)
{
	char		text[128];
	uint64_t	parts;

	out->huge_size = seg->huge;
	if (seg->huge == 0) {
		out->why = "the kernel has none";
		return;
	}
	parts = touch_extents(seg, fd);
	out->huge_used = huge_mapped(seg);
	if (out->huge_used > 0)
		return;
	(void)read_text(SETTINGS "shmem_enabled", text, sizeof(text));
	if (parts == 0)
		out->why = "no structure is large enough";
	else if (strstr(text, "[deny]") != NULL)
		out->why = "shmem_enabled is deny";
	else
		out->why = "the kernel gave none (Linux 6.1 can)";
}

/* Asks of pages throughout the file on which node they are. */
static void
look_for_node(const struct qt_seg *seg, int fd, struct qt_seg_memory *out)
{
	uint64_t	step = qt_seg_used(seg) / LOOKS / seg->page *
	    seg->page + seg->page;
	off_t		at = 0;
	int		node;

	out->node = seg->head.node - 1;
	for (uint32_t i = 0; i < LOOKS; i++) {
		at = lseek(fd, at, SEEK_DATA);
		if (at < 0 || (uint64_t)at >= seg->size ||
		    syscall(SYS_get_mempolicy, &node, NULL, 0UL, seg->map + at,
		    (unsigned long)(MPOL_F_NODE | MPOL_F_ADDR)) < 0)
			break;
		out->looked++;
		if (node >= 0 && (uint32_t)node == out->node)
			out->on_node++;
		at += (off_t)step;
	}
}

int
qt_seg_pages(const struct qt_seg *seg, struct qt_seg_memory *out)
{
	int	fd;

	memset(out, 0, sizeof(*out));
	if (seg->head.optional & QT__SEG_HUGE)
		out->flags |= QT_SEG_HUGE;
	if (seg->head.node != 0)
		out->flags |= QT_SEG_ON_NODE;
	if (out->flags == 0)
		return 0;
	/* Its own description: seeking is nobody else's business. */
	fd = qt_seg_dup_rdonly(seg);
	if (fd < 0)
		return fd;
	if (out->flags & QT_SEG_HUGE)
		look_for_huge(seg, fd, out);
	if (out->flags & QT_SEG_ON_NODE)
		look_for_node(seg, fd, out);
	close(fd);
	return 0;
}
