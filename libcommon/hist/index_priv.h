/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QT_HIST_INDEX_PRIV_H
#define QT_HIST_INDEX_PRIV_H
/*
 * The layout of the index, and who writes what:
 *
 *	index_layout.c	areas, and the segment that has them
 *	index.c		opening, reading
 *	index_add.c	one event more
 *	index_score.c	how often and how lately: a command's score
 *	index_trie.c	tries, index_complete.c what they are for
 *	index_order.c	tries of all commands at once
 *	index_update.c	what it lacks of the history
 *	index_build.c	all of it
 *
 * The segment has one entry, "index", of a struct qt__ix_head; areas are arrays
 * that the head names. A number of things in the head is stored, with release,
 * when the things are complete; memory is given to an area as it grows.
 *
 * Killed while it adds a batch, the writer leaves is_busy, and the next one makes
 * all anew, as counts may be half done. What readers follow is whole all the
 * same: each thing is complete before a word says that it is there.
 */
#include <stdatomic.h>

#include <qt/base/hash.h>
#include <qt/hist/index.h>
#include <qt/shm/segment.h>

#define QT__IX_KIND	"hist"
#define QT__IX_ENTRY	"index"
#define QT__IX_LAYOUT	2u		/* changes with anything below */
#define QT__IX_NAME	64u		/* bytes of a segment's name */
#define QT__IX_STEP	((uint64_t)256 << 10)	/* an area grows by */
#define QT__IX_WORD_MIN	3u
#define QT__IX_WORD_MAX	128u

/* Areas. OF is what one of its things is. */
#define QT__IX_AREAS(X)							\
	X(RING,		struct qt__ix_event)				\
	X(SIGNATURE,	_Atomic uint64_t)				\
	X(C_TEXT,	_Atomic uint32_t)				\
	X(C_LEN,	_Atomic uint32_t)				\
	X(COUNT,	_Atomic uint32_t)				\
	X(LAST,		_Atomic uint32_t)				\
	X(SUCCESSES,	_Atomic uint32_t)				\
	X(SCORE,	_Atomic uint32_t)				\
	X(NEXT,		struct qt__ix_next)				\
	X(C_INDEX,	_Atomic uint64_t)				\
	X(BLOOM,	_Atomic uint64_t)				\
	X(F_INDEX,	_Atomic uint64_t)				\
	X(FACT,		struct qt__ix_fact)				\
	X(WORD,		struct qt__ix_word)				\
	X(NODE,		struct qt__ix_node)				\
	X(TEXT,		char)

enum qt__ix_area_id {
#define X(name, of) QT__IX_##name,
	QT__IX_AREAS(X)
#undef X
	QT__IX_AREA_COUNT
};

/*
 *	0	start	8	us since 1970
 *	8	what	8	command 4, low; context 4
 *	16	ended	8	took 4, low; status 2, flags 2
 *	24	where	8	place 4, low; lower half of the id 4
 *	32	before	16	numbers: of the command, place; session, host
 */
struct qt__ix_event {
	_Atomic uint64_t	word[6];
};
/* A command that followed 4, low; how often 4. */
struct qt__ix_next {
	_Atomic uint64_t	of[QT_HIST_NEXT];
};
struct qt__ix_fact {
	_Atomic uint32_t	kind, text, len, last;
	_Atomic uint32_t	host;	/* a context's; or QT_HIST_NONE */
};
struct qt__ix_word {
	_Atomic uint32_t	text, len, command;
};
/*
 * A node of a trie: its label is bytes of the arena; label has the first of them
 * in its highest byte, and how many there are. Children are a list, the highest
 * byte first. What ends here, and the best of it and of all below, are commands
 * or words; 0 is none, so they are one more than the id.
 */
struct qt__ix_node {
	_Atomic uint32_t	text, label, child, next, own, best;
};
#define QT__IX_LABEL_MAX	((1u << 24) - 1)
#define QT__IX_FANOUT		256u

