/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QT_STORE_RUN_FILE_PRIV_H
#define QT_STORE_RUN_FILE_PRIV_H
/*
 * What the parts of a slice file share: its header and footer (run.c), its
 * blocks (block.c, block_build.c), its filter (bloom.c), its index
 * (run_index.c), and the bytes of one that is open (run_read.c). The layout is
 * in run.c's first comment.
 *
 * Everything that reads takes bytes from outside: what is not checked by a
 * checksum is checked where it is used.
 */
#include <stdatomic.h>
#include <stdint.h>

#include <qt/base/buf.h>
#include <qt/base/err.h>

#include "entry_priv.h"
#include "run_priv.h"

#define QT__RUN_MAGIC		"QTRUN\n\032"	/* and its NUL: 8 bytes */
#define QT__RUN_END_MAGIC	"QTRUNEND"
#define QT__RUN_FORMAT		1u
#define QT__RUN_HEADER		64u
#define QT__RUN_FOOTER		192u
#define QT__RUN_NAME_SIZE	32u
#define QT__RUN_PLAIN_ALIGN	64u	/* of blocks, where none is deflated */
#define QT__RUN_ALIGN		8u

/* --- The file ------------------------------------------------------------ */

struct qt__run_footer {
	struct qt__run_info info;
	uint64_t	salt;		/* of the checksums; random */
	uint64_t	data_end;	/* of the last block */
	uint64_t	filter_at, index_at, index_len;
	uint32_t	filter_lines, filter_crc, index_crc;
	uint32_t	blocks, align;
	uint32_t	prefix_len;	/* that all keys begin with */
	uint32_t	first_len;	/* of the first key */
};
struct qt__run_header {
	uint64_t	number, salt;
	uint32_t	align;
};

void	qt__run_name(char name[QT__RUN_NAME_SIZE], uint64_t number);
void	qt__run_header_pack(uint8_t *p, const struct qt__run_header *h);
/* NULL, or what is wrong, for people; *rc is then the error. */
const char *qt__run_header_unpack(struct qt__run_header *h, const uint8_t *map,
	    uint64_t size, uint64_t number, int *rc);
void	qt__run_footer_pack(uint8_t *p, const struct qt__run_footer *f);
const char *qt__run_footer_unpack(struct qt__run_footer *f, const uint8_t *map,
	    uint64_t size, uint64_t number, int *rc);
/* The checksum of a part of the file, bound to the file and to the place. */
uint32_t qt__run_crc(uint64_t number, uint64_t salt, uint64_t at,
	    const void *data, size_t len);

static inline uint64_t
qt__round_up(uint64_t n, uint32_t align)
{
	return (n + align - 1) & ~(uint64_t)(align - 1);
}

/* --- Blocks -------------------------------------------------------------- */

#define QT__BLOCK_MAGIC		0x4b4c4271u	/* "qBLK" */
#define QT__BLOCK_HEADER	32u
#define QT__BLOCK_RESTART	32u	/* each so many a key is whole */
#define QT__BLOCK_SIZE_MIN	256u
#define QT__BLOCK_SIZE_MAX	32768u	/* but one record may be larger */
#define QT__BLOCK_PLAIN		0u
#define QT__BLOCK_ZLIB		1u
#define QT__BLOCK_TAG		8u	/* in a record's control byte, besides */
#define QT__BLOCK_EXPIRY	16u	/* the entry's flags */

struct qt__block_head {
	uint32_t	crc;
	uint32_t	stored;		/* bytes that follow it in the file */
	uint32_t	len;		/* of the contents */
	uint32_t	count;		/* records */
	uint64_t	base;		/* versions are relative to it */
	uint8_t		method;
};
void	qt__block_head_pack(uint8_t *p, const struct qt__block_head *h);
/* Of a block in a file of limit bytes. NULL, or what is wrong. */
const char *qt__block_head_unpack(struct qt__block_head *h, const uint8_t *map,
	    uint64_t at, uint64_t limit);

