/* SPDX-License-Identifier: Apache-2.0 */
/* qt-shm dump - all that is in a structure, or in every one of a segment */

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hex.h"
#include "names.h"
#include "thing.h"
#include "verbs.h"
#include "zipm.h"

static const struct qt_opt opts[] = {
	{ 'x', "hex", NULL, "the bytes of its memory, as hexdump -C" },
	{ 0, NULL, NULL, NULL },
};

const struct qt_verb dump_verb = {
	"dump", dump_main, "SEG[/NAME]", "print all that is in it", opts,
};

static void
hex_dump(struct qt_seg *seg, uint64_t offset, uint64_t size)
{
	const void	*p = qt_seg_at(seg, offset, size);
	struct hex	 hex = HEX_INIT(offset);

	if (p != NULL)
		hex_add(&hex, p, (size_t)size);
	hex_end(&hex);
}

static int
dump_one(struct thing *t, int is_hex, struct qt_err *err)
{
	if (!is_hex)
		return t->type->dump(t, err);
	hex_dump(t->seg, t->stat.offset, t->stat.size);
	return 0;
}

/* Each with a line that says what follows. What is damaged is passed over. */
static enum qt_exit
dump_segment(const struct target *target, int is_hex)
{
	struct qt_seg		*seg = target_open(target, QT_SEG_RDONLY);
	struct qt_err		 err = QT_ERR_INIT;
	struct qt_obj_stat	 s;
	struct qt_seg_entry	*all;
	struct thing		 t;
	char			 operand[336];
	size_t			 count = names_all(seg, &all);
	enum qt_exit		 worst = QT_EXIT_OK;
	int			 rc;

	for (size_t i = 0; i < count; i++) {
		if (thing_type(all[i].type) == NULL)
			continue;
		snprintf(operand, sizeof(operand), "%s/%s", target->seg,
		    all[i].name);
		rc = qt_obj_stat(seg, all[i].name, &s, &err);
		if (rc < 0) {
			if (rc == -ENOENT)
				continue;	/* erased meanwhile */
			qt_warn("%s: %s", operand, err.text);
			worst = QT_EXIT_SYS;
			continue;
		}
		thing_open(&t, operand, QT_SEG_RDONLY);
		printf("# %s %s %s %" PRIu64 "/%" PRIu64 "\n", operand,
		    s.type_name, s.dtype[0] != '\0' ? s.dtype : "-", s.count,
		    s.capacity);
		if (is_hex || t.type->dump != NULL)
			rc = dump_one(&t, is_hex, &err);
		if (rc < 0)
			worst = target_warn(&t.target, rc, &err);
		thing_close(&t);
	}
	free(all);
	target_close(seg);
	return worst;
}

int
dump_main(int argc, char **argv)
{
	struct qt_opts	o = QT_OPTS_INIT(&dump_verb, argc, argv);
	struct qt_err	err = QT_ERR_INIT;
	struct target	target;
	struct qt_zipm	z;
	struct thing	t;
	int		rc, is_hex = 0;

	while (qt_opts_next(&o) != 0)
		is_hex = 1;
	if (argc - o.index != 1)
		qt_usage(&dump_verb);
	target_parse(&target, argv[o.index], TARGET_SEG | TARGET_NAME);
	if (zipm_open(&z, &target)) {
		zipm_dump(&z, &target);
		qt_zipm_close(&z);
		return QT_EXIT_OK;
	}
	if (target.name[0] == '\0')
		return dump_segment(&target, is_hex);
	thing_open(&t, argv[o.index], QT_SEG_RDONLY);
	if (!is_hex && t.type->dump == NULL)
		thing_cannot(&t, "dump");
	rc = dump_one(&t, is_hex, &err);
	if (rc < 0)
		target_die(&t.target, rc, &err);
	thing_close(&t);
	return QT_EXIT_OK;
}
