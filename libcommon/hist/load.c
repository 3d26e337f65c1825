/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Others' histories into ours. See <qt/hist/load.h>.
 *
 * An event's id is its number in what is read, so that those of the same second
 * stay in order, and a hash of what it is, so that those of another file do not
 * take its place. Without a time the number alone is it, behind those that are
 * there. Tags are added behind each batch: killed in between, those of a batch are
 * not there.
 */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <qt/base/hash.h>
#include <qt/hist/redact.h>
#include <qt/hist/root.h>

#include "known_priv.h"
#include "tag_priv.h"

#include <qt/hist/load.h>

#define BATCH		16384u			/* events */
#define BATCH_BYTES	((size_t)8 << 20)

struct load {
	struct qt_hist_db		*db;
	struct qt_hist_import		*from;
	const struct qt_hist_load_options *o;
	struct qt_hist_loaded		*out;
	struct qt__known		 known;
	struct qt_hist_event		*events;
	size_t				 count;
	struct qt_buf			 bytes;	/* of events, in this order */
	struct qt_buf			 tags;	/* of some of them: see hold_tags() */
	struct qt_buf			 context;	/* the last one, packed */
	struct qt_buf			 packed;
	struct qt_buf			 clean;	/* a text without secrets */
	struct qt_buf			 cwd, root;	/* asked about last */
	struct qt__hashes		 texts;
	uint32_t			 context_hash;
};

/* The bytes of an event, each as long as the batch. */
#define FIELDS	9u
static void
list_fields(struct qt_hist_event *e, struct qt_hist_bytes *out[FIELDS])
{
	out[0] = &e->text;
	out[1] = &e->cwd;
	out[2] = &e->host;
	out[3] = &e->user;
	out[4] = &e->tty;
	out[5] = &e->shell;
	out[6] = &e->session;
	out[7] = &e->qt_session;
	out[8] = &e->root;
}

/* The number of an event of the batch, how many bytes, and these. */
static int
hold_tags(struct load *l, size_t number)
{
	struct qt_hist_bytes	tags = qt_hist_import_tags(l->from);
	size_t			head[2] = { number, tags.len };
	int			rc;

	if (tags.len == 0)
		return 0;
	rc = qt_buf_add(&l->tags, head, sizeof(head));
	return rc < 0 ? rc : qt_buf_add(&l->tags, tags.data, tags.len);
}

static int
add_tags(struct load *l, struct qt_err *err)
{
	size_t	head[2];
	int	rc = 0;

	for (size_t at = 0; at < l->tags.len && rc == 0; at += head[1]) {
		const struct qt_hist_event	*e;

		memcpy(head, l->tags.data + at, sizeof(head));
		at += sizeof(head);
		e = &l->events[head[0]];
		rc = qt__tags_add(l->db, e->start_us, e->id,
		    l->tags.data + at, head[1], err);
	}
	if (rc == 0 && l->tags.len > 0)
		rc = qt_store_sync(l->db->store, 0, err);
	qt_buf_reset(&l->tags);
	return rc;
}

static int
flush(struct load *l, struct qt_err *err)
{
	struct qt_hist_bytes	*f[FIELDS];
	const char		*p = l->bytes.data;
	uint64_t		 done, all, skipped = l->db->skipped;
	int			 rc = 0;

	for (size_t i = 0; i < l->count; i++) {
		list_fields(&l->events[i], f);
		for (size_t k = 0; k < FIELDS; k++) {
			f[k]->data = p;
			p += f[k]->len;
		}
	}
	if (l->count > 0)
		rc = qt_hist_db_add(l->db, l->events, l->count, NULL, 0, err);
	skipped = l->db->skipped - skipped;
	if (rc == 0) {
		l->out->added += l->count - skipped;
		l->out->erased += skipped;
		rc = add_tags(l, err);
	}
	l->count = 0;
	qt_buf_reset(&l->bytes);
	qt_hist_import_progress(l->from, &done, &all);
	if (l->o->progress != NULL)
		l->o->progress(l->o->arg, done, all, l->out);
	return rc;
}

static int
hash_context(struct load *l, const struct qt_hist_event *e)
{
	struct qt_buf	last = l->context;
	uint8_t		key[QT__HASH_KEY];

	qt_buf_reset(&l->packed);
	if (qt__context_pack(&l->packed, e) < 0)
		return -ENOMEM;
	if (l->packed.len == last.len &&
	    memcmp(l->packed.data, last.data, last.len) == 0)
		return 0;
	l->context = l->packed;
	l->packed = last;
	qt__db_hash(l->db, key, 'x', l->context.data, l->context.len);
	memcpy(&l->context_hash, key + 1, sizeof(l->context_hash));
	return 0;
}