/* The contents of one block, to be read. */
struct qt__block_view {
	const uint8_t	*tags;		/* a byte of each key's hash */
	const uint8_t	*offsets;	/* 16 bits each, in records */
	const uint8_t	*records, *end;
	uint64_t	 base;
	uint32_t	 count;
};
/* One record; key is its first shared bytes of its restart's and then these. */
struct qt__record {
	const uint8_t	*suffix, *value;
	uint32_t	 shared, suffix_len, value_len;
	uint64_t	 version, expires_ms;
	uint8_t		 flags, tag;
};
/* -QT_ECORRUPT where something does not fit; so do the others. */
int	qt__block_view(struct qt__block_view *v, const uint8_t *contents,
	    size_t len, const struct qt__block_head *h);
/* The key's part of record i, and whole record i. */
int	qt__block_key(const struct qt__block_view *v, uint32_t i,
	    struct qt__record *r);
int	qt__block_record(const struct qt__block_view *v, uint32_t i,
	    struct qt__record *r);
/*
 * The newest of key with a version of at most max: 1 with it, 0, negative.
 */
int	qt__block_get(const struct qt__block_view *v, struct qt__record *r,
	    const uint8_t *key, size_t len, uint8_t tag, uint64_t max);
/* The first whose key is not less than key: *at, count where there is none. */
int	qt__block_seek(const struct qt__block_view *v, uint32_t *at,
	    const uint8_t *key, size_t len);

/* Reads records as entries, with their keys put together. */
struct qt__block_reader {
	const struct qt__block_view *view;
	uint32_t	 base;		/* the restart that base_key is of */
	uint32_t	 base_len;
	const uint8_t	*base_key;
	uint8_t		*key;		/* buffer */
	size_t		 key_size;
};
/* view stays where it is until the next one is set. */
void	qt__block_reader_set(struct qt__block_reader *rd,
	    const struct qt__block_view *view);
/* 1 with entry i, which is readable until the next call, or negative. */
int	qt__block_reader_get(struct qt__block_reader *rd, uint32_t i,
	    struct qt__entry *e);
void	qt__block_reader_clear(struct qt__block_reader *rd);

static inline uint8_t
qt__block_tag(uint64_t hash)
{
	return (uint8_t)hash;
}

/* Where record i is said to begin, from records; may lie behind end. */
size_t	qt__block_start(const struct qt__block_view *v, uint32_t i);

/* Making one. */
struct qt__block_builder {
	struct qt_buf	tags, offsets, records;
	struct qt_buf	base_key;	/* of the restart */
	uint64_t	base;
	uint32_t	count;
};
void	qt__block_builder_clear(struct qt__block_builder *b);
/* Drops what is in it, keeps the memory. */
void	qt__block_builder_reset(struct qt__block_builder *b);
/* About how large the contents are, and would be with this one. */
size_t	qt__block_builder_size(const struct qt__block_builder *b,
	    const struct qt__entry *e);
int	qt__block_builder_add(struct qt__block_builder *b,
	    const struct qt__entry *e, uint64_t hash);
/* Appends the contents to out; h has all but crc, stored and method. */
int	qt__block_builder_finish(struct qt__block_builder *b,
	    struct qt__block_head *h, struct qt_buf *out);

/* --- The filter ---------------------------------------------------------- */

#define QT__BLOOM_LINE		64u	/* bytes */
#define QT__BLOOM_BITS		10u	/* for each key */

uint32_t qt__bloom_lines(uint64_t keys);
void	qt__bloom_add(uint8_t *filter, uint32_t lines, uint64_t hash);
bool	qt__bloom_has(const uint8_t *filter, uint32_t lines, uint64_t hash);

/* --- The index ----------------------------------------------------------- */

struct qt__index {
	const uint8_t	*rows;		/* for each block; one more, the end */
	const uint8_t	*key_at;	/* 32 bits; one more, the end */
	const uint8_t	*keys;
	const uint8_t	*first;		/* the first key */
	uint32_t	 count, keys_len;
	uint32_t	 prefix_len, first_len;
};
/* f has been checked. -QT_ECORRUPT. */
int	qt__index_view(struct qt__index *ix, const uint8_t *map,
	    const struct qt__run_footer *f);
