/* SPDX-License-Identifier: Apache-2.0 */
/* The prefix oracle. See trace.h. */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "trace.h"

/* One judgement. */
struct judge {
	const struct trace	*t;
	const struct trace_item	*found;
	size_t			 count;		/* operations, from 1 */
	unsigned char		*state;		/* of each */
	uint64_t		*said;		/* of each, its version; 0: not
						 * known */
	uint64_t		*version;	/* the same, or as it was found */
	size_t			*want;		/* by key, the operation */
	unsigned char		*may_vanish;	/* by key */
};

static char	wrong[256];

static void
die(const char *what)
{
	printf("Bail out! trace: %s: %s\n", what, strerror(errno));
	exit(1);
}

static size_t
size_of(size_t max)
{
	return sizeof(struct trace) + (max + 1) * sizeof(struct trace_op);
}

struct trace *
trace_new(size_t max, size_t keys)
{
	struct trace	*t = mmap(NULL, size_of(max), PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (t == MAP_FAILED)
		die("mmap");
	t->max = max;
	t->keys = keys;
	atomic_store(&t->next, 1);
	return t;
}

void
trace_free(struct trace *t)
{
	munmap(t, size_of(t->max));
}

size_t
trace_begin(struct trace *t, int is_del, const uint32_t *keys, uint32_t count)
{
	size_t		 n = atomic_fetch_add(&t->next, 1);
	struct trace_op	*op = &t->op[n];

	if (n > t->max) {
		atomic_store(&t->next, t->max + 1);
		return 0;
	}
	op->count = count;
	memcpy(op->key, keys, count * sizeof(*keys));
	atomic_store(&op->is_del, is_del != 0);
	atomic_store(&op->state, TRACE_BEGUN);
	return n;
}

void
trace_visible(struct trace *t, size_t op, uint64_t version)
{
	atomic_store(&t->op[op].version, version);
}

void
trace_done(struct trace *t, size_t op, uint64_t version)
{
	atomic_store(&t->op[op].version, version);
	atomic_store(&t->op[op].state, TRACE_DONE);
}

void
trace_refused(struct trace *t, size_t op)
{
	atomic_store(&t->op[op].state, TRACE_REFUSED);
}

/* --- The judgement -------------------------------------------------------- */

static const char *
say(const struct judge *j, size_t key, const char *what, size_t op,
    uint64_t prefix)
{
	snprintf(wrong, sizeof(wrong), "key %zu: found operation %zu (version "
	    "%llu), %s %zu (version %llu); history up to %llu", key,
	    j->found[key].op, (unsigned long long)j->found[key].version, what,
	    op, op != 0 ? (unsigned long long)j->version[op] : 0,
	    (unsigned long long)prefix);
	return wrong;
}

/* Each value was written by somebody, to this key, as that version. */
static const char *
check_found(struct judge *j)
{
	for (size_t k = 0; k < j->t->keys; k++) {
		size_t			 n = j->found[k].op;
		const struct trace_op	*op = &j->t->op[n];
		uint64_t		 version = j->found[k].version;
		uint32_t		 i = 0;

		if (n == 0)
			continue;
		if (n >= j->count || j->state[n] == TRACE_NOT)
			return say(j, k, "which nobody did, as", 0, 0);
		while (i < op->count && op->key[i] != k)
			i++;
		if (i == op->count || op->is_del)
			return say(j, k, "which did not write it, as", n, 0);
		if (j->version[n] < version) {
			if (j->said[n] != 0)
				return say(j, k, "of another version than", n,
				    0);
			j->version[n] = version;
		} else if (op->count == 1 && j->version[n] != version) {
			return say(j, k, "of another version than", n, 0);
		}
	}
	return NULL;
}

/* What the history up to this version leaves. */
static void
replay(struct judge *j, uint64_t prefix)
{
	memset(j->want, 0, j->t->keys * sizeof(*j->want));
	for (size_t n = 1; n < j->count; n++) {
		const struct trace_op	*op = &j->t->op[n];

		if (j->state[n] == TRACE_NOT || j->version[n] == 0 ||
		    j->version[n] > prefix)
			continue;
		for (uint32_t i = 0; i < op->count; i++) {
			size_t	*want = &j->want[op->key[i]];

			if (*want == 0 || j->version[*want] < j->version[n])
				*want = n;
		}
	}
}

static const char *
compare(const struct judge *j, uint64_t prefix)
{
	for (size_t k = 0; k < j->t->keys; k++) {
		size_t	want = j->want[k];

		if (want == j->found[k].op || (j->found[k].op == 0 &&
		    (want == 0 || j->t->op[want].is_del || j->may_vanish[k])))
			continue;
		return say(j, k, "not", want, prefix);
	}
	return NULL;
}

/* The shortest prefix: all that is done, and all that was found. */
static uint64_t
shortest(struct judge *j)
{
	uint64_t	prefix = 0;

	for (size_t n = 1; n < j->count; n++)
		if (j->state[n] == TRACE_DONE && j->version[n] > prefix)
			prefix = j->version[n];
	for (size_t k = 0; k < j->t->keys; k++)
		if (j->found[k].op != 0 &&
		    j->version[j->found[k].op] > prefix)
			prefix = j->version[j->found[k].op];
	return prefix;
}

/* The next longer prefix that ends with a deletion; 0: none. */
static uint64_t
longer(const struct judge *j, uint64_t prefix)
{
	uint64_t	next = 0;

	for (size_t n = 1; n < j->count; n++)
		if (j->t->op[n].is_del && j->state[n] != TRACE_NOT &&
		    j->version[n] > prefix &&
		    (next == 0 || j->version[n] < next))
			next = j->version[n];
	return next;
}

static const char *
judge(struct judge *j)
{
	static char	 first[sizeof(wrong)];
	const char	*bad = check_found(j);
	uint64_t	 prefix;

	if (bad != NULL)
		return bad;
	/* A deletion that did not return, of a version that nobody knows. */
	for (size_t n = 1; n < j->count; n++)
		for (uint32_t i = 0; i < j->t->op[n].count; i++)
			if (j->t->op[n].is_del && j->version[n] == 0 &&
			    j->state[n] == TRACE_BEGUN)
				j->may_vanish[j->t->op[n].key[i]] = 1;
	prefix = shortest(j);
	replay(j, prefix);
	bad = compare(j, prefix);
	if (bad == NULL)
		return NULL;
	memcpy(first, wrong, sizeof(first));
	while ((prefix = longer(j, prefix)) != 0) {
		replay(j, prefix);
		if (compare(j, prefix) == NULL)
			return NULL;
	}
	return first;
}

static void *
room(size_t count, size_t size)
{
	void	*p = calloc(count, size);

	if (p == NULL)
		die("memory");
	return p;
}

const char *
trace_judge(const struct trace *t, const struct trace_item *found,
    const unsigned char *state)
{
	struct judge	 j = { .t = t, .found = found };
	const char	*bad;

	j.count = atomic_load(&t->next);
	if (j.count > t->max + 1)
		j.count = t->max + 1;
	j.state = room(j.count, 1);
	j.said = room(j.count, sizeof(*j.said));
	j.version = room(j.count, sizeof(*j.version));
	j.want = room(t->keys, sizeof(*j.want));
	j.may_vanish = room(t->keys, 1);
	for (size_t n = 1; n < j.count; n++) {
		j.state[n] = state != NULL ? state[n] :
		    (unsigned char)t->op[n].state;
		if (j.state[n] == TRACE_REFUSED)
			j.state[n] = TRACE_NOT;
		j.said[n] = j.version[n] = t->op[n].version;
	}
	bad = judge(&j);
	free(j.state);
	free(j.said);
	free(j.version);
	free(j.want);
	free(j.may_vanish);
	return bad;
}
