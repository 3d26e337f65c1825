/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The constant part of a segment's header: how it is laid out, and whether one
 * that came from outside may be believed.
 *
 * A header is believed only when every table lies inside the file, in the one
 * order that there is, with the sizes that this version knows. After that the
 * module works from its own copy, so that nobody who changes the header later
 * can move a table under our feet.
 */

#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <qt/base/hex.h>
#include <qt/base/clock.h>
#include <qt/base/hash.h>
#include <qt/base/sys.h>

#include "segment_priv.h"

#define DEFAULT_SLOTS	64
#define DEFAULT_ENTRIES	64

static uint64_t
round_up(uint64_t n, uint64_t unit)
{
	return (n + unit - 1) / unit * unit;
}

static uint32_t
head_crc(const struct qt__seg_head *head)
{
	return qt_crc32c(0, head, offsetof(struct qt__seg_head, crc));
}

static void
boot_id(uint8_t out[16])
{
	char	text[64] = "";
	size_t	n = 0;
	int	fd;

	memset(out, 0, 16);
	fd = qt_sys_open(AT_FDCWD, "/proc/sys/kernel/random/boot_id",
	    O_RDONLY, 0);
	if (fd < 0)
		return;		/* information only */
	(void)qt_sys_read(fd, text, sizeof(text) - 1);
	close(fd);
	for (const char *p = text; *p != '\0' && n < 32; p++) {
		int	digit = qt_hex_value(*p);

		if (digit < 0)
			continue;
		out[n / 2] = (uint8_t)(out[n / 2] << 4 | (unsigned int)digit);
		n++;
	}
}

static int
check_spec(const struct qt_seg_spec *spec, struct qt_err *err)
{
	const char	*why = NULL;

	if ((spec->mode & ~(mode_t)0660) != 0 || (spec->mode & 0600) != 0600)
		why = "the mode must be 0600, or 0660 with a group";
	else if ((spec->mode & 0060) != 0 && spec->group == (gid_t)-1)
		why = "a mode for the group needs a group";
	else if (spec->entries > QT__SEG_ENTRIES_MAX)
		why = "too many entries";
	else if (spec->participants > QT__SEG_SLOTS_MAX)
		why = "too many participants";
	else if (spec->size > QT__SEG_SIZE_MAX)
		why = "the size is over 8 TiB";
	else if ((spec->flags & ~(QT_SEG_HUGE | QT_SEG_ON_NODE)) != 0)
		why = "there is no such flag";
	if (why == NULL)
		return 0;
	qt_err_set(err, "%s", why);
	return -EINVAL;
}

/* Data pages and their part of the map share what the tables leave. */
static int
place_data(struct qt__seg_head *h, struct qt_err *err)
{
	uint64_t	page = h->page_size;
	uint64_t	left, pages;

	/* Ready bits for more map than there can be. */
	left = h->size / page * sizeof(struct qt__page) / page + 1;
	h->map_offset = round_up(h->ready_offset + round_up(left, 64) / 8,
	    page);
	if (h->size < h->map_offset + 2 * page) {
		qt_err_set(err, "%" PRIu64 " bytes are too few: the tables "
		    "take %" PRIu64, h->size, h->map_offset + 2 * page);
		return -EINVAL;
	}
	left = h->size - h->map_offset;
	pages = left / (page + sizeof(struct qt__page));
	while (pages * page + round_up(pages * sizeof(struct qt__page), page) >
	    left)
		pages--;
	h->page_count = (uint32_t)pages;
	h->data_offset = h->map_offset +
	    round_up(pages * sizeof(struct qt__page), page);
	return 0;
}

/* With huge pages, the data begins where one may, if there is room for one. */
static void
align_data(struct qt__seg_head *h)
{
	uint64_t	huge = qt__huge_size(), at;

	if (huge == 0)
		return;
	at = round_up(h->data_offset, huge);
	if (h->size < huge || at > h->size - huge)
		return;
	h->data_offset = at;
	h->page_count = (uint32_t)((h->size - at) / h->page_size);
}

int
qt__seg_layout(struct qt__seg_head *h, const struct qt_seg_spec *spec,
    struct qt_err *err)
{
	long	page = sysconf(_SC_PAGESIZE);
	int	rc = check_spec(spec, err);

	if (rc < 0)
		return rc;
	memset(h, 0, sizeof(*h));
	memcpy(h->magic, QT__SEG_MAGIC, sizeof(h->magic));
	h->major = QT__SEG_MAJOR;
	h->minor = QT__SEG_MINOR;
	h->order = QT__SEG_ORDER;
	h->word_size = 8;
	h->need_write = QT__SEG_NEED_WRITE;
	memcpy(h->kind, spec->kind, sizeof(h->kind));
	while (h->id == 0)
		qt_random(&h->id, sizeof(h->id));
	boot_id(h->boot_id);
	h->page_size = page < (long)QT__SEG_PAGE_MIN ? QT__SEG_PAGE_MIN :
	    (uint32_t)page;
	h->block_size = h->page_size / 4;
	h->head_size = h->page_size;
	h->size = round_up(spec->size, h->page_size);
	h->ctl_offset = sizeof(*h);
	h->slot_offset = h->head_size;
	h->slot_count = spec->participants ? spec->participants : DEFAULT_SLOTS;
	h->slot_size = sizeof(struct qt__seg_slot);
	h->entry_offset = round_up(h->slot_offset +
	    (h->slot_count + UINT64_C(1)) * h->slot_size, 256);
	h->entry_count = spec->entries ? spec->entries : DEFAULT_ENTRIES;
	h->entry_size = sizeof(struct qt__seg_row);
	h->ready_offset = h->entry_offset +
	    (uint64_t)h->entry_count * h->entry_size;
	h->map_entry_size = sizeof(struct qt__page);
	h->extent_limit = spec->extents;
	h->made_ms = qt_clock_real_ms();
	h->maker_uid = (uint32_t)geteuid();
	h->maker_pid = (uint32_t)getpid();
	rc = place_data(h, err);
	if (rc == 0 && (spec->flags & QT_SEG_HUGE)) {
		h->optional |= QT__SEG_HUGE;
		align_data(h);
	}
	if (spec->flags & QT_SEG_ON_NODE)
		h->node = spec->node + 1;
	h->crc = head_crc(h);
	return rc;
}

