/* SPDX-License-Identifier: Apache-2.0 */
/* Making, reading and replacing values. See <qt/shm/value.h>. */

#include <errno.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>

#include <qt/shm/dtype.h>

#include "value_priv.h"

#define TRIES		64	/* looks at all buffers, for a writer */
#define SEQ_MAX		(UINT64_MAX >> 16)

/* --- Life ---------------------------------------------------------------- */

int
qt_value_create(struct qt_seg *seg, const char *name,
    const struct qt_value_spec *spec, struct qt_err *err)
{
	struct qt__obj_spec	s = { .type = QT_TYPE_VALUE, .capacity = 1 };
	struct qt_dtype		dtype;
	uint64_t		size = spec->size;
	uint32_t		writers = spec->writers;
	int			rc;

	if (spec->dtype != NULL) {
		rc = qt_dtype_parse(&dtype, spec->dtype, err);
		if (rc < 0) {
			qt_err_wrap(err, "make value '%s'", name);
			return rc;
		}
		size = dtype.size;
		s.dtype = dtype.text;
	}
	if (writers == 0)
		writers = QT_VALUE_WRITERS;
	if (size == 0 || size > QT_VALUE_SIZE_MAX ||
	    writers > QT_VALUE_WRITERS_MAX) {
		qt_err_set(err, "make value '%s': 1 to %u bytes, and at most "
		    "%u writers", name, QT_VALUE_SIZE_MAX,
		    QT_VALUE_WRITERS_MAX);
		return -EINVAL;
	}
	s.elem_size = (uint32_t)size;
	s.param[0] = writers + QT__VALUE_EXTRA;
	s.size = qt__obj_sum(s.param[0], qt__value_stride(s.elem_size),
	    QT__VALUE_BUFFERS);
	return qt__obj_create(seg, name, &s, err);
}

int
qt_value_open(struct qt_seg *seg, const char *name, const char *dtype,
    struct qt_value **out, struct qt_err *err)
{
	struct qt_value	*v = qt__obj_new(qt_value);
	int		 rc;

	*out = NULL;
	if (v == NULL)
		return -ENOMEM;
	rc = qt__obj_open(seg, name, QT_TYPE_VALUE, &v->obj, err);
	if (rc < 0)
		goto err_after_new;
	qt__value_attach(v);
	rc = qt__obj_dtype(v->obj.head.dtype, dtype, "it is of", err);
	if (rc < 0) {
		qt_err_wrap(err, "open value '%s'", name);
		goto err_after_open;
	}
	*out = v;
	return 0;

err_after_open:
	qt__obj_close(&v->obj);
err_after_new:
	free(v);
	return rc;
}

void
qt_value_close(struct qt_value *v)
{
	if (v == NULL)
		return;
	qt__obj_close(&v->obj);
	free(v);
}

struct qt_obj *
qt_value_obj(struct qt_value *v)
{
	return &v->obj;
}

uint32_t
qt_value_size(const struct qt_value *v)
{
	return v->size;
}

const char *
qt_value_dtype(const struct qt_value *v)
{
	return v->obj.head.dtype;
}

/* --- Buffers ------------------------------------------------------------- */

static bool
is_free(const struct qt_value *v, uint32_t i, uint64_t word)
{
	uint64_t	published;

	if (qt__owner_state(word) == QT__VALUE_FREE)
		return true;
	/* After the word: see the top. */
	published = atomic_load(v->published);
	return qt__owner_state(word) == QT__VALUE_DONE &&
	    (qt__value_index(published) != i || qt__value_seq(published) == 0);
}

/* One look at all of them: the claimed one with its word, or NULL. */
static struct qt__value_buffer *
claim_once(struct qt_value *v, uint64_t *word, uint32_t *index)
{
	uint32_t	from = atomic_load_explicit(&v->cursor,
	    memory_order_relaxed);

	for (uint32_t n = 0; n < v->count; n++) {
		uint32_t	 i = (from + n) % v->count;
		struct qt__value_buffer	*b = qt__value_buffer(v, i);

		*word = atomic_load(&b->word);
		if (!is_free(v, i, *word) || !qt__owner_cas(&b->word, word,
		    qt__obj_self(&v->obj), QT__VALUE_OWNED))
			continue;
		/* The bytes come after the word; pairs with qt_value_get(). */
		qt__fence(memory_order_release);
		atomic_store_explicit(&v->cursor, (i + 1) % v->count,
		    memory_order_relaxed);
		*index = i;
		return b;
	}
	return NULL;
}

static void
settle_dead(const struct qt_value *v)
{
	for (uint32_t i = 0; i < v->count; i++) {
		uint64_t	word = atomic_load(&qt__value_buffer(v, i)->word);

		if (qt__owner_state(word) == QT__VALUE_OWNED &&
		    qt__obj_is_dead(&v->obj, qt__owner_id(word)))
			qt__value_settle(v, i, word);
	}
}

