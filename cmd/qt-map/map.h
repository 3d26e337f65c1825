/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QT_MAP_MAP_H
#define QT_MAP_MAP_H

#include <qt/base/err.h>
#include <qt/base/prog.h>
#include <qt/store/store.h>

/*
 * The map that a command is about: one a process, named by -m, else by QT_MAP,
 * else "default". A name is a folder of the user's data; what holds a '/' is a
 * path.
 */

/* Exit statuses beside those of prog.h. */
#define MAP_EXIT_CONFLICT	4	/* a condition did not hold */
#define MAP_EXIT_CORRUPT	5
#define MAP_EXIT_VISIBLE	6	/* but not durable yet */

/* -m and -o, before the verb. */
extern const struct qt_opt map_options[];
void	map_option(int id, char *value);
/* Another one from here on. Exits 2 when it is no name. */
void	map_select(const char *text);

/* Borrowed until map_select(): as the user said it; its folder. */
const char *map_text(void);
const char *map_path(void);
/* The folder of all maps that have names. Exits 3 when there is no home. */
void	map_folder(char out[QT_STORE_PATH_SIZE]);

/*
 * The settings of the map, with those of -o over them; exits. _new: the
 * defaults instead of the map's, which is not there yet.
 */
void	map_settings(struct qt_store_settings *s);
enum qt_store_mode map_mode(void);
void	map_settings_new(struct qt_store_settings *s);
/* NAME=VALUE into s, or exits 2 with what is wrong; opt is who says it. */
void	map_set(struct qt_store_settings *s, const char *opt, const char *text);
/* Makes the map, and the folders above it if it has a name. As the store. */
int	map_init(const struct qt_store_settings *s, struct qt_err *err);

#define MAP_READ	1u	/* nothing will be written */
#define MAP_MAKE	2u	/* the default map is made when it is missing */
#define MAP_STAY	4u	/* for long: threads are worth it */
#define MAP_LEAVE	8u	/* QT_STORE_DETACH */
/* Opens it or exits; map_close() closes it. */
struct qt_store *map_open(unsigned int flags);
/* The same for who goes on: says what is wrong, and returns the exit status. */
int	map_try(struct qt_store **out, unsigned int flags);
/*
 * Makes what was put with ASYNC_NOW, up to version (0: nothing was), as durable
 * as the map's mode promises. As the store says.
 */
int	map_settle(uint64_t version, struct qt_err *err);
void	map_close(void);

/* What a command about a key exits with. */
int	map_status(int rc);
/*
 * Says "qt-map: what: clause: why (a way out)", and returns the exit status, 3 or
 * 5, or exits. what is the map's text where it is NULL. err may be NULL.
 */
int	map_warn(const char *what, int rc, const struct qt_err *err);
/* The same of a map that could not be opened, or looked at. */
int	map_warn_open(int rc, const struct qt_err *err);
_Noreturn void map_die(const char *what, int rc, const struct qt_err *err);
/* A map was to be made at dir, where there is something. */
_Noreturn void map_die_there(const char *dir);

#define TTL_MAX_MS	(86400000ul * 36525)	/* a century */

/* Options that exclude each other: the bits of both, and "-k or -v". */
struct map_pair {
	unsigned int	 both;
	const char	*names;
};
/* Exits 2 when both of a pair are given. The last pair is of no bits. */
void	map_check_pairs(const struct map_pair *pairs, unsigned int given);
/* Exits 2 when -m was given besides other, which names maps, too. */
void	map_check_select(const char *other);

/* A key of the command line, or exit 2. */
size_t	map_key_len(const char *key);

#endif /* QT_MAP_MAP_H */
