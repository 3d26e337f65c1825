/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QT_HIST_MATCH_PRIV_H
#define QT_HIST_MATCH_PRIV_H
/*
 * Between match.c, which knows groups, match_batch.c, which knows the best of
 * many, match_term.c, match_fuzzy.c and match_long.c, which know one term, and
 * match_regex.c.
 */
#include <qt/hist/match.h>

#define QT__MATCH_BYTE	16u
#define QT__MATCH_RUN	10u	/* also the highest bonus of a place */
#define QT__MATCH_GAP	3u
#define QT__MATCH_MORE	1u	/* a gap's further bytes */
#define QT__MATCH_LOW	(-(INT32_C(1) << 24))	/* below any sum; may be summed */

struct qt__pattern;

struct qt__term {
	enum qt_hist_term_kind	kind;
	bool			is_or, is_negated, is_case;
	bool			is_known;	/* to be there */
	uint32_t		len;
	uint64_t		needs;		/* of a command's signature */
	const uint8_t		*text;		/* folded, if not is_case */
	struct qt__pattern	*pattern;
};

/* Where one byte of a term is, and the best score there. */
struct qt__places {
	uint32_t	count, at[QT_HIST_SCORED];
	int32_t		score[QT_HIST_SCORED];
};

/* For one fuzzy term: two bytes' places; or a row of scores, and how each was
   reached. */
struct qt__scratch {
	struct qt__places places[2];
	int32_t		row[QT_HIST_SCORED];
	uint8_t		from[QT_HIST_FUZZY_MAX][QT_HIST_SCORED];
};

struct qt_hist_match {
	struct qt__term		terms[QT_HIST_TERMS_MAX];
	uint32_t		count;
	uint64_t		needs;		/* by all terms */
	bool			is_plain;	/* no group of several, no not */
	bool			is_fuzzy;	/* plain; all fuzzy, without case */
	uint64_t		gave_up;
	uint32_t		highest;	/* no command has more */
	uint32_t		worst;	/* less is not wanted: may be bounded roughly */
	bool			has_pattern;
	uint32_t		exact[QT_HIST_TERMS_MAX];	/* scores that the
						   last bound knew; or 0 */
	char			bytes[QT_HIST_QUERY_BYTES];
	struct qt__scratch	scratch;
};

/* A command, in a buffer in which [text, text + room) may be read. */
struct qt__text {
	const uint8_t	*text;
	size_t		 len, room;
	uint64_t	 signature;	/* or all bits: nobody made one */
};

extern const uint8_t	qt__fold[256];	/* ASCII capitals to small letters */

extern const uint8_t	qt__class[256], qt__bonus[6][6];

/* What a byte at a place is worth beyond its 16. */
static inline uint32_t
qt__match_bonus(const uint8_t *text, size_t at)
{
	return qt__bonus[at == 0 ? 0 : qt__class[text[at - 1]]]
	    [qt__class[text[at]]];
}

/* The term in one piece: the best place, or any; behind QT_HIST_SCORED the first one
   will do. false: none. */
bool	qt__find_run(const struct qt__term *t, const struct qt__text *x,
	    bool is_any, size_t *at);
/* The score, or 0. Positions (may be NULL) are added. */
uint32_t qt__term_score(struct qt_hist_match *m, const struct qt__term *t,
	    const struct qt__text *x, struct qt_hist_positions *positions);
/* As score; but where that takes long, a number that it is not above, and
   *is_exact is false. 0 is always exact. */
uint32_t qt__term_bound(struct qt_hist_match *m, const struct qt__term *t,
	    const struct qt__text *x, bool *is_exact);
/* Only whether it is there. */
bool	qt__term_has(struct qt_hist_match *m, const struct qt__term *t,
	    const struct qt__text *x);
/* The most that it may be worth: a run at the start of a word. */
uint32_t qt__term_highest(const struct qt__term *t);

uint32_t qt__fuzzy_score(struct qt__scratch *s, const struct qt__term *t,
	    const struct qt__text *x, struct qt_hist_positions *positions);
/* The bound need not be good where it is below want. */
uint32_t qt__fuzzy_bound(const struct qt__term *t, const struct qt__text *x,
	    uint32_t want, bool *is_exact);
/* Of several terms that are fuzzy, without case; m->exact is filled in. */
uint32_t qt__fuzzy_bound_all(struct qt_hist_match *m,
	    const struct qt__text *x, bool *is_exact);

bool	qt__fuzzy_has(const struct qt__term *t, const struct qt__text *x);
/* Of several terms that are fuzzy, without case: whether all are there. */
bool	qt__fuzzy_has_all(const struct qt__term *t, uint32_t count,
	    const struct qt__text *x);

/* The leftmost way: the place of each byte. false: there is none. */
bool	qt__fuzzy_first(const struct qt__term *t, const struct qt__text *x,
	    uint32_t first[QT_HIST_FUZZY_MAX]);
/* What a given way is worth. */
uint32_t qt__fuzzy_way(const struct qt__term *t, const struct qt__text *x,
	    const uint32_t *way);
/* The score in the first QT_HIST_SCORED bytes, which hold the leftmost way; and
   the best way itself, which may be first. */
uint32_t qt__fuzzy_long(struct qt__scratch *s, const struct qt__term *t,
	    const struct qt__text *x, const uint32_t *first);
uint32_t qt__fuzzy_rows(struct qt__scratch *s, const struct qt__term *t,
	    const struct qt__text *x, const uint32_t *first,
	    uint32_t way[QT_HIST_FUZZY_MAX]);

/* Of a whole command; as qt_hist_match_one(). */
uint32_t qt__match_score(struct qt_hist_match *m, const struct qt__text *x,
	    struct qt_hist_positions *positions);
uint32_t qt__match_bound(struct qt_hist_match *m, const struct qt__text *x,
	    bool *is_exact);
/* The score, right after the bound of the same command. */
uint32_t qt__match_score_bound(struct qt_hist_match *m,
	    const struct qt__text *x);
bool	qt__match_has(struct qt_hist_match *m, const struct qt__text *x);
void	qt__positions_add(struct qt_hist_positions *p, size_t at);

/* 0; -EINVAL and *at, *why where it does not compile; -ENOMEM. */
int	qt__pattern_new(struct qt__pattern **out, const char *text, size_t len,
	    bool is_case, size_t *at, char why[128]);
void	qt__pattern_free(struct qt__pattern *p);
/* 1 with [*from, *to), 0, or -E2BIG: it took too long. */
int	qt__pattern_match(struct qt__pattern *p, const void *text, size_t len,
	    size_t *from, size_t *to);

#endif /* QT_HIST_MATCH_PRIV_H */
