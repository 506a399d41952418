// SPDX-License-Identifier: GPL-2.0-only
/*
 * The events of a test, which come as lines from the guest. What is kept is
 * text in UTF-8 without NULs, as short as the line, and a time that a clock can
 * have; what is refused says why, in words that are the host's own.
 */
#include <errno.h>
#include <jansson.h>

#include "base/macro.h"
#include "fuzz.h"
#include "vmm/event.h"
#include "wire/guest_files.h"

static void check_text(const char *text, size_t size)
{
	json_t *string = json_string(text); /* which takes only UTF-8 */

	fuzz_check(string);
	fuzz_check(strlen(text) <= size);
	json_decref(string);
}

static void check_reason(const struct ktstr_error *err)
{
	fuzz_check(err->message[0]);
	for (const char *at = err->message; *at; at++)
		fuzz_check(*at >= ' ' && *at <= '~');
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct kt_events events = { 0 };
	struct ktstr_error err = { 0 };
	int r = kt_events_add(&events, data, size, &err);

	fuzz_check(r == 0 || r == -EBADMSG);
	fuzz_check(events.n == (r == 0));
	if (r < 0)
		check_reason(&err);
	for (size_t i = 0; i < events.n; i++) {
		const struct ktstr_vm_event *event = &events.list[i];

		fuzz_check(size < KT_EVENT_MAX_BYTES);
		fuzz_check(event->kind[0]);
		check_text(event->kind, size);
		check_text(event->step, size);
		check_text(event->detail, size);
		fuzz_check(event->guest_ns <= INT64_MAX);
		fuzz_check(!event->placed);
	}
	kt_events_free(events.list, events.n);
	return 0;
}
