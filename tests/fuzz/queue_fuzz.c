/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Queues, stacks and pools whose words somebody has overwritten: all operations
 * end, with any result, and write nowhere but into the object itself.
 *
 * The input is: which structure, how far it is filled, then what to write where
 * (6 bytes each: a word's number, what kind of value, 3 bytes of it).
 */

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <qt/shm/array.h>
#include <qt/shm/pool.h>
#include <qt/shm/queue.h>
#include <qt/shm/spsc.h>
#include <qt/shm/stack.h>

#define GUARD	4096u		/* bytes before and behind the object */
#define HEAD	512u

int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct qt_seg	*seg;

static void
must(int ok)
{
	if (!ok)
		abort();
}

static void
guard(const char *name)
{
	struct qt_array_spec	 spec = { .dtype = "u1", .shape = { GUARD } };
	struct qt_array		*a;

	must(qt_array_create(seg, name, &spec, NULL) == 0);
	must(qt_array_open(seg, name, NULL, &a, NULL) == 0);
	memset(qt_array_data(a), 0x5a, GUARD);
	qt_array_close(a);
}

static void
check_guard(const char *name)
{
	struct qt_array		*a;
	const unsigned char	*p;

	must(qt_array_open(seg, name, NULL, &a, NULL) == 0);
	p = qt_array_data(a);
	for (unsigned int i = 0; i < GUARD; i++)
		must(p[i] == 0x5a);
	qt_array_close(a);
}

/* Overwrites words of the object behind its head. */
static void
damage(const char *name, const uint8_t *data, size_t size)
{
	struct qt_obj_stat	st;
	uint64_t		*word, count;

	must(qt_obj_stat(seg, name, &st, NULL) == 0);
	count = (st.size - HEAD) / 8;
	word = qt_seg_at(seg, st.offset + HEAD, count * 8);
	for (; size >= 6; size -= 6, data += 6) {
		uint64_t	*at = &word[(data[0] | data[1] << 8) % count];
		uint64_t	 v = data[3] | (uint64_t)data[4] << 8 |
		    (uint64_t)data[5] << 16;

		switch (data[2] % 6) {
		case 0:
			*at = v;
			break;
		case 1:
			*at = ~v;
			break;
		case 2:
			*at += v;
			break;
		case 3:
			*at -= v;
			break;
		case 4:
			*at ^= v << (data[2] / 6);
			break;
		default:	/* an owner word of ours, in some state */
			*at = (*at & ~UINT64_C(0xffffffff)) |
			    qt_seg_self(seg) << 16 | data[3] % 8;
		}
	}
}

static void
use_queue(void)
{
	struct qt_queue		*q;
	struct qt_queue_item	 item[2];
	uint64_t		 n[3] = { 1, 2, 3 };
	struct iovec		 v[3] = { { &n[0], 8 }, { &n[1], 8 },
	    { &n[2], 8 } };

	must(qt_queue_open(seg, "x", NULL, &q, NULL) == 0);
	for (int i = 0; i < 20; i++) {
		(void)qt_queue_count(q);
		(void)qt_queue_peek(q, (uint64_t)i % 5, n, 8);
		(void)qt_queue_push(q, n, 8, QT_WAIT_NEVER);
		if (qt_queue_loan(q, &item[0], QT_WAIT_NEVER) == 0)
			(void)qt_queue_publish(q, &item[0], 8);
		if (qt_queue_take(q, &item[1], QT_WAIT_NEVER) == 0)
			i % 3 == 0 ? qt_queue_requeue(q, &item[1]) :
			    qt_queue_release(q, &item[1]);
		(void)qt_queue_pushv(q, v, 3, QT_WAIT_NEVER);
		(void)qt_queue_pop(q, n, 8, QT_WAIT_NEVER);
		for (int k = 0; k < 3; k++)
			v[k].iov_len = 8;
		(void)qt_queue_popv(q, v, (size_t)i % 4, QT_WAIT_NEVER);
		for (int k = 0; k < 3; k++)
			v[k].iov_len = 8;
	}
	qt_queue_close(q);
}

static void
use_spsc(void)
{
	struct qt_spsc	*q;
	uint64_t	 n[3] = { 1, 2, 3 };
	const void	*from;
	void		*to;

	/* Its roles may seem to be taken by now. */
	if (qt_spsc_open(seg, "x", NULL, QT_SPSC_PRODUCER | QT_SPSC_CONSUMER,
	    &q, NULL) < 0)
		return;
	for (int i = 0; i < 20; i++) {
		(void)qt_spsc_count(q);
		(void)qt_spsc_peek(q, (uint64_t)i % 5, n, 8);
		(void)qt_spsc_push(q, n, 8, QT_WAIT_NEVER);
		(void)qt_spsc_push_n(q, n, 3, QT_WAIT_NEVER);
		if (qt_spsc_loan(q, &to, 2, QT_WAIT_NEVER) > 0)
			(void)qt_spsc_publish(q, 1);
		if (qt_spsc_take(q, &from, NULL, 2, QT_WAIT_NEVER) > 0)
			(void)qt_spsc_release(q, 1);
		(void)qt_spsc_pop(q, n, 8, QT_WAIT_NEVER);
		(void)qt_spsc_pop_n(q, n, 3, QT_WAIT_NEVER);
	}
	qt_spsc_close(q);
}

static void
use_stack(void)
{
	struct qt_stack	*s;
	uint64_t	 n = 7;

	must(qt_stack_open(seg, "x", NULL, &s, NULL) == 0);
	for (int i = 0; i < 20; i++) {
		(void)qt_stack_count(s);
		(void)qt_stack_peek(s, (uint64_t)i % 5, &n, 8);
		(void)qt_stack_push(s, &n, 8, QT_WAIT_NEVER);
		if (i % 3 != 0)
			(void)qt_stack_pop(s, &n, 8, QT_WAIT_NEVER);
	}
	qt_stack_close(s);
}

static void
use_pool(void)
{
	struct qt_shm_pool	*p;
	struct qt_shm_pool_guard g = { .pool = NULL };
	uint64_t		 h[4] = { 0 };
	uint32_t		 cursor = 0;

	must(qt_shm_pool_open(seg, "x", NULL, &p, NULL) == 0);
	for (int i = 0; i < 20; i++) {
		uint64_t	*at = qt_shm_pool_get(p, h[i % 4]);

		if (at != NULL)
			*at = 1;
		(void)qt_shm_pool_alloc(p, &h[i % 4], QT_WAIT_NEVER);
		(void)qt_shm_pool_give(p, h[(i + 1) % 4]);
		(void)qt_shm_pool_own(p, h[(i + 2) % 4]);
		(void)qt_shm_pool_free(p, h[(i + 3) % 4]);
		(void)qt_shm_pool_count(p);
		if (i % 5 == 0)
			(void)qt_shm_pool_enter(p, &g);
		if (i % 5 == 3)
			qt_shm_pool_leave(&g);
		(void)qt_shm_pool_retire(p, h[i % 3]);
	}
	while (qt_shm_pool_next(p, &cursor, h))
		(void)qt_shm_pool_free(p, h[0]);
	qt_shm_pool_close(p);
}

static void
make(unsigned int kind, unsigned int flags)
{
	struct qt_queue_spec	queue = { .item_max = 8, .capacity = 5,
	    .loans = 3, .flags = flags };
	struct qt_spsc_spec	spsc = { .dtype = flags ? "<u8" : NULL,
	    .item_max = 8, .capacity = 5 };
	struct qt_stack_spec	stack = { .item_max = 8, .capacity = 5,
	    .flags = flags };
	struct qt_shm_pool_spec	pool = { .size = 8, .capacity = 5,
	    .flags = flags ? QT_POOL_EPOCHS : 0 };

	if (kind == 0)
		must(qt_queue_create(seg, "x", &queue, NULL) == 0);
	else if (kind == 1)
		must(qt_spsc_create(seg, "x", &spsc, NULL) == 0);
	else if (kind == 2)
		must(qt_stack_create(seg, "x", &stack, NULL) == 0);
	else
		must(qt_shm_pool_create(seg, "x", &pool, NULL) == 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static void (*const	 use[])(void) = { use_queue, use_spsc,
	    use_stack, use_pool };
	struct qt_seg_spec	 spec = { .size = 256u << 10, .mode = 0600,
	    .group = (gid_t)-1, .participants = 4, .entries = 8 };
	struct qt_obj_stat	 st;

	if (size < 1)
		return 0;
	if (seg == NULL) {
		must(qt_seg_create(NULL, &spec, &seg, NULL) == 0);
		guard("before");
	}
	make(data[0] % 4, data[0] >> 2 & 1);
	guard("behind");
	if (data[0] & 8)
		use[data[0] % 4]();
	damage("x", data + 1, size - 1);
	use[data[0] % 4]();
	(void)qt_seg_sweep(seg);
	(void)qt_obj_stat(seg, "x", &st, NULL);
	(void)qt_obj_fsck(seg, data[0] & 16 ? QT_OBJ_FSCK_REPAIR : 0, NULL,
	    NULL);
	use[data[0] % 4]();
	must(qt_obj_stat(seg, "x", &st, NULL) == 0);
	check_guard("before");
	check_guard("behind");
	must(qt_obj_erase(seg, "x", NULL) == 0);
	must(qt_obj_erase(seg, "behind", NULL) == 0);
	must(qt_seg_fsck(seg, NULL) == 0);
	return 0;
}
