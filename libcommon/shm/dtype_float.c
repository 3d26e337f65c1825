/* SPDX-License-Identifier: Apache-2.0 */
/* Floats of 2, 4 and 8 bytes as a double, and back (IEEE 754). */

#include <locale.h>
#include <math.h>
#include <pthread.h>
#include <stdlib.h>

#include "dtype_priv.h"

static double
from_half(uint16_t bits)
{
	int	exponent = bits >> 10 & 31;
	double	fraction = bits & 1023, v;

	if (exponent == 31)
		v = fraction == 0 ? (double)INFINITY : (double)NAN;
	else if (exponent == 0)
		v = ldexp(fraction, -24);
	else
		v = ldexp(1024 + fraction, exponent - 25);
	return bits & 0x8000 ? -v : v;
}

/*
 * 0 <= v < 2^51 rounded to a whole number, ties to even: a sum as large as 2^52
 * has no bits behind the point. rint() would do, but wants libm.
 */
static double
whole(double v)
{
	return v + 0x1p52 - 0x1p52;
}

/* To the nearest, ties to even. */
static uint16_t
to_half(double v)
{
	uint16_t	sign = signbit(v) ? 0x8000 : 0;
	int		exponent;
	double		n;

	if (isnan(v))
		return sign | 0x7e00;
	v = fabs(v);
	if (v >= 65520)			/* rounds to 2^16 */
		return sign | 0x7c00;
	if (v < ldexp(1, -14))
		/* 1024 of these make the smallest normal number. */
		return (uint16_t)(sign | (uint16_t)whole(ldexp(v, 24)));
	(void)frexp(v, &exponent);	/* 0.5 <= v / 2^exponent < 1 */
	n = whole(ldexp(v, 11 - exponent));
	/* 2048 carries into the exponent, as it should. */
	return (uint16_t)(sign | (uint16_t)(((exponent + 13) << 10) +
	    (int)n));
}

double
qt__dtype_to_double(const struct qt_dtype_field *f, uint64_t bits)
{
	uint32_t	b32 = (uint32_t)bits;
	double		d;
	float		s;

	if (f->size == 2)
		return from_half((uint16_t)bits);
	if (f->size == 4) {
		memcpy(&s, &b32, sizeof(s));
		return (double)s;
	}
	memcpy(&d, &bits, sizeof(d));
	return d;
}

uint64_t
qt__dtype_from_double(const struct qt_dtype_field *f, double value)
{
	uint64_t	b64;
	uint32_t	b32;
	float		s;

	if (f->size == 2)
		return to_half(value);
	if (f->size == 4) {
		/* Halfway from the largest float to 2^128. */
		s = fabs(value) >= 0x1.ffffffp127 && isfinite(value) ?
		    copysignf(INFINITY, (float)copysign(1, value)) :
		    (float)value;
		memcpy(&b32, &s, sizeof(b32));
		return b32;
	}
	memcpy(&b64, &value, sizeof(b64));
	return b64;
}

static locale_t		c_locale;
static pthread_once_t	once = PTHREAD_ONCE_INIT;

static void
make_locale(void)
{
	c_locale = newlocale(LC_ALL_MASK, "C", (locale_t)0);
}

double
qt__dtype_strtod(const char *text, char **end)
{
	pthread_once(&once, make_locale);
	return c_locale == (locale_t)0 ? strtod(text, end) :
	    strtod_l(text, end, c_locale);
}
