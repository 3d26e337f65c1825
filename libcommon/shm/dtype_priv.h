/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QT_SHM_DTYPE_PRIV_H
#define QT_SHM_DTYPE_PRIV_H

#include <string.h>

#include <qt/shm/dtype.h>

/* One number of 1 to 8 bytes, its byte order put right, zero extended. */
static inline uint64_t
qt__dtype_load(const struct qt_dtype_field *f, const unsigned char *at)
{
	uint64_t	v64;
	uint32_t	v32;
	uint16_t	v16;

	switch (f->size) {
	case 1:
		return *at;
	case 2:
		memcpy(&v16, at, sizeof(v16));
		return f->is_swapped ? __builtin_bswap16(v16) : v16;
	case 4:
		memcpy(&v32, at, sizeof(v32));
		return f->is_swapped ? __builtin_bswap32(v32) : v32;
	default:
		memcpy(&v64, at, sizeof(v64));
		return f->is_swapped ? __builtin_bswap64(v64) : v64;
	}
}

static inline void
qt__dtype_store(const struct qt_dtype_field *f, unsigned char *at, uint64_t v)
{
	uint32_t	v32 = (uint32_t)v;
	uint16_t	v16 = (uint16_t)v;

	switch (f->size) {
	case 1:
		*at = (unsigned char)v;
		break;
	case 2:
		v16 = f->is_swapped ? __builtin_bswap16(v16) : v16;
		memcpy(at, &v16, sizeof(v16));
		break;
	case 4:
		v32 = f->is_swapped ? __builtin_bswap32(v32) : v32;
		memcpy(at, &v32, sizeof(v32));
		break;
	default:
		v = f->is_swapped ? __builtin_bswap64(v) : v;
		memcpy(at, &v, sizeof(v));
	}
}

/* dtype_float.c: the bits of a float of f->size bytes, and back. */
double	qt__dtype_to_double(const struct qt_dtype_field *f, uint64_t bits);
/* The nearest; a finite number that is too large gives an infinite one. */
uint64_t qt__dtype_from_double(const struct qt_dtype_field *f, double value);
/* strtod(3) with a point, whatever the locale says. */
double	qt__dtype_strtod(const char *text, char **end);

#endif /* QT_SHM_DTYPE_PRIV_H */
