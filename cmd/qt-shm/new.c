/* SPDX-License-Identifier: Apache-2.0 */
/* qt-shm new - make a structure in a segment */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "thing.h"
#include "verbs.h"

static const struct qt_opt opts[] = {
	{ 't', "dtype", "DTYPE", "of an element, as NumPy writes it: i8, S16" },
	{ 'c', "capacity", "COUNT", "elements; bytes of a cache, a ring; NxM" },
	{ 'z', "item-size", "SIZE", "bytes of the longest item, without -t" },
	{ 'k', "key-dtype", "DTYPE", "of the keys of a map, a skiplist" },
	{ 'K', "key-size", "SIZE", "bytes of the longest key, without -k (64)" },
	{ 'D', "on-death", "drop|redeliver", "of items that the dead took" },
	{ 'U', "undo", NULL, "a semaphore gives back what the dead held" },
	{ 'A', "auto", NULL, "an event lets one waiter go, and is reset" },
	{ 'E', "epochs", NULL, "a pool keeps blocks for who reads them" },
	{ 256, "spsc", NULL, "a queue of one producer, one consumer" },
	{ 257, "mpmc", NULL, "a queue of many (the default)" },
	{ 0, NULL, NULL, NULL },
};

const struct qt_verb new_verb = {
	"new", new_main, "TYPE SEG/NAME", "make a structure", opts,
};

/* "1000", "64K", "100x3" */
static void
read_shape(const char *text, uint64_t shape[4])
{
	char	part[32];
	size_t	len;
	int	n = 0;

	for (;; text += len + 1) {
		len = strcspn(text, "x");
		if (n == 4 || len >= sizeof(part))
			qt_die(QT_EXIT_USAGE, "-c: 1 to 4 counts, as 100 or "
			    "100x3");
		memcpy(part, text, len);
		part[len] = '\0';
		shape[n++] = qt_opt_size("-c", part, 1, 1ul << 48);
		if (text[len] == '\0')
			return;
	}
}

/* An option that says nothing about this type is a mistake of the user's. */
static void
check_options(const struct thing_type *type, const char *used)
{
	for (; *used != '\0'; used++)
		if (strchr(type->options, *used) == NULL)
			qt_die(QT_EXIT_USAGE, "a structure of type %s takes "
			    "no -%c", qt_obj_type_name(type->type), *used);
}

static const struct thing_type *
read_type(const char *word)
{
	const struct thing_type	*type = thing_type(qt_obj_type_of(word));
	struct qt_buf		 names = QT_BUF_INIT;

	if (type == NULL) {
		thing_names(&names);
		qt_die(QT_EXIT_USAGE, "no type '%s'; there are %s", word,
		    names.data);
	}
	return type;
}

/* A queue for how many? The same types, by another word. */
static const struct thing_type *
of_roles(const struct thing_type *type, const char *roles)
{
	int	is_spsc = roles != NULL && strcmp(roles, "--spsc") == 0;

	if (roles != NULL && type != &queue_thing &&
	    !(is_spsc && type == &spsc_thing))
		qt_die(QT_EXIT_USAGE, "a structure of type %s takes no %s",
		    qt_obj_type_name(type->type), roles);
	return is_spsc ? &spsc_thing : type;
}

static int
read_death(const char *word)
{
	if (strcmp(word, "drop") == 0)
		return 0;
	if (strcmp(word, "redeliver") == 0)
		return 1;
	qt_die(QT_EXIT_USAGE, "--on-death '%s': drop or redeliver", word);
}

/* A wrong one is a wrong command line. */
static void
check_dtype(const char *opt, const char *text)
{
	struct qt_dtype	dtype;
	struct qt_err	err = QT_ERR_INIT;

	if (text != NULL && qt_dtype_parse(&dtype, text, &err) < 0)
		qt_die(QT_EXIT_USAGE, "%s '%s': %s", opt, text, err.text);
}

static void
read_options(struct qt_opts *o, struct thing_spec *spec, char used[32])
{
	int	id;

	while ((id = qt_opts_next(o)) != 0) {
		if (id < 256 && strchr(used, id) == NULL)
			used[strlen(used)] = (char)id;
		switch (id) {
		case 't':
			spec->dtype = o->value;
			break;
		case 'z':
			spec->item_max = qt_opt_size("-z", o->value, 1, 1u << 30);
			break;
		case 'k':
			spec->key_dtype = o->value;
			break;
		case 'K':
			spec->key_max = qt_opt_size("-K", o->value, 1, 1u << 30);
			break;
		case 'D':
			spec->is_redelivered = read_death(o->value);
			break;
		case 'U':
			spec->is_undone = 1;
			break;
		case 'A':
			spec->is_automatic = 1;
			break;
		case 'E':
			spec->has_epochs = 1;
			break;
		case 256:
		case 257:
			spec->roles = id == 256 ? "--spsc" : "--mpmc";
			break;
		default:
			read_shape(o->value, spec->shape);
			spec->capacity = spec->shape[0];
		}
	}
}

static void
make(const struct thing_type *type, const struct target *t,
    const struct thing_spec *spec)
{
	struct qt_err	 err = QT_ERR_INIT;
	struct qt_seg	*seg = target_open(t, QT_SEG_JOIN);
	int		 rc = type->create(seg, t->name, spec, &err);

	if (rc == -QT_EFULL)
		qt_die(QT_EXIT_SYS, "%s: segment '%s' has no place for another "
		    "name ('qt-shm create -n' sets how many)", t->text, t->seg);
	if (rc == -EEXIST)
		qt_die(QT_EXIT_SYS, "%s: the name is taken ('qt-shm stat %s' "
		    "shows it, 'qt-shm rm %s' removes it)", t->text, t->text,
		    t->text);
	if (rc < 0)
		target_die(t, rc, &err);
	target_close(seg);
}

int
new_main(int argc, char **argv)
{
	struct qt_opts		 o = QT_OPTS_INIT(&new_verb, argc, argv);
	struct thing_spec	 spec = { .dtype = NULL };
	const struct thing_type	*type;
	struct target		 t;
	char			 used[32] = "";

	read_options(&o, &spec, used);
	argc -= o.index;
	argv += o.index;
	if (argc < 2)
		qt_usage(&new_verb);
	type = read_type(argv[0]);
	/* Options may also follow the type. */
	o = (struct qt_opts)QT_OPTS_INIT(&new_verb, argc, argv);
	read_options(&o, &spec, used);
	if (argc - o.index != 1)
		qt_usage(&new_verb);
	type = of_roles(type, spec.roles);
	check_options(type, used);
	check_dtype("-t", spec.dtype);
	check_dtype("-k", spec.key_dtype);
	target_parse(&t, argv[o.index], TARGET_NAME);
	make(type, &t, &spec);
	return QT_EXIT_OK;
}