/*
 * The first block whose separator is not less than key, which is the first that
 * may hold it; count: none. *is_equal: key is the separator, so that the next
 * block may hold it, too.
 */
int	qt__run_index_find(const struct qt__index *ix, uint32_t *block,
	    bool *is_equal, const uint8_t *key, size_t len);
/* Where block i is; -QT_ECORRUPT when that is not where blocks are. */
int	qt__index_block(const struct qt__index *ix,
	    const struct qt__run_footer *f, uint32_t i, uint64_t *at,
	    uint64_t *end);
/* Is key, which begins as all do, the separator of block i? */
int	qt__index_is(const struct qt__index *ix, uint32_t i, bool *is_equal,
	    const uint8_t *key, size_t len);
/* Separator i without the common prefix. */
int	qt__index_key(const struct qt__index *ix, uint32_t i,
	    const uint8_t **key, uint32_t *len);

/* What a search compares first: 8 bytes of separator i. */
uint64_t qt__index_prefix(const struct qt__index *ix, uint32_t i);

struct qt__index_builder {
	struct qt_buf	at, key_at, keys;	/* separators, whole */
	struct qt_buf	first;
	uint32_t	count;
};
void	qt__index_builder_clear(struct qt__index_builder *b);
/*
 * A block at this position has ended with last, and next begins the one after
 * it; next NULL: there is none.
 */
int	qt__index_builder_add(struct qt__index_builder *b, uint64_t at,
	    const struct qt_buf *last, const uint8_t *next, size_t next_len);
/* Appends the index to out and fills in what the footer says of it. */
int	qt__index_builder_finish(struct qt__index_builder *b,
	    struct qt__run_footer *f, const struct qt_buf *last,
	    struct qt_buf *out);
/* The first 8 bytes of a key as a number; of a shorter one, with zeros. */
uint64_t qt__key_prefix(const uint8_t *key, size_t len);

/* --- An open one --------------------------------------------------------- */

struct qt__run {
	const uint8_t	*map;
	uint64_t	 size;
	unsigned int	 flags;
	struct qt__block_cache *cache;
	struct qt__run_footer footer;
	struct qt__index index;
	const uint8_t	*filter;
	/* With QT__RUN_VERIFY, a bit for each block: it has been checked. */
	_Atomic uint64_t *checked;
	void		*mapping;	/* to be unmapped */
};
/* A block's contents, and what has to be let go of afterwards. */
struct qt__block;
struct qt__loaded {
	struct qt__block_view view;
	uint8_t		*own;		/* inflated, free(3); or */
	struct qt__block *held;		/* of the cache; or neither */
};
/* Opens bytes in memory, which stay there. r is uninitialised. */
int	qt__run_attach(struct qt__run *r, const uint8_t *map, uint64_t size,
	    uint64_t number, unsigned int flags, struct qt__block_cache *cache,
	    struct qt_err *err);
void	qt__run_detach(struct qt__run *r);
/* Block i, for a get or for a scan, which does not touch the cache. */
int	qt__run_load(struct qt__run *r, uint32_t i, bool is_get,
	    struct qt__loaded *out, struct qt_err *err);
void	qt__run_unload(struct qt__loaded *l);
/* Opens a file and maps it. */
int	qt__run_map(int dirfd, uint64_t number, void **map, uint64_t *size,
	    struct qt_err *err);

/* As qt__run_verify() and qt__run_salvage(), of bytes in memory. */
int	qt__run_verify_bytes(const uint8_t *map, uint64_t size,
	    uint64_t number, void (*tell)(void *arg, const char *what),
	    void *arg);
int	qt__run_salvage_bytes(const uint8_t *map, uint64_t size,
	    int (*each)(void *arg, const struct qt__entry *e), void *arg);

#endif /* QT_STORE_RUN_FILE_PRIV_H */
