/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QT_TEST_DISK_PRIV_H
#define QT_TEST_DISK_PRIV_H

/* What disk.c, disk_state.c and nobody else know of a disk. */

#include <stdbool.h>

#include "disk.h"

#define NONE	SIZE_MAX

/* Bytes of a unit; never changed once made. Zeros are NULL. */
struct blob {
	struct blob	*next;		/* of all that were made */
	uint64_t	 hash;
	unsigned char	 data[];
};

struct bytes {				/* of a file */
	uint64_t	 size;
	const struct blob **unit;
	size_t		 count;		/* units there is room for */
};

struct entry {
	char		*name;
	struct node	*node;
};
struct names {				/* of a folder */
	struct entry	*entry;
	size_t		 count;
};

struct node {
	struct node	*next;		/* of all */
	uint64_t	 ino;
	bool		 is_dir;
	bool		 is_lazy;	/* seen before it was made */
	/* settled; as the processes see it; as chosen */
	struct bytes	 held, live, pick;
	struct names	 held_names, live_names, pick_names;
	struct node	*copy;		/* scratch: of a dup */
	size_t		*last;		/* scratch: by unit, then the size */
	size_t		 last_count;
};

enum kind { DATA, SIZE, NAME };

struct effect {
	enum kind	 kind;
	uint64_t	 record;
	struct node	*node;		/* DATA, SIZE: the file; NAME: what
					   gets the name, or NULL */
	size_t		 unit;		/* DATA */
	const struct blob *blob;
	uint64_t	 size;		/* SIZE */
	struct node	*dir, *from;	/* NAME; from: where it had another */
	char		*name, *from_name;
	bool		 is_doomed;	/* a sync of it has failed */
	size_t		 before[2];	/* the last that touch the same */
};

/* A sync that has begun. */
struct sync {
	uint64_t	 ino, record;
	uint32_t	 who;
};

struct disk {
	size_t		 unit;
	int		 is_kind;
	uint64_t	 dev, record;
	struct node	*root, *nodes;
	struct blob	*blobs;
	struct effect	*effect;
	size_t		 count, room;
	struct sync	*sync;
	size_t		 syncs;
	char		 text[256];
};

void	*disk_room(void *old, size_t count, size_t size);
void	disk_fail(const char *what);
void	disk_name_set(struct names *n, const char *name, struct node *node);
struct node *disk_name_get(const struct names *n, const char *name);
void	disk_unit_set(struct bytes *b, size_t unit, const struct blob *blob);
/* Done to what is settled, or to what is chosen. */
void	disk_settle(const struct effect *e);
void	disk_link(struct disk *d);	/* before[] of all effects */

#endif /* QT_TEST_DISK_PRIV_H */
