/* SPDX-License-Identifier: Apache-2.0 */
/* qt-hist(5) says of the index and events what the headers say. */

#include <stdio.h>

#include "../../../libcommon/hist/event_priv.h"
#include "../../../libcommon/hist/index_priv.h"
#include "../../../libcommon/hist/journal_priv.h"

#include "../manual.h"
#include "../test.h"

#define PAGE	"qt-hist.5"
#define HEAD(field) MANUAL_FIELD(struct qt__ix_head, field)

static void
says(const char *format, unsigned long number)
{
	char	text[160];

	snprintf(text, sizeof(text), format, number);
	manual_says(PAGE, text);
}

QT_TEST(the_page_has_the_head_of_the_index)
{
	static const struct manual_row head[] = {
		HEAD(layout), HEAD(ring), HEAD(history), HEAD(key),
		HEAD(is_outdated), HEAD(is_busy), HEAD(batch), HEAD(commands),
		HEAD(facts), HEAD(words), HEAD(nodes), HEAD(first),
		HEAD(last), HEAD(text), HEAD(area),
	};

	(void)state;
	manual_has_table(PAGE, "INDEX", 0, head,
	    sizeof(head) / sizeof(*head));
	says("layout %lu of the index", QT__IX_LAYOUT);
	says("Events, %lu bytes each", sizeof(struct qt__ix_event));
	says("The %lu commands that followed it most", QT_HIST_NEXT);
}

QT_TEST(the_page_has_events_and_batches)
{
	(void)state;
	says("Flags are %lu: nobody has seen it end", QT_HIST_RUNNING);
	says("%lu: a secret was taken out", QT_HIST_REDACTED);
	says("%lu: imported", QT_HIST_IMPORTED);
	says("BLAKE2b with the history's own key", 0);
	says("A hash is the %lu bytes of", QT__HASH);
	says("A batch, of the last %lu:", QT_HIST_BATCHES);
	says("older than the history's last %lu batches", QT_HIST_BATCHES);
	says("%lu random hexadecimal digits", QT_HIST_TOKEN);
}