/* A slot of a hash index: 0, or the hash's upper half and the id + 1. */

struct qt__ix_area {
	uint64_t		offset, size;	/* bytes */
	_Atomic uint64_t	backed;		/* bytes that have memory */
};

struct qt__ix_head {
	uint32_t		layout, ring;
	uint64_t		history;	/* which one: hash of its key */
	struct qt_hash_key	key;		/* of the hash indexes */
	_Atomic uint32_t	is_outdated, is_busy;
	_Atomic uint64_t	batch;
	_Atomic uint32_t	commands, facts, words, nodes;
	_Atomic uint32_t	first, last;	/* numbers of events */
	_Atomic uint64_t	text;
	struct qt__ix_area	area[QT__IX_AREA_COUNT];
};
_Static_assert(sizeof(struct qt__ix_event) == 48, "as qt-hist has it");
_Static_assert(sizeof(struct qt__ix_node) == 24, "as qt-hist has it");
_Static_assert(sizeof(struct qt__ix_head) == 80 + 24 * QT__IX_AREA_COUNT,
    "no holes");

/* How many things fit. */
struct qt__ix_room {
	uint32_t	ring, commands, facts, words, nodes;
	uint32_t	c_slots, f_slots, bloom;	/* powers of 2 */
	uint64_t	text;
};

struct qt_hist_index {
	struct qt_seg		*seg;
	struct qt__ix_head	*head;
	/* Of here on a copy: what the segment says may change. */
	struct qt_hash_key	 key;
	struct qt__ix_room	 room;
	struct qt__ix_event	*ring;
	_Atomic uint64_t	*signature, *c_index, *bloom, *f_index;
	_Atomic uint32_t	*c_text, *c_len, *count, *last, *successes;
	_Atomic uint32_t	*score;
	struct qt__ix_next	*next;
	struct qt__ix_fact	*fact;
	struct qt__ix_word	*word;
	struct qt__ix_node	*node;
	char			*text;
	bool			 was_built;
};

/* Roots of the tries are nodes 1 and 2; 0 is none. */
#define QT__IX_ROOT(of)	((uint32_t)(of) + 1)

static inline uint32_t
qt__ix_get(const _Atomic uint32_t *p)
{
	return atomic_load_explicit(p, memory_order_relaxed);
}

static inline void
qt__ix_set(_Atomic uint32_t *p, uint32_t x)
{
	atomic_store_explicit(p, x, memory_order_relaxed);
}

/* A count of the head, at most what fits: pairs with qt__ix_publish(). */
static inline uint32_t
qt__ix_count(const _Atomic uint32_t *p, uint32_t most)
{
	uint32_t	n = atomic_load_explicit(p, memory_order_acquire);

	return n < most ? n : most;
}

static inline void
qt__ix_publish(_Atomic uint32_t *p, uint32_t n)
{
	atomic_store_explicit(p, n, memory_order_release);
}

/* --- index_layout.c ------------------------------------------------------- */

/* The segment's name; suffix "" or ".new". */
int	qt__ix_name(char out[QT__IX_NAME], const char *path,
	    const char *suffix);
/* Opened for reading or writing, checked. */
int	qt__ix_open(struct qt_hist_index **out, const char *name,
	    unsigned int flags, struct qt_err *err);
/* Who has it open is told to open another one; when there is one. */
void	qt__ix_outdate(const char *name);
/* An empty one, under that name, which is taken from who had it. */
int	qt__ix_create(struct qt_hist_index **out, const char *name,
	    const struct qt__ix_room *room, uint64_t history,
	    struct qt_err *err);
/* Memory for the first things of an area. 0, -ENOSPC, -QT_EFULL, -QT_ECORRUPT. */
int	qt__ix_back(struct qt_hist_index *ix, enum qt__ix_area_id area,
	    uint64_t count);

/* Bytes of the arena, or NULL. */
const char *qt__ix_text(const struct qt_hist_index *ix, uint32_t at,
	    uint32_t len);

