/* SPDX-License-Identifier: Apache-2.0 */
/* Looking into segments of zeroipc. */

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "file.h"
#include "hex.h"
#include "zipm.h"

int
zipm_open(struct qt_zipm *z, const struct target *t)
{
	struct qt_err		err = QT_ERR_INIT;
	struct file_look	look;
	char			name[sizeof(t->seg) + 1];
	int			rc;

	if (file_look(t->seg, &look) < 0 || look.format != FILE_ZIPM)
		return 0;
	snprintf(name, sizeof(name), "/%s", t->seg);
	rc = qt_zipm_open(z, name, &err);
	/* No way out of ours: nothing here repairs or removes them. */
	if (rc < 0)
		qt_die(QT_EXIT_SYS, "%s: a segment of zeroipc: %s: %s",
		    t->text, err.text, qt_strerror(rc));
	return 1;
}

const struct qt_zipm_entry *
zipm_entry(const struct qt_zipm *z, const struct target *t)
{
	const struct qt_zipm_entry	*e = qt_zipm_find(z, t->name);

	if (e == NULL)
		target_die(t, -ENOENT, NULL);
	return e;
}

void
zipm_row(struct grid *g, const struct qt_zipm *z, const struct target *t,
    const struct qt_zipm_entry *e)
{
	uint64_t	elem_size = 0, count;

	grid_row(g);
	grid_text(g, "name", "%s", e->name);
	grid_text(g, "type", "zipm");
	grid_text(g, "state", "ok");
	grid_number(g, "size", e->size);
	grid_number(g, "offset", e->offset);
	grid_text(g, "path", "/dev/shm/%s", t->seg);
	/* If it is an array; nothing says so. */
	if (qt_zipm_array(z, e, &elem_size, &count) == 0 &&
	    elem_size * count == e->size - 8) {
		grid_number(g, "capacity", count);
		grid_number(g, "item", elem_size);
		grid_number(g, "data_offset", e->offset + 8);
	}
}

void
zipm_stat(struct grid *g, const struct qt_zipm *z, const struct target *t)
{
	struct file_look	look;

	grid_row(g);
	grid_text(g, "name", "%s", t->seg);
	grid_text(g, "path", "/dev/shm/%s", t->seg);
	grid_text(g, "kind", "zipm");
	grid_text(g, "version", "%u", z->version);
	grid_number(g, "size", z->size);
	grid_number(g, "structures", z->count);
	if (file_look(t->seg, &look) == 0) {
		grid_number(g, "uid", look.st.st_uid);
		grid_number(g, "gid", look.st.st_gid);
		grid_text(g, "mode", "%04o", look.st.st_mode & 07777);
		grid_number(g, "used", (uint64_t)look.st.st_blocks * 512);
	}
}

static void
dump_entry(const struct qt_zipm *z, const struct target *t,
    const struct qt_zipm_entry *e)
{
	unsigned char	buf[4096];
	struct hex	hex = HEX_INIT(e->offset);
	uint64_t	done = 0;
	size_t		n;
	int		rc;

	printf("# %s/%s zipm - %" PRIu64 "\n", t->seg, e->name, e->size);
	for (; done < e->size; done += n) {
		n = e->size - done < sizeof(buf) ? (size_t)(e->size - done) :
		    sizeof(buf);
		rc = qt_zipm_read(z, e->offset + done, buf, n);
		if (rc < 0)
			target_die(t, rc, NULL);
		hex_add(&hex, buf, n);
	}
	hex_end(&hex);
}

void
zipm_dump(const struct qt_zipm *z, const struct target *t)
{
	if (t->name[0] != '\0') {
		dump_entry(z, t, zipm_entry(z, t));
		return;
	}
	for (uint32_t i = 0; i < z->count; i++)
		dump_entry(z, t, &z->entry[i]);
}

void
zipm_npy(const struct qt_zipm *z, const struct target *t, const char *dtype,
    struct qt_npy *npy)
{
	const struct qt_zipm_entry	*e = zipm_entry(z, t);
	struct qt_err			 err = QT_ERR_INIT;
	uint64_t			 elem_size;
	int				 rc;

	if (dtype == NULL)
		qt_die(QT_EXIT_USAGE, "%s: zeroipc does not say what its "
		    "elements are: -t DTYPE does", t->text);
	memset(npy, 0, sizeof(*npy));
	if (qt_dtype_parse(&npy->dtype, dtype, &err) < 0)
		qt_die(QT_EXIT_USAGE, "-t '%s': %s", dtype, err.text);
	elem_size = npy->dtype.size;
	rc = qt_zipm_array(z, e, &elem_size, &npy->count);
	if (rc == -EINVAL)
		qt_die(QT_EXIT_SYS, "%s: it is no array of '%s': as many "
		    "elements as it says do not fit its %" PRIu64 " bytes",
		    t->text, npy->dtype.text, e->size);
	if (rc < 0)
		target_die(t, rc, NULL);
	npy->dims = 1;
	npy->shape[0] = npy->count;
	npy->size = npy->count * npy->dtype.size;
}