/* Others have all of them only for as long as a copy takes, or are stopped. */
static struct qt__value_buffer *
claim(struct qt_value *v, uint64_t *word, uint32_t *index)
{
	struct qt__value_buffer	*b = claim_once(v, word, index);

	for (int tries = 0; b == NULL && tries < TRIES; tries++) {
		if (tries == 0)
			settle_dead(v);
		else
			sched_yield();
		b = claim_once(v, word, index);
	}
	return b;
}

/* From QT__VALUE_OWNED, by its owner: the generation stays. */
static void
leave(struct qt__value_buffer *b, uint64_t word, uint32_t state)
{
	atomic_compare_exchange_strong(&b->word, &word,
	    qt__owner(qt__owner_generation(word), 0, state));
}

/* --- Operations ----------------------------------------------------------- */

ssize_t
qt_value_get(const struct qt_value *v, void *out, size_t size, uint64_t *seq)
{
	for (;;) {
		uint64_t	 published = atomic_load(v->published);
		uint64_t	 word, len;
		struct qt__value_buffer	*b;

		if (qt__value_seq(published) == 0)
			return -QT_EEMPTY;
		if (qt__value_index(published) >= v->count)
			return -QT_ECORRUPT;
		b = qt__value_buffer(v, qt__value_index(published));
		word = atomic_load(&b->word);
		/* If it still is published now, the word belongs to it. */
		if (atomic_load(v->published) != published)
			continue;
		len = atomic_load_explicit(&b->len, memory_order_relaxed);
		if (len <= v->size && len <= size)
			qt__copy_racy(out, b->data, (size_t)len);
		/* Pairs with the fence in claim_once(). */
		qt__fence(memory_order_acquire);
		if (qt__owner_generation(atomic_load_explicit(&b->word,
		    memory_order_relaxed)) != qt__owner_generation(word))
			continue;
		if (len > v->size)
			return -QT_ECORRUPT;
		if (seq != NULL)
			*seq = qt__value_seq(published);
		return len <= size ? (ssize_t)len : -ERANGE;
	}
}

/*
 * Fills a buffer and publishes it, if want is NULL or the sequence number is
 * that: 1, or 0; *now is what it is.
 */
static int
put(struct qt_value *v, const void *data, size_t len, const uint64_t *want,
    uint64_t *now)
{
	struct qt__value_buffer	*b;
	uint64_t	 word, published, next;
	uint32_t	 index;
	int		 rc = 1;

	if (qt__obj_self(&v->obj) == 0)
		return -EACCES;
	if (len > v->size || (v->is_fixed && len != v->size))
		return -ERANGE;
	b = claim(v, &word, &index);
	if (b == NULL)
		return -EBUSY;
	qt__copy_racy(b->data, data, len);
	atomic_store_explicit(&b->len, len, memory_order_relaxed);
	published = atomic_load(v->published);
	do {
		next = (qt__value_seq(published) + 1) & SEQ_MAX;
		if (next == 0)
			next = 1;
		if (want != NULL && qt__value_seq(published) != *want)
			rc = 0;
		/* The bytes before it: pairs with the load in qt_value_get(). */
	} while (rc == 1 && !atomic_compare_exchange_weak(v->published,
	    &published, next << 16 | index));
	leave(b, word, rc == 1 ? QT__VALUE_DONE : QT__VALUE_FREE);
	*now = rc == 1 ? next : qt__value_seq(published);
	if (rc == 1)
		qt__wake(&v->obj, 0);
	return rc;
}

int
qt_value_put(struct qt_value *v, const void *data, size_t len, uint64_t *seq)
{
	uint64_t	now;
	int		rc = put(v, data, len, NULL, &now);

	if (rc < 0)
		return rc;
	if (seq != NULL)
		*seq = now;
	return 0;
}

int
qt_value_put_if(struct qt_value *v, const void *data, size_t len,
    uint64_t *seq)
{
	uint64_t	want = *seq;

	return put(v, data, len, &want, seq);
}

struct change {
	const struct qt_value	*value;
	uint64_t		 seq;
};

static int
has_changed(void *arg, bool is_late)
{
	struct change	*c = arg;
	uint64_t	 now = qt__value_seq(atomic_load(c->value->published));

	(void)is_late;
	if (now == c->seq)
		return -EAGAIN;
	c->seq = now;
	return 0;
}

int
qt_value_wait(struct qt_value *v, uint64_t *seq, uint64_t deadline)
{
	struct change	c = { .value = v, .seq = *seq };
	int		rc = qt__obj_wait(&v->obj, 0, deadline, has_changed, &c);

	*seq = c.seq;
	return rc;
}
