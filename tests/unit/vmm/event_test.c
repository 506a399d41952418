// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/macro.h"
#include "base/strbuf.h"
#include "messages.h"
#include "vmm/event.h"
#include "wire/guest_files.h"

static int add(struct kt_events *events, const char *line, struct ktstr_error *err)
{
	return kt_events_add(events, line, strlen(line), err);
}

static void an_event_is_kept_as_it_was_told(void **state)
{
	struct kt_events events = {};

	(void)state;
	assert_int_equal(add(&events,
			     "{\"kind\": \"cpuset\", \"step\": \"narrow\", "
			     "\"detail\": \"caf\xc3\xa9 \\u001b\\n\", "
			     "\"monotonic_ns\": 9223372036854775807}",
			     NULL),
			 0);
	/* A newer library may tell more. */
	assert_int_equal(add(&events,
			     " { \"monotonic_ns\":0,\"more\":[1.5,null],"
			     "\"detail\":\"\",\"step\":\"\",\"kind\":\"k\" } ",
			     NULL),
			 0);
	assert_int_equal(events.n, 2);
	assert_string_equal(events.list[0].kind, "cpuset");
	assert_string_equal(events.list[0].step, "narrow");
	assert_string_equal(events.list[0].detail, "caf\xc3\xa9 \x1b\n");
	assert_true(events.list[0].guest_ns == INT64_MAX);
	assert_false(events.list[0].placed);
	assert_string_equal(events.list[1].kind, "k");
	assert_int_equal(events.list[1].guest_ns, 0);
	kt_events_free(events.list, events.n);
}

#define REST "\"step\": \"s\", \"detail\": \"d\", \"monotonic_ns\": "

static void what_is_no_event_is_refused_with_the_reason(void **state)
{
	static const struct {
		const char *line;
		const char *why;
	} bad[] = {
		{ "", "no JSON in UTF-8" },
		{ "[]", "no JSON object" },
		{ "{}", "has no \"kind\"" },
		{ "{\"kind\": \"k\"", "no JSON in UTF-8" },
		{ "{\"kind\": \"k\", " REST "1} {}", "no JSON in UTF-8" },
		{ "{\"kind\": \"\xff\xfe\", " REST "1}", "no JSON in UTF-8" },
		{ "{\"kind\": \"\xc0\x80\", " REST "1}", "no JSON in UTF-8" },
		{ "{\"kind\": \"\xed\xa0\x80\", " REST "1}",
		  "no JSON in UTF-8" },
		{ "{\"kind\": \"a\\u0000b\", " REST "1}", "no JSON in UTF-8" },
		{ "{\"kind\": \"a\", \"kind\": \"b\", " REST "1}",
		  "no JSON in UTF-8" },
		{ "{\"kind\": \"\", " REST "1}", "\"kind\" is empty" },
		{ "{\"kind\": 5, " REST "1}", "\"kind\" is no text" },
		{ "{\"kind\": \"k\", \"step\": null, \"detail\": \"\", "
		  "\"monotonic_ns\": 1}",
		  "\"step\" is no text" },
		{ "{\"kind\": \"k\", \"step\": \"\", \"monotonic_ns\": 1}",
		  "has no \"detail\"" },
		{ "{\"kind\": \"k\", \"step\": \"\", \"detail\": \"\"}",
		  "has no \"monotonic_ns\"" },
		{ "{\"kind\": \"k\", " REST "-1}", "is negative, -1" },
		{ "{\"kind\": \"k\", " REST "1.0}", "no whole number" },
		{ "{\"kind\": \"k\", " REST "\"1\"}", "no whole number" },
		{ "{\"kind\": \"k\", " REST "9223372036854775808}",
		  "out of range" },
		{ "{\"kind\": \"k\", " REST "1e999}", "out of range" },
		{ "{\"kind\": \"k\", " REST "1}\n{", "no JSON in UTF-8" },
	};
	struct kt_events events = {};

	(void)state;
	for (size_t i = 0; i < KT_ARRAY_SIZE(bad); i++) {
		struct ktstr_error err = {};

		assert_int_equal(add(&events, bad[i].line, &err), -EBADMSG);
		assert_contains(err.message, bad[i].why);
		message_seen(err.message);
	}
	/* A NUL in the middle is part of the line, and no end of it. */
	assert_int_equal(
		kt_events_add(&events, "{\"kind\": \"k\", " REST "1}\0x",
			      sizeof("{\"kind\": \"k\", " REST "1}\0x") - 1, NULL),
		-EBADMSG);
	assert_int_equal(events.n, 0);
	kt_events_free(events.list, events.n);
}

/* An event whose line has so many bytes without its newline. */
static void make_line(struct kt_strbuf *sb, size_t length)
{
	kt_strbuf_add(sb,
		      "{\"kind\": \"k\", \"step\": \"\", \"monotonic_ns\": 1, "
		      "\"detail\": \"");
	while (sb->length < length - 2)
		kt_strbuf_add_char(sb, 'x');
	kt_strbuf_add(sb, "\"}");
}

static void a_line_may_have_so_many_bytes_and_no_more(void **state)
{
	_cleanup_strbuf_ struct kt_strbuf longest = {}, too_long = {};
	struct kt_events events = {};
	struct ktstr_error err = {};

	(void)state;
	make_line(&longest, KT_EVENT_MAX_BYTES - 1);
	make_line(&too_long, KT_EVENT_MAX_BYTES);
	assert_int_equal(add(&events, kt_strbuf_text(&longest), NULL), 0);
	assert_int_equal(add(&events, kt_strbuf_text(&too_long), &err), -EBADMSG);
	assert_contains(err.message, "it has 4096 bytes");
	message_seen(err.message);
	assert_int_equal(events.n, 1);
	kt_events_free(events.list, events.n);
}

static void deep_nesting_is_survived(void **state)
{
	struct kt_events events = {};
	char line[KT_EVENT_MAX_BYTES];

	(void)state;
	memset(line, '[', sizeof(line) - 1);
	line[sizeof(line) - 1] = '\0';
	assert_int_equal(add(&events, line, NULL), -EBADMSG);
	kt_events_free(events.list, events.n);
}

static void their_number_is_bounded(void **state)
{
	struct kt_events events = {};
	struct ktstr_error err = {};

	(void)state;
	for (int i = 0; i < KT_EVENTS_MAX; i++)
		assert_int_equal(
			add(&events, "{\"kind\": \"k\", " REST "1}", NULL), 0);
	assert_int_equal(add(&events, "{\"kind\": \"k\", " REST "1}", &err),
			 -ENOBUFS);
	assert_contains(err.message, "4096 already");
	message_seen(err.message);
	assert_int_equal(events.n, KT_EVENTS_MAX);
	kt_events_free(events.list, events.n);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_event_is_kept_as_it_was_told),
		cmocka_unit_test(what_is_no_event_is_refused_with_the_reason),
		cmocka_unit_test(a_line_may_have_so_many_bytes_and_no_more),
		cmocka_unit_test(deep_nesting_is_survived),
		cmocka_unit_test(their_number_is_bounded),
		messages_test("vmm_event"),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
