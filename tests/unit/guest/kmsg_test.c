// SPDX-License-Identifier: GPL-2.0-only
#include "test.h"

#include <errno.h>
#include <stdio.h>

#include "guest/kmsg.h"

static struct kt_kmsg_record parse(const char *text)
{
	struct kt_kmsg_record record;

	assert_int_equal(kt_kmsg_parse(text, strlen(text), &record), 0);
	return record;
}

static void a_record_is_taken_apart(void **state)
{
	struct kt_kmsg_record r =
		parse("30,339,5140900,-;Started a thing\n SUBSYSTEM=pci\n");

	(void)state;
	assert_int_equal(r.level, 6);
	assert_int_equal(r.facility, 3);
	assert_int_equal(r.sequence, 339);
	assert_int_equal(r.time_us, 5140900);
	assert_int_equal(r.length, strlen("Started a thing"));
	assert_memory_equal(r.text, "Started a thing", r.length);
}

static void later_fields_and_semicolons_do_no_harm(void **state)
{
	struct kt_kmsg_record r = parse("4,1,0,c,caller=T1;a;b,c\n");

	(void)state;
	assert_int_equal(r.level, 4);
	assert_int_equal(r.facility, 0);
	assert_memory_equal(r.text, "a;b,c", r.length);
	assert_int_equal(r.length, 5);
	r = parse("4,1,0,-;");
	assert_int_equal(r.length, 0);
}

static void what_is_no_record_is_refused(void **state)
{
	static const char *const bad[] = {
		"",         "4",       "4,1",
		"4,1,",     "4,1,2",   "x,1,2;t",
		"4,,2,-;t", "4;1;2;t", "99999999999999999999,1,2,-;t",
	};
	struct kt_kmsg_record record;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(kt_kmsg_parse(bad[i], strlen(bad[i]), &record),
				 -EINVAL);
}

static void a_line_looks_as_in_dmesg(void **state)
{
	struct kt_kmsg_record r = parse("4,1,12000345,-;text\n");
	struct kt_strbuf line = {0};

	(void)state;
	kt_kmsg_format(&r, &line);
	assert_string_equal(kt_strbuf_text(&line), "[   12.000345] text\n");
	kt_strbuf_deinit(&line);
}

static void the_machines_own_oom_kill_is_told_from_a_cgroups(void **state)
{
	struct kt_kmsg_record machine =
		parse("3,1,2,-;Out of memory: Killed process 97 (sh) "
		      "total-vm:4404kB, anon-rss:4kB");
	struct kt_kmsg_record cgroup =
		parse("3,1,2,-;Memory cgroup out of memory: Killed process 9 "
		      "(a) total-vm:4404kB");
	struct kt_kmsg_record spoofed =
		parse("12,1,2,-;Out of memory: Killed process 1 (x)");
	struct kt_kmsg_record other = parse("3,1,2,-;Out of memory: nothing");

	(void)state;
	assert_true(kt_kmsg_is_oom_kill(&machine));
	assert_true(kt_kmsg_is_kill(&machine));
	assert_false(kt_kmsg_is_oom_kill(&cgroup));
	assert_true(kt_kmsg_is_kill(&cgroup));
	assert_false(kt_kmsg_is_oom_kill(&spoofed));
	assert_false(kt_kmsg_is_kill(&spoofed));
	assert_false(kt_kmsg_is_oom_kill(&other));
}

static void the_tail_keeps_the_last_whole_lines(void **state)
{
	struct kt_kmsg_tail tail = {0};
	char line[64];

	(void)state;
	for (int i = 0; i < 1000; i++) {
		int n = snprintf(line, sizeof(line), "line number %d\n", i);

		kt_kmsg_tail_add(&tail, line, (size_t)n);
		assert_true(tail.length <= sizeof(tail.text));
	}
	assert_true(tail.length > sizeof(tail.text) - sizeof(line));
	assert_memory_equal(tail.text, "line number ", 12);
	assert_memory_equal(tail.text + tail.length - 16, "line number 999\n",
			    16);
}

static void a_line_longer_than_the_tail_is_cut(void **state)
{
	struct kt_kmsg_tail tail = {0};
	char line[KT_KMSG_TAIL_BYTES + 10];

	(void)state;
	memset(line, 'x', sizeof(line));
	kt_kmsg_tail_add(&tail, "before\n", 7);
	kt_kmsg_tail_add(&tail, line, sizeof(line));
	assert_int_equal(tail.length, sizeof(tail.text));
	assert_int_equal(tail.text[0], 'x');
	assert_int_equal(tail.text[tail.length - 1], '\n');
	kt_kmsg_tail_add(&tail, "after\n", 6);
	assert_int_equal(tail.length, 6);
}

static void a_counter_is_found_by_its_whole_name(void **state)
{
	static const char vmstat[] = "oom_kill_all 7\noom_kill 3\npgfault 12\n";

	(void)state;
	assert_int_equal(kt_vmstat_value(vmstat, "oom_kill"), 3);
	assert_int_equal(kt_vmstat_value(vmstat, "pgfault"), 12);
	assert_int_equal(kt_vmstat_value(vmstat, "oom"), 0);
	assert_int_equal(kt_vmstat_value("", "oom"), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_record_is_taken_apart),
		cmocka_unit_test(later_fields_and_semicolons_do_no_harm),
		cmocka_unit_test(what_is_no_record_is_refused),
		cmocka_unit_test(a_line_looks_as_in_dmesg),
		cmocka_unit_test(the_machines_own_oom_kill_is_told_from_a_cgroups),
		cmocka_unit_test(the_tail_keeps_the_last_whole_lines),
		cmocka_unit_test(a_line_longer_than_the_tail_is_cut),
		cmocka_unit_test(a_counter_is_found_by_its_whole_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