/* Is it there? Else its id is set. */
static bool
is_there(struct load *l, struct qt_hist_event *e)
{
	struct qt_hash_key	hash_key;
	uint8_t			key[QT__HASH_KEY];
	uint64_t		text = 0, what[4], which = 0;

	memcpy(&hash_key, l->db->key, sizeof(hash_key));
	if (l->known.count > 0) {
		qt__db_hash(l->db, key, 'c', e->text.data, e->text.len);
		memcpy(&text, key + 1, sizeof(text));
		if (qt__known_has(&l->known, text, l->context_hash,
		    e->start_us, &which))
			return true;
	}
	if (e->start_us == 0) {
		e->id = ++l->known.last_id;
		return false;
	}
	what[0] = qt_hash_quick(&hash_key, e->text.data, e->text.len);
	what[1] = l->context_hash;
	what[2] = which;
	what[3] = l->out->read;
	e->id = l->out->read << 32 |
	    (uint32_t)qt_hash_quick(&hash_key, what, sizeof(what));
	return false;
}

/* Others do not know of repositories; what is one here today is told. */
static int
find_root(struct load *l, struct qt_hist_event *e)
{
	int	rc;

	if (e->root.len > 0 || e->cwd.len == 0 || l->o->host == NULL ||
	    e->host.len != strlen(l->o->host) ||
	    memcmp(e->host.data, l->o->host, e->host.len) != 0)
		return 0;
	if (l->cwd.len != e->cwd.len ||
	    memcmp(l->cwd.data, e->cwd.data, e->cwd.len) != 0) {
		qt_buf_reset(&l->cwd);
		qt_buf_reset(&l->root);
		rc = qt_buf_add(&l->cwd, e->cwd.data, e->cwd.len);
		if (rc == 0)
			rc = qt_buf_add(&l->root, e->cwd.data, e->cwd.len);
		if (rc == 0)
			rc = qt_hist_root(&l->root);
		if (rc < 0)
			return rc;
	}
	e->root = (struct qt_hist_bytes){ l->root.data, l->root.len };
	return 0;
}

static int
add(struct load *l, struct qt_hist_event *e, struct qt_err *err)
{
	struct qt_hist_bytes	*f[FIELDS];
	int			 rc;

	if (e->host.len == 0 && l->o->host != NULL)
		e->host = (struct qt_hist_bytes){ l->o->host,
			strlen(l->o->host) };
	if (e->user.len == 0 && l->o->user != NULL)
		e->user = (struct qt_hist_bytes){ l->o->user,
			strlen(l->o->user) };
	l->out->read++;
	rc = qt__is_deletion(&e->text) ? 1 :
	    qt_hist_redact_event(l->db->redact, e, &l->clean);
	if (rc == 1)
		l->out->secret++;
	if (rc == 0)
		rc = hash_context(l, e);
	if (rc != 0)
		return rc < 0 ? rc : 0;
	if (is_there(l, e))
		return 0;
	rc = find_root(l, e);
	list_fields(e, f);
	for (size_t k = 0; k < FIELDS && rc == 0; k++)
		if (f[k]->len > 0)
			rc = qt_buf_add(&l->bytes, f[k]->data, f[k]->len);
	if (rc == 0)
		rc = hold_tags(l, l->count);
	if (rc < 0)
		return rc;
	l->events[l->count++] = *e;
	if (l->count == BATCH || l->bytes.len >= BATCH_BYTES)
		rc = flush(l, err);
	return rc;
}

static int
load_all(struct load *l, struct qt_err *err)
{
	struct qt_hist_event	e;
	struct qt_err		bad = QT_ERR_INIT;
	int			rc;

	for (;;) {
		rc = qt_hist_import_next(l->from, &e, &bad);
		if (rc == 1) {
			rc = add(l, &e, err);
			if (rc < 0)
				return rc;
		} else if (rc == -QT_EFORMAT) {
			l->out->bad++;
			if (l->o->tell != NULL)
				l->o->tell(l->o->arg, bad.text);
		} else {
			if (rc < 0)
				qt_err_set(err, "%s", bad.text);
			break;
		}
	}
	return rc < 0 ? rc : flush(l, err);
}

int
qt_hist_load(struct qt_hist_db *db, struct qt_hist_import *from,
    const struct qt_hist_load_options *options, struct qt_hist_loaded *out,
    struct qt_err *err)
{
	struct load	l = { .db = db, .from = from, .o = options,
	    .out = out };
	int		rc;

	*out = (struct qt_hist_loaded){ 0 };
	l.events = malloc(BATCH * sizeof(*l.events));
	rc = l.events == NULL ? -ENOMEM : qt__known_load(&l.known, db, err);
	db->texts = &l.texts;
	if (rc == 0)
		rc = load_all(&l, err);
	db->texts = NULL;
	if (rc < 0)
		qt_err_wrap(err, "import");
	free(l.events);
	qt_buf_clear(&l.bytes);
	qt_buf_clear(&l.tags);
	qt_buf_clear(&l.context);
	qt_buf_clear(&l.packed);
	qt_buf_clear(&l.clean);
	qt_buf_clear(&l.cwd);
	qt_buf_clear(&l.root);
	qt__hashes_clear(&l.texts);
	qt__known_clear(&l.known);
	return rc;
}
