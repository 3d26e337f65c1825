/* SPDX-License-Identifier: Apache-2.0 */
/*
 * __qh_record - what bash does at each prompt, as a builtin that it loads
 *
 * init.bash is the whole of it, for any bash: its variables and what they mean
 * are described there, what is written is in <qt/hist/spool.h>. But a script
 * costs what bash has to read, each time anew. So here is what happens at most
 * prompts, one command that the list took, in C: a third of the instructions.
 *
 *	usual	the record is written, and the variables say "nothing yet": 0
 *	else	__qh_s and __qh_p are set, from $? and PIPESTATUS, which the next
 *		command would change; 1, and __qh_prompt_rest does all
 *
 * bash's insides are no interface: what was compiled for one version is refused
 * by others (see the load function), and "enable -f" by a bash that cannot load;
 * then the script does it. Nothing is kept here, neither memory nor descriptors,
 * and all that is the user's may have any value, or none.
 */
#include <config.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#include <builtins.h>
#include <shell.h>
#include <execute_cmd.h>
#include <version.h>

/* readline's, whose headers are not bash's. */
typedef struct _hist_entry {
	char	*line;
	char	*timestamp;
	void	*data;
} HIST_ENTRY;
extern HIST_ENTRY	**history_list(void);
extern int		  history_length;

extern struct builtin	  __qh_record_struct;
extern int		  __qh_record_builtin_load(char *name);

#define ABI		"1"	/* of init.bash */
#define TOKEN_LEN	16u
#define STATUSES_SIZE	512u	/* of a pipeline; more are left out */

/* A variable's text; NULL: it has none. That of a reference may be freed when
   another one is looked up, if both are to one that bash computes. */
static char *
text_of(const char *name)
{
	const SHELL_VAR	*v = find_variable_noref(name);

	return v == NULL || nameref_p(v) || array_p(v) || assoc_p(v) ? NULL :
	    value_cell(v);
}

static const char *
or_none(const char *text)
{
	return text != NULL ? text : "";
}

/* Whether several commands were entered at once. */
static int
are_many(void)
{
	const SHELL_VAR	*v = find_variable("__qh_t");
	const char	*first;

	if (v == NULL || !array_p(v) || array_cell(v) == NULL)
		return v != NULL;
	first = array_reference(array_cell(v), 0);
	return first != NULL && *first != '\0';
}

/* By array_reference(), as bash may be built with another kind of array. */
static void
statuses(char out[STATUSES_SIZE])
{
	const SHELL_VAR	*v = find_variable("PIPESTATUS");
	const char	*status;
	size_t		 len = 0;

	out[0] = '\0';
	if (v == NULL || !array_p(v) || array_cell(v) == NULL)
		return;
	for (arrayind_t i = 0; (status = array_reference(array_cell(v), i)) !=
	    NULL; i++) {
		int	n = snprintf(out + len, STATUSES_SIZE - len, "%s%s",
		    len > 0 ? " " : "", status);

		if (n < 0 || (size_t)n >= STATUSES_SIZE - len) {
			out[len] = '\0';
			return;
		}
		len += (size_t)n;
	}
}

/* 0 when all of it was appended. */
static int
append(const char *path, const struct iovec *v, int count, size_t len)
{
	int	fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC,
	    0600);
	ssize_t	n;

	if (fd < 0)
		return -1;
	n = writev(fd, v, count);
	return close(fd) == 0 && n >= 0 && (size_t)n == len ? 0 : -1;
}

struct record {
	const char	*spool, *spare, *token, *cwd, *start, *end, *text;
	char		 number[24], status[16], statuses[STATUSES_SIZE];
};

#define FIELD(text)	{ (void *)(text), strlen(text) + 1 }

/* Appends an E of form "t", to the spool or else to the spare one. */
static void
put_end(const struct record *r)
{
	static const char	mark[] = "\x1e", ends[] = ".", kind[] = "E";
	const struct iovec	v[] = {
		{ (void *)mark, 1 }, { (void *)r->token, TOKEN_LEN },
		FIELD(kind), FIELD(r->number), FIELD(r->start), FIELD(r->end),
		FIELD(r->status), FIELD(r->statuses), FIELD(r->cwd),
		FIELD("t"), FIELD(r->text),
		{ (void *)mark, 1 }, { (void *)r->token, TOKEN_LEN },
		FIELD(ends),
	};
	const int		count = sizeof(v) / sizeof(v[0]);
	size_t			len = 0;

	for (int i = 0; i < count; i++)
		len += v[i].iov_len;
	if (append(r->spool, v, count, len) < 0)
		(void)append(r->spare, v, count, len);
}

/* Takes "NUMBER\000START" apart; 0: it is something else. */
static int
split_begun(struct record *r, const char *begun)
{
	const char	*zero = begun != NULL ? strstr(begun, "\\000") : NULL;

	if (zero == NULL || (size_t)(zero - begun) >= sizeof(r->number))
		return 0;
	memcpy(r->number, begun, (size_t)(zero - begun));
	r->number[zero - begun] = '\0';
	r->start = zero + 4;
	return 1;
}

/* Whether it is the usual: there is a time, of one command, which the list took,
   and where to write. */
static int
is_usual(struct record *r, long long *next)
{
	const char	*expected = text_of("__qh_next");
	const char	*entry = text_of("HISTCMD");
	HIST_ENTRY	**list = history_list();

	r->spool = or_none(text_of("__qh_spool"));
	r->spare = or_none(text_of("__qh_spare"));
	r->token = text_of("__qh_token");
	r->cwd = text_of("__qh_pwd");
	if (!split_begun(r, text_of("__qh_t0")) || are_many() ||
	    expected == NULL || entry == NULL || strcmp(expected, entry) != 0 ||
	    r->cwd == NULL || r->token == NULL ||
	    strlen(r->token) != TOKEN_LEN || list == NULL || history_length < 1)
		return 0;
	*next = strtoll(expected, NULL, 10);
	r->text = list[history_length - 1]->line;
	return r->text != NULL;
}

static int
record_builtin(WORD_LIST *list)
{
	struct record	 r;
	char		 now[32], number[24];
	long long	 next;

	(void)list;
	snprintf(r.status, sizeof(r.status), "%d", last_command_exit_value);
	statuses(r.statuses);
	if (!is_usual(&r, &next)) {
		bind_variable("__qh_s", r.status, 0);
		bind_variable("__qh_p", r.statuses, 0);
		return EXECUTION_FAILURE;
	}
	snprintf(now, sizeof(now), "%s", or_none(text_of("EPOCHREALTIME")));
	r.end = now;
	put_end(&r);
	snprintf(number, sizeof(number), "%lld", next + 1);
	bind_variable("__qh_t0", "", 0);
	bind_variable("__qh_t1", now, 0);
	bind_variable("__qh_pwd", (char *)or_none(text_of("PWD")), 0);
	bind_variable("__qh_next", number, 0);
	return EXECUTION_SUCCESS;
}

/* 0: it was compiled for another bash, or for another init.bash. */
int
__qh_record_builtin_load(char *name)
{
	const char	*abi = text_of("__qh_abi");

	(void)name;
	return strcmp(dist_version, DISTVERSION) == 0 && abi != NULL &&
	    strcmp(abi, ABI) == 0;
}

static char	*long_doc[] = {
	"Keeps the command that ran last for qt-hist(1), as its hooks ask for.",
	NULL,
};

struct builtin	__qh_record_struct = {
	"__qh_record", record_builtin, BUILTIN_ENABLED, long_doc,
	"__qh_record", NULL,
};
