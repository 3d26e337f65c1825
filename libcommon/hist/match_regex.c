/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Patterns, by PCRE2. What somebody types may be hostile without wanting to be:
 * steps and memory are limited, so (a+)+b gives up early on one command, and
 * match_batch.c counts how often.
 */

#define PCRE2_CODE_UNIT_WIDTH 8

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include <pcre2.h>

#include "match_priv.h"

#define STEPS_MAX	20000u		/* of backtracking, a command */
#define HEAP_KIB	1024u
#define STACK_MIN	(32u << 10)	/* of machine code */
#define STACK_MAX	(512u << 10)
#define NEST_MAX	50u		/* parentheses */

struct qt__pattern {
	pcre2_code		*code;
	pcre2_match_data	*data;
	pcre2_match_context	*limits;
	pcre2_jit_stack		*stack;
};

static int
compile(struct qt__pattern *p, const char *text, size_t len, bool is_case,
    size_t *at, char why[128])
{
	pcre2_compile_context	*context;
	uint32_t		 options = PCRE2_NEVER_UTF | PCRE2_NEVER_UCP |
	    PCRE2_NEVER_BACKSLASH_C;
	PCRE2_UCHAR		 text8[96];
	int			 code = PCRE2_ERROR_NOMEMORY;

	*at = 0;
	context = pcre2_compile_context_create(NULL);
	if (context == NULL)
		return -ENOMEM;
	pcre2_set_max_pattern_length(context, QT_HIST_PATTERN_MAX);
	pcre2_set_parens_nest_limit(context, NEST_MAX);
	p->code = pcre2_compile((PCRE2_SPTR)text, len, is_case ? options :
	    options | PCRE2_CASELESS, &code, at, context);
	pcre2_compile_context_free(context);
	if (p->code != NULL)
		return 0;
	if (code == PCRE2_ERROR_HEAP_FAILED)
		return -ENOMEM;
	if (pcre2_get_error_message(code, text8, sizeof(text8)) < 0)
		text8[0] = '\0';
	snprintf(why, 128, "a pattern, but %s", (const char *)text8);
	return -EINVAL;
}

int
qt__pattern_new(struct qt__pattern **out, const char *text, size_t len,
    bool is_case, size_t *at, char why[128])
{
	struct qt__pattern	*p;
	int			 rc = -ENOMEM;

	*out = NULL;
	p = calloc(1, sizeof(*p));
	if (p == NULL)
		return -ENOMEM;
	rc = compile(p, text, len, is_case, at, why);
	if (rc < 0)
		goto out;
	rc = -ENOMEM;
	p->data = pcre2_match_data_create(1, NULL);
	p->limits = pcre2_match_context_create(NULL);
	if (p->data == NULL || p->limits == NULL)
		goto out;
	pcre2_set_match_limit(p->limits, STEPS_MAX);
	pcre2_set_heap_limit(p->limits, HEAP_KIB);
	/* Where it cannot be made machine code, it is interpreted. */
	if (pcre2_jit_compile(p->code, PCRE2_JIT_COMPLETE) == 0) {
		p->stack = pcre2_jit_stack_create(STACK_MIN, STACK_MAX, NULL);
		pcre2_jit_stack_assign(p->limits, NULL, p->stack);
	}
	*out = p;
	p = NULL;
	rc = 0;
out:
	qt__pattern_free(p);
	return rc;
}

void
qt__pattern_free(struct qt__pattern *p)
{
	if (p == NULL)
		return;
	pcre2_jit_stack_free(p->stack);
	pcre2_match_context_free(p->limits);
	pcre2_match_data_free(p->data);
	pcre2_code_free(p->code);
	free(p);
}

int
qt__pattern_match(struct qt__pattern *p, const void *text, size_t len,
    size_t *from, size_t *to)
{
	PCRE2_SIZE	*range;
	int		 rc;

	rc = pcre2_match(p->code, text, len, 0, 0, p->data, p->limits);
	if (rc == PCRE2_ERROR_NOMATCH)
		return 0;
	if (rc < 0)
		return -E2BIG;
	range = pcre2_get_ovector_pointer(p->data);
	*from = range[0];
	/* \K in a lookahead may put the beginning behind the end. */
	*to = range[1] < range[0] ? range[0] : range[1];
	return 1;
}
