/* SPDX-License-Identifier: Apache-2.0 */
/* All commands of batch at once. See atomic.h. */

#include <errno.h>
#include <stdlib.h>

#include "atomic.h"
#include "map.h"

#define BYTES_MAX	(2u * QT_STORE_VALUE_MAX)

int
atomic_add(struct atomic *m, const struct command *c, struct qt_err *err)
{
	struct qt_store_put	*put;
	size_t			 room = m->room > 0 ? 2 * m->room : 64;

	if (c->verb != COMMAND_PUT && c->verb != COMMAND_DEL) {
		qt_err_set(err, "with --atomic only put and del");
		return -EINVAL;
	}
	if (m->bytes.len + c->key_len + c->value_len > BYTES_MAX)
		qt_die(QT_EXIT_SYS, "more than %u bytes cannot be one step; "
		    "nothing was done", BYTES_MAX);
	if (m->count == m->room) {
		put = realloc(m->puts, room * sizeof(*put));
		if (put == NULL)
			return -ENOMEM;
		m->puts = put;
		m->room = room;
	}
	put = &m->puts[m->count];
	*put = (struct qt_store_put){
		.key = (void *)m->bytes.len, .key_len = c->key_len,
		.value_len = c->value_len, .expires_ms = c->expires_ms,
		.if_version = c->if_version, .flags = c->flags, .tag = c->tag,
	};
	if (c->verb == COMMAND_DEL)
		put->flags |= QT_STORE_DEL;
	if (qt_buf_add(&m->bytes, c->key, c->key_len) < 0 ||
	    qt_buf_add(&m->bytes, c->value, c->value_len) < 0)
		return -ENOMEM;
	m->count++;
	return 0;
}

static void
answer_all(struct atomic *m, struct answers *a, int rc, size_t which,
    const struct qt_err *err)
{
	for (size_t i = 0; i < m->count; i++)
		if (rc == 0)
			answer(a, "ok");
		else if (i == which)
			answer_error(a, rc, err);
		else
			answer(a, "error not done, for another");
}

void
atomic_end(struct atomic *m, struct qt_store *store, struct answers *a)
{
	struct qt_err	err = QT_ERR_INIT;
	uint64_t	version;
	size_t		which = 0;
	int		rc, status;

	if (m->count > 0) {
		for (size_t i = 0; i < m->count; i++) {
			size_t	at = (size_t)m->puts[i].key;

			m->puts[i].key = m->bytes.data + at;
			m->puts[i].value = m->bytes.data + at +
			    m->puts[i].key_len;
		}
		rc = m->is_void ? -ECANCELED : qt_store_put_many(store,
		    &version, &which, m->puts, m->count, &err);
		answer_all(m, a, rc, m->is_void ? m->count : which, &err);
		status = rc < 0 && !m->is_void ? map_status(rc) : 0;
		/* The answer to all of it is no. */
		status = rc == -ENOENT ? MAP_EXIT_CONFLICT : status;
		a->status = status > a->status ? status : a->status;
	}
	free(m->puts);
	qt_buf_clear(&m->bytes);
	*m = (struct atomic)ATOMIC_INIT;
}
