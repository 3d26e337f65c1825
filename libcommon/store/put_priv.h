/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QT_STORE_PUT_PRIV_H
#define QT_STORE_PUT_PRIV_H
/* Writing: put.c. */
#include "store_priv.h"

struct qt__stripe;

/* WRITE alone; what its last owner left undone is done. */
int	qt__write_take(struct qt_store *s, struct qt_err *err);
void	qt__write_give(struct qt_store *s);
/* And the index whole. *mem: the active one, borrowed. */
int	qt__write_begin(struct qt_store *s, struct qt__stripe **stripe,
	    struct qt__mem **mem, struct qt_err *err);
void	qt__write_end(struct qt_store *s, struct qt__stripe *stripe);

#endif /* QT_STORE_PUT_PRIV_H */