/* --- index_add.c ---------------------------------------------------------- */

uint64_t qt__ix_hash(const struct qt_hist_index *ix, uint32_t kind,
	    const void *data, size_t len);
uint32_t qt__ix_find_command(const struct qt_hist_index *ix, uint64_t hash,
	    const void *text, size_t len);
/* All of these: 0, -QT_EFULL (a larger index is needed), -ENOSPC. */
int	qt__ix_add_command(struct qt_hist_index *ix, uint32_t *id,
	    const void *text, size_t len);
int	qt__ix_add_context(struct qt_hist_index *ix, uint32_t *id,
	    const struct qt_hist_event *e, const void *data, size_t len);
int	qt__ix_add_place(struct qt_hist_index *ix, uint32_t *id,
	    const void *data, size_t len);
/* An event with these; the tries are the caller's. */
int	qt__ix_add_event(struct qt_hist_index *ix, uint32_t command,
	    uint32_t context, uint32_t place, const struct qt_hist_event *e);
/*
 * The event was there already: 1, and what has become of it is stored; 0: it was
 * not; -QT_EFULL: it is another now.
 */
int	qt__ix_again(struct qt_hist_index *ix, uint32_t command,
	    uint32_t context, const struct qt_hist_event *e);

/* --- index_trie.c --------------------------------------------------------- */

int	qt__ix_plant(struct qt_hist_index *ix);		/* empty tries */
/* A command whose score has grown, and its words. */
int	qt__ix_grow(struct qt_hist_index *ix, uint32_t command);
/* The two halves of that. words: of new ones, to find them by; or NULL. */
struct qt__ix_words;
int	qt__ix_grow_command(struct qt_hist_index *ix, uint32_t command);
int	qt__ix_grow_words(struct qt_hist_index *ix, uint32_t command,
	    struct qt__ix_words *words);
/* The score of a command or a word + 1; 0 for what cannot be. */
uint32_t qt__ix_score(const struct qt_hist_index *ix,
	    enum qt_hist_complete of, uint32_t own);
/* The child of a node whose label begins with c, or 0; *before (may be NULL) is
   the one before it in the list, or before where it would be; 0: none. */
uint32_t qt__ix_child(const struct qt_hist_index *ix, uint32_t node,
	    unsigned char c, uint32_t *before);
/* A node's label, *len bytes, at least one; NULL: what it says cannot be. */
const char *qt__ix_label(const struct qt_hist_index *ix, uint32_t node,
	    uint32_t *len);

/* --- index_order.c -------------------------------------------------------- */

/* Tries of all commands that were run. Nobody reads yet. */
int	qt__ix_grow_all(struct qt_hist_index *ix);

/* Words by their hash: each is looked up as often as it is in a command. */
struct qt__ix_words {
	uint32_t	*slots;		/* the word + 1 */
	size_t		 size, count;	/* size: a power of 2 */
};
/* The slot of a word, or the empty one for it. */
uint32_t *qt__ix_words_slot(const struct qt_hist_index *ix,
	    struct qt__ix_words *w, const char *bytes, uint32_t len);
/* Room for one more: 0 or -ENOMEM. */
int	qt__ix_words_reserve(const struct qt_hist_index *ix,
	    struct qt__ix_words *w);

/* --- index_build.c -------------------------------------------------------- */

/* A new index of all that is in the history, in the place of the one that has the
   name. */
int	qt__ix_build(struct qt_hist_index **out, struct qt_hist_db *db,
	    const char *path, const struct qt_hist_index_options *options,
	    struct qt_err *err);
/* Tells histories apart. */
uint64_t qt__ix_history(const struct qt_hist_db *db);

/* --- index_score.c -------------------------------------------------------- */

/* A score after one run more at that time. */
uint32_t qt__score_add(uint32_t score, uint64_t start_us);

#endif /* QT_HIST_INDEX_PRIV_H */
