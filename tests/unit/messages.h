/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

/*
 * The whole text of every message that a test file provokes, pinned in
 * tests/golden/messages/NAME.txt: the tests look for what matters in a message,
 * a reader of the golden file sees what a user would be told.
 *
 * message_seen() behind each check; messages_test("NAME") as the last test of
 * the group. What differs from run to run is told to message_hides(); the names
 * of scratch directories, which are all called /tmp/ktstr-..., are left out.
 */

#include "golden.h"

#define MESSAGES_HIDDEN_MAX 8
#define MESSAGES_SCRATCH    "/tmp/ktstr-"

static struct kt_strbuf messages_seen;
static struct {
	const char *text; /* borrowed */
	const char *as;
} messages_hidden[MESSAGES_HIDDEN_MAX];

/* From here on `text` reads `as`; the same `as` again replaces its text. */
static inline void message_hides(const char *text, const char *as)
{
	for (size_t i = 0; i < MESSAGES_HIDDEN_MAX; i++) {
		if (messages_hidden[i].as && strcmp(messages_hidden[i].as, as))
			continue;
		messages_hidden[i].text = text;
		messages_hidden[i].as = as;
		return;
	}
	fail_msg("more than %d texts to hide", MESSAGES_HIDDEN_MAX);
}

/* What is shown for the text to hide that `at` begins with; NULL: none. */
static inline const char *message_hidden_at(const char *at, size_t *ret_length)
{
	static const char name[] = "abcdefghijklmnopqrstuvwxyz"
				   "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-.";

	for (size_t i = 0; i < MESSAGES_HIDDEN_MAX; i++) {
		const char *text = messages_hidden[i].text;

		*ret_length = text ? strlen(text) : 0;
		if (*ret_length && strncmp(at, text, *ret_length) == 0)
			return messages_hidden[i].as;
	}
	*ret_length = strlen(MESSAGES_SCRATCH);
	if (strncmp(at, MESSAGES_SCRATCH, *ret_length) == 0) {
		*ret_length += strspn(at + *ret_length, name);
		return "SCRATCH";
	}
	return NULL;
}

/* One line of the golden file, and one of four spaces for each that follows. */
static inline void message_seen(const char *text)
{
	while (*text) {
		size_t length;
		const char *as = message_hidden_at(text, &length);

		if (as) {
			kt_strbuf_add(&messages_seen, as);
			text += length;
			continue;
		}
		kt_strbuf_add_char(&messages_seen, *text);
		if (*text++ == '\n')
			kt_strbuf_add(&messages_seen, "    ");
	}
	kt_strbuf_add_char(&messages_seen, '\n');
}

static inline void messages_are_the_golden_ones(void **state)
{
	char name[80];

	snprintf(name, sizeof(name), "messages/%s.txt", (const char *)*state);
	assert_golden(name, kt_strbuf_text(&messages_seen));
	kt_strbuf_deinit(&messages_seen);
}

#define messages_test(name)                                                    \
	cmocka_unit_test_prestate(messages_are_the_golden_ones, (void *)(name))
