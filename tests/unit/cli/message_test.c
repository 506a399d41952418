// SPDX-License-Identifier: GPL-2.0-only
#include "test.h"

#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/stream.h"
#include "cli/message.h"

#define LINE_BYTES 1000
/* Beyond what the pipe and the stream take together. */
#define LINES      ((int)(2 * KT_STREAM_HIGH_WATER / LINE_BYTES))
#define READ_FIRST 60

/* Line `i`, with its number in front. */
static void print_number(int i)
{
	char line[LINE_BYTES];
	int n = snprintf(line, sizeof(line), "%08d", i);

	memset(line + n, ' ', sizeof(line) - (size_t)n);
	line[LINE_BYTES - 1] = '\n';
	kt_message_print(line, sizeof(line));
}

/* Says 'd' when all is printed, and ends when it is told to. */
static void child_main(int done, int go_on)
{
	char byte;

	for (int i = 0; i < LINES; i++)
		print_number(i);
	(void)kt_write_all(done, "d", 1);
	(void)kt_read_all(go_on, &byte, 1);
	kt_message_print("last\n", 5);
	exit(0);
}

struct speaker {
	pid_t child;
	int errors, done, go_on;
};

static void start(struct speaker *s)
{
	int errors[2], done[2], go_on[2];

	assert_int_equal(pipe(errors), 0);
	assert_int_equal(pipe(done), 0);
	assert_int_equal(pipe(go_on), 0);
	s->child = fork();
	assert_true(s->child >= 0);
	if (!s->child) {
		dup2(errors[1], STDERR_FILENO);
		close(errors[0]);
		close(errors[1]);
		child_main(done[1], go_on[0]);
	}
	close(errors[1]);
	close(done[1]);
	close(go_on[0]);
	s->errors = errors[0];
	s->done = done[0];
	s->go_on = go_on[1];
}

static void finish(struct speaker *s)
{
	int status;

	assert_int_equal(waitpid(s->child, &status, 0), s->child);
	assert_int_equal(status, 0);
	close(s->errors);
	close(s->done);
	close(s->go_on);
}

/* Only the first line waits, so that all of them take about a second. */
static void a_reader_that_does_not_read_is_waited_for_once(void **state)
{
	struct speaker s;
	struct pollfd done;

	(void)state;
	start(&s);
	done = (struct pollfd){ .fd = s.done, .events = POLLIN };
	assert_int_equal(poll(&done, 1, 60000), 1);
	/* Nor does the end wait for ever. */
	assert_int_equal(kt_write_all(s.go_on, "g", 1), 0);
	finish(&s);
}

/* Lines in order and whole, then how many are missing, then the last. */
static void what_was_lost_is_counted(void **state)
{
	_cleanup_free_ char *text = NULL;
	struct speaker s;
	const char *at;
	char byte, expected[128], head[READ_FIRST * LINE_BYTES];
	int i = READ_FIRST;

	(void)state;
	start(&s);
	assert_int_equal(kt_read_all(s.done, &byte, 1), 0);
	/* Room again, so that the last line is not lost as well. */
	assert_int_equal(kt_read_all(s.errors, head, sizeof(head)), 0);
	assert_int_equal(kt_write_all(s.go_on, "g", 1), 0);
	assert_int_equal(kt_read_fd(s.errors, 1 << 24, &text, NULL), 0);
	for (at = text; atoi(at) == i && *at == '0'; i++)
		at += LINE_BYTES;
	assert_true(i > READ_FIRST && i < LINES);
	snprintf(expected, sizeof(expected),
		 "ktstr: warning: %d messages are lost: nobody read standard "
		 "error\nlast\n",
		 LINES - i);
	assert_string_equal(at, expected);
	finish(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_reader_that_does_not_read_is_waited_for_once),
		cmocka_unit_test(what_was_lost_is_counted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
