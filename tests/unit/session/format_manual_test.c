/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The manuals say of the session table, the control protocol, screens and qt.1
 * what the headers say. See "manual.h".
 */

#include <stdio.h>

#include <qt/session/control.h>
#include <qt/session/screen.h>
#include <qt/session/wire.h>

#include "../../../libcommon/session/table_priv.h"

#include "../manual.h"
#include "../test.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

/* "(text, number)" must stand in the page as "text number". */
struct number {
	const char	*format;
	int		 value;
};

static void
has_numbers(const char *page, const struct number *numbers, size_t count)
{
	char	text[64];

	for (size_t i = 0; i < count; i++) {
		snprintf(text, sizeof(text), numbers[i].format,
		    numbers[i].value);
		manual_says(page, text);
	}
}

QT_TEST(qt_segment_has_the_session_table)
{
#define HEAD(field) MANUAL_FIELD(struct qt__table_head, field)
#define HEADS(a, b) MANUAL_SPAN(struct qt__table_head, a, b)
#define BODY(field) MANUAL_FIELD(struct qt__body, field)
#define BODIES(a, b) MANUAL_SPAN(struct qt__body, a, b)
	static const struct manual_row head[] = {
		HEAD(magic), HEAD(version), HEAD(block_records),
		HEADS(live_size, body_size), HEADS(spares, blocks_max),
		HEAD(key), HEAD(blocks), HEAD(list_seq), HEAD(index),
		HEADS(host.pid, host.pad), HEAD(host.version), HEAD(spare),
		HEAD(dir), HEAD(extent),
	};
	static const struct manual_row body[] = {
		BODY(id), BODIES(slot, generation), BODIES(state, policy),
		BODIES(pid, rows), BODIES(size_seq, size_offset),
		BODY(exit_offset), BODIES(created_ms, exited_ms),
		BODIES(ring_offset, ring_limit), BODIES(viewers, flags),
		BODY(exit_status), BODY(name), BODY(owner), BODY(title),
		BODY(cwd), BODY(command), BODY(lead_offset),
	};
	const uint64_t	magic = QT__TABLE_MAGIC;
	char		text[32];

	(void)state;
	manual_has_table("qt-segment.5", "Session table", 0, head, COUNT(head));
	manual_has_table("qt-segment.5", "Session table", 1, body, COUNT(body));
	snprintf(text, sizeof(text), "magic .Dq %.8s", (const char *)&magic);
	manual_says("qt-segment.5", text);
	manual_says("qt-segment.5", "state (0 free, 1 running, 2 exited, "
	    "3 lost, 4 spare)");
	assert_int_equal(QT_STATE_SPARE, 4);
}

QT_TEST(qt_host_has_the_control_protocol)
{
#define MSG(name) { #name " Ta %d Ta ", QT_MSG_##name }
#define ANSWER(name) { #name " (%d", QT_MSG_##name }
#define CONTROL(field) MANUAL_FIELD(struct qt_control_head, field)
#define BELL(field) MANUAL_FIELD(struct qt_bell_slot, field)
	static const struct number messages[] = {
		MSG(HELLO), MSG(NEW), MSG(KILL), MSG(RENAME), MSG(RESIZE),
		MSG(FORGET), MSG(ATTACH), MSG(DETACH), MSG(INPUT), MSG(SIZE),
		MSG(LEAD), MSG(SEND), MSG(REPLY), MSG(TITLE), MSG(STAT),
		MSG(UPGRADE), MSG(STOP), MSG(SEEN), MSG(KICK), ANSWER(OK),
		ANSWER(ERROR), ANSWER(WELCOME), ANSWER(CREATED),
		ANSWER(ATTACHED), ANSWER(STATED),
	};
	static const struct manual_row head[] = {
		CONTROL(type), CONTROL(flags), CONTROL(tag), CONTROL(channel),
		CONTROL(len),
	};
	static const struct manual_row bell[] = {
		BELL(wake_at), BELL(rung), BELL(pad),
	};

	(void)state;
	manual_has_table("qt-host.7", "PROTOCOL", 0, head, COUNT(head));
	manual_has_table("qt-host.7", "The bell", 0, bell, COUNT(bell));
	has_numbers("qt-host.7", messages, COUNT(messages));
	assert_int_equal(QT_CONTROL_SIZE_MAX, 128 << 10);
	assert_int_equal(QT_SESSION_INPUT_MAX, 1 << 20);
}

QT_TEST(qt_host_has_the_screen_protocol)
{
#define ASK(field) MANUAL_FIELD(struct qt_screen_request, field)
#define TELL(field) MANUAL_FIELD(struct qt_screen_answer, field)
	static const struct manual_row request[] = {
		ASK(id), ASK(form), ASK(scrollback), ASK(min_offset),
		ASK(flags), ASK(pad),
	};
	static const struct manual_row answer[] = {
		TELL(code), TELL(cols), TELL(rows), TELL(offset), TELL(len),
		TELL(cursor_col), TELL(cursor_row),
	};

	(void)state;
	manual_has_table("qt-host.7", "The screen service", 0, request,
	    COUNT(request));
	manual_has_table("qt-host.7", "The screen service", 1, answer,
	    COUNT(answer));
	manual_says("qt-host.7", "form: 0 ANSI, 1 text, 2 text with SGR, "
	    "3 JSON, 4 modes");
	assert_int_equal(QT_SCREEN_MODES, 4);
	assert_int_equal(sizeof(struct qt_screen_request), 40);
	assert_int_equal(sizeof(struct qt_screen_answer), 32);
}

QT_TEST(qt_proto_has_the_frames)
{
#define FRAME(name) { ".It %d " #name " ", QT_WIRE_##name }
	static const struct number frames[] = {
		FRAME(OPEN), FRAME(INPUT), FRAME(RESIZE), FRAME(ACK),
		FRAME(CLOSE), FRAME(LEAD), FRAME(CALL), FRAME(PING),
		FRAME(HELLO), FRAME(OPENED), FRAME(SIZE), FRAME(DATA),
		FRAME(SKIPPED), FRAME(STATE), FRAME(EXIT), FRAME(ERROR),
		FRAME(SESSIONS), FRAME(RESULT), FRAME(PONG), FRAME(GOING),
		{ "Flags: %d REPLAY", QT_WIRE_REPLAY },
		{ "%d RESET", QT_WIRE_RESET },
		{ "flag %d (SOFT)", QT_WIRE_SOFT },
		{ "At most %d channels", QT_WIRE_CHANNELS_MAX },
		{ "a head of %d bytes", QT_WIRE_HEAD_SIZE },
	};

	(void)state;
	has_numbers("qt-proto.7", frames, COUNT(frames));
	assert_int_equal(QT_WIRE_IN_MAX, 65536);
}