/* Every table after the one before it, aligned, and inside the file. */
static bool
is_sound(const struct qt__seg_head *h)
{
	uint64_t	page = h->page_size, map_size, end;

	if (h->word_size != 8 || h->ctl_offset != sizeof(*h) ||
	    h->slot_size != sizeof(struct qt__seg_slot) ||
	    h->entry_size != sizeof(struct qt__seg_row) ||
	    h->map_entry_size != sizeof(struct qt__page))
		return false;
	if (page < QT__SEG_PAGE_MIN || page > QT__SEG_PAGE_MAX ||
	    (page & (page - 1)) != 0 || h->block_size != page / 4 ||
	    h->head_size != page)
		return false;
	if (h->slot_count == 0 || h->slot_count > QT__SEG_SLOTS_MAX ||
	    h->entry_count == 0 || h->entry_count > QT__SEG_ENTRIES_MAX ||
	    h->page_count == 0 || h->size > QT__SEG_SIZE_MAX)
		return false;
	/* No sum below can wrap: each term is under 2^48. */
	if (h->slot_offset < h->head_size || h->slot_offset % 64 != 0 ||
	    h->slot_offset > h->size)
		return false;
	end = h->slot_offset + (h->slot_count + UINT64_C(1)) * h->slot_size;
	if (h->entry_offset < end || h->entry_offset % 64 != 0 ||
	    h->entry_offset > h->size)
		return false;
	end = h->entry_offset + (uint64_t)h->entry_count * h->entry_size;
	if (h->ready_offset < end || h->ready_offset % 8 != 0 ||
	    h->ready_offset > h->size)
		return false;
	map_size = (uint64_t)h->page_count * h->map_entry_size;
	end = h->ready_offset + round_up(map_size / page + 1, 64) / 8;
	if (h->map_offset < end || h->map_offset % page != 0 ||
	    h->map_offset > h->size)
		return false;
	end = h->map_offset + map_size;
	if (h->data_offset < end || h->data_offset % page != 0 ||
	    h->data_offset > h->size)
		return false;
	return h->data_offset + h->page_count * page <= h->size;
}

static int
check_features(const struct qt__seg_head *h, unsigned int flags,
    struct qt_err *err)
{
	uint64_t	unknown = h->need & ~QT__SEG_NEED;

	if (flags & (QT_SEG_JOIN | QT_SEG_WRITE))
		unknown |= h->need_write & ~QT__SEG_NEED_WRITE;
	if (h->major == QT__SEG_MAJOR && unknown == 0)
		return 0;
	if (h->major != QT__SEG_MAJOR)
		qt_err_set(err, "its format is %u.%u and this program knows "
		    "%u.%u", h->major, h->minor, QT__SEG_MAJOR, QT__SEG_MINOR);
	else
		qt_err_set(err, "it needs features %#" PRIx64 " that this "
		    "program does not know", unknown);
	return -QT_EVERSION;
}

int
qt__seg_check(const struct qt__seg_head *h, uint64_t size, const char *kind,
    unsigned int flags, struct qt_err *err)
{
	char	want[8] = "";
	int	rc;

	if (memcmp(h->magic, QT__SEG_MAGIC, sizeof(h->magic)) != 0) {
		qt_err_set(err, "it is not a segment");
		return -QT_EFORMAT;
	}
	if (h->order != QT__SEG_ORDER) {
		qt_err_set(err, "a machine of another byte order made it");
		return -QT_EFORMAT;
	}
	/* Before the version: a damaged byte must not look like a new one. */
	if (h->crc != head_crc(h)) {
		qt_err_set(err, "the checksum of its header is wrong");
		return -QT_ECORRUPT;
	}
	rc = check_features(h, flags, err);
	if (rc < 0)
		return rc;
	if (size != h->size) {
		qt_err_set(err, "it has %" PRIu64 " bytes and its header says "
		    "%" PRIu64, size, h->size);
		return -QT_ECORRUPT;
	}
	if (!is_sound(h)) {
		qt_err_set(err, "the tables of its header do not fit it");
		return -QT_ECORRUPT;
	}
	if ((long)h->page_size % sysconf(_SC_PAGESIZE) != 0) {
		qt_err_set(err, "it has pages of %" PRIu32 " bytes, which "
		    "this system cannot give back", h->page_size);
		return -QT_EVERSION;
	}
	if (kind != NULL)
		memcpy(want, kind, strnlen(kind, sizeof(want)));
	if (kind != NULL && memcmp(want, h->kind, sizeof(want)) != 0) {
		qt_err_set(err, "it is of kind '%.8s', not '%.8s'", h->kind,
		    want);
		return -QT_EFORMAT;
	}
	return 0;
}
