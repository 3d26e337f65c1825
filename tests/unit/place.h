/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QT_TEST_PLACE_H
#define QT_TEST_PLACE_H

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

/*
 * A new folder for a test that is not about a disk: in memory, where syncing
 * costs nothing, when there is enough of it. tests/forget.sh removes what a test
 * that is killed leaves there. Ends the program when there can be none.
 */
void	place_new(char *path, size_t size);
/* The same on a disk, where there is one. */
void	place_new_disk(char *path, size_t size);
/* With all that is in it. */
void	place_remove(const char *path);

#ifdef __cplusplus
}
#endif

#endif /* QT_TEST_PLACE_H */
