// SPDX-License-Identifier: GPL-2.0-only
#include "test.h"

#include <fcntl.h>
#include <jansson.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "guest/event.h"

static char path[64];

static int setup(void **state)
{
	(void)state;
	strcpy(path, "/tmp/ktstr-event-XXXXXX");
	return kt_close(mkstemp(path)) == -1 ? 0 : -1;
}

static int teardown(void **state)
{
	(void)state;
	return unlink(path);
}

static void is_event(const char *line, const char *kind, const char *step,
		     const char *detail, json_int_t ns)
{
	json_t *event = json_loads(line, 0, NULL);
	const char *got_kind, *got_step, *got_detail;
	json_int_t got_ns;

	assert_non_null(event);
	assert_int_equal(json_unpack(event, "{s:s, s:s, s:s, s:I !}", "kind",
				     &got_kind, "step", &got_step, "detail",
				     &got_detail, "monotonic_ns", &got_ns),
			 0);
	assert_string_equal(got_kind, kind);
	assert_string_equal(got_step, step);
	assert_string_equal(got_detail, detail);
	assert_true(got_ns == ns);
	json_decref(event);
}

static void each_event_is_a_line(void **state)
{
	_cleanup_free_ char *text = NULL;
	char *second;

	(void)state;
	kt_event_send_to(path, "operation", "one", "freeze \"back\"\n", 5);
	kt_event_send_to(path, "step_end", "", "not UTF-8: \xff", UINT64_MAX / 2);
	assert_int_equal(kt_read_file(path, 4096, &text, NULL), 0);
	second = strchr(text, '\n');
	assert_non_null(second);
	*second++ = '\0';
	is_event(text, "operation", "one", "freeze \"back\"\n", 5);
	assert_int_equal(second[strlen(second) - 1], '\n');
	is_event(second, "step_end", "", "not UTF-8: ?", UINT64_MAX / 2);
}

static void a_line_that_is_too_long_loses_its_detail(void **state)
{
	_cleanup_free_ char *text = NULL, *detail = malloc(8192);

	(void)state;
	memset(detail, 'x', 8191);
	detail[8191] = '\0';
	kt_event_send_to(path, "operation", "one", detail, 1);
	assert_int_equal(kt_read_file(path, 4096, &text, NULL), 0);
	is_event(text, "operation", "", "(too long)", 1);
}

static void nobody_needs_to_listen(void **state)
{
	_cleanup_close_ int fd = -1;
	char fifo[80], last = '\n';
	ssize_t n = 0;

	(void)state;
	kt_event_send_to("/nowhere/events", "a", "b", "c", 1);
	assert_int_not_equal(access("/nowhere", F_OK), 0);
	snprintf(fifo, sizeof(fifo), "%s.fifo", path);
	assert_int_equal(mkfifo(fifo, 0600), 0);
	kt_event_send_to(fifo, "a", "b", "c", 1);
	/* One who listens but does not read: it is full at some time. */
	fd = open(fifo, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	assert_true(fd >= 0);
	for (int i = 0; i < 2000; i++)
		kt_event_send_to(fifo, "operation", "step", "detail", 1);
	for (char data[4096]; (n = read(fd, data, sizeof(data))) > 0;) {
		for (ssize_t i = 0; i < n; i++) {
			/* What got through is whole lines. */
			if (last == '\n')
				assert_int_equal(data[i], '{');
			if (data[i] == '\n')
				assert_int_equal(last, '}');
			last = data[i];
		}
	}
	assert_int_equal(last, '\n');
	unlink(fifo);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(each_event_is_a_line, setup,
						teardown),
		cmocka_unit_test_setup_teardown(
			a_line_that_is_too_long_loses_its_detail, setup, teardown),
		cmocka_unit_test_setup_teardown(nobody_needs_to_listen, setup,
						teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
