// SPDX-License-Identifier: GPL-2.0-only
/* On made-up files; what the kernel makes of it is seen by vm/run-here. */
#include "messages.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "cgroup/home.h"

struct place {
	char directory[64];
	char mountinfo[96];
	char own_group[96];
	struct kt_cgroup_proc proc;
	struct ktstr_error err;
};

static int setup(void **state)
{
	struct place *p = calloc(1, sizeof(*p));

	snprintf(p->directory, sizeof(p->directory),
		 "/tmp/ktstr-home-test.XXXXXX");
	if (!mkdtemp(p->directory))
		return -1;
	snprintf(p->mountinfo, sizeof(p->mountinfo), "%s/mountinfo",
		 p->directory);
	snprintf(p->own_group, sizeof(p->own_group), "%s/cgroup", p->directory);
	p->proc = (struct kt_cgroup_proc){ p->mountinfo, p->own_group };
	*state = p;
	return 0;
}

static int teardown(void **state)
{
	struct place *p = *state;
	int r = kt_remove_tree(p->directory);

	free(p);
	return r;
}

static void put(const char *path, const char *text)
{
	assert_int_equal(kt_write_file_atomic(path, text, strlen(text), 0600), 0);
}

/* A file of the group that is made up of ordinary ones. */
static void put_in(struct place *p, const char *file, const char *text)
{
	char path[128];

	snprintf(path, sizeof(path), "%s/%s", p->directory, file);
	put(path, text);
}

static void holds(struct place *p, const char *file, const char *text)
{
	_cleanup_free_ char *got = NULL;
	char path[128];

	snprintf(path, sizeof(path), "%s/%s", p->directory, file);
	assert_int_equal(kt_read_file(path, 4096, &got, NULL), 0);
	assert_string_equal(got, text);
}

static void expect_found(struct place *p, const char *mountinfo,
			 const char *own, const char *expected)
{
	_cleanup_free_ char *path = NULL;

	put(p->mountinfo, mountinfo);
	put(p->own_group, own);
	assert_int_equal(kt_cgroup_home_find(&p->proc, &path, &p->err), 0);
	assert_string_equal(path, expected);
}

#define V1 "31 25 0:26 / /sys/fs/cgroup/cpu rw - cgroup cgroup rw,cpu\n"

static void the_mount_is_for_who_may_write_there(void **state)
{
	struct place *p = *state;
	_cleanup_strbuf_ struct kt_strbuf line = { 0 };

	kt_strbuf_addf(&line,
		       V1 "32 25 0:27 / %s rw shared:9 - cgroup2 none rw\n",
		       p->directory);
	expect_found(p, line.data, "1:cpu:/x\n0::/user.slice/a\n", p->directory);
}

static void everybody_else_has_a_group_of_his_own(void **state)
{
	struct place *p = *state;

	expect_found(p, "32 25 0:27 / /no\\040such rw - cgroup2 none rw\n",
		     "0::/user.slice/a b\n", "/no such/user.slice/a b");
	/* In a namespace of its own. */
	expect_found(p, "32 25 0:27 / /none rw - cgroup2 none rw\n", "0::/\n",
		     "/none");
}

static void what_is_not_there_is_told(void **state)
{
	struct place *p = *state;
	_cleanup_free_ char *path = NULL;

	put(p->mountinfo, V1 "1 2 0:1 / / rw - ext4 /dev/cgroup2 rw\n");
	put(p->own_group, "0::/\n");
	assert_int_equal(kt_cgroup_home_find(&p->proc, &path, &p->err), -ENOENT);
	assert_contains(p->err.message, "no cgroup2 is mounted");
	message_seen(p->err.message);
	put(p->mountinfo, "1 2 0:1 / /x rw - cgroup2 none rw\n");
	put(p->own_group, "1:cpu:/x\n");
	assert_int_equal(kt_cgroup_home_find(&p->proc, &path, &p->err), -ENOENT);
	assert_contains(p->err.message, "no line \"0::/...\"");
	message_seen(p->err.message);
}

static void expect_refused(struct place *p, int code, const char *message)
{
	struct kt_cgroup_home home = { .fd = -1 };

	assert_int_equal(
		kt_cgroup_home_open(p->directory, &p->proc, &home, &p->err),
		code);
	assert_contains(p->err.message, message);
	message_seen(p->err.message);
	assert_int_equal(home.fd, -1);
}

static void a_group_must_be_fit(void **state)
{
	struct place *p = *state;

	expect_refused(p, -ENOENT, "is no control group of version 2");
	put_in(p, "cgroup.controllers", "cpuset io memory\n");
	put_in(p, "cgroup.subtree_control", "");
	expect_refused(p, -ENOENT,
		       "has no controller cpu, only \"cpuset io "
		       "memory\"");
	/* "cpuset" is not "cpu". */
	put_in(p, "cgroup.controllers", "cpu\n");
	expect_refused(p, -ENOENT, "has no controller cpuset");
	put_in(p, "cgroup.controllers", "cpu cpuset\n");
	put_in(p, "cgroup.type", "domain\n");
	put_in(p, "cgroup.procs", "1\n");
	expect_refused(p, -EBUSY, "process 1 sits in the control group");
}

static void what_is_handed_on_is_taken_back(void **state)
{
	struct place *p = *state;
	struct kt_cgroup_home home = { .fd = -1 };

	put_in(p, "cgroup.controllers", "cpuset cpu pids\n");
	put_in(p, "cgroup.subtree_control", "cpu\n");
	assert_int_equal(
		kt_cgroup_home_open(p->directory, &p->proc, &home, &p->err), 0);
	assert_string_equal(home.handed_on, "cpuset pids ");
	assert_string_equal(home.aside, "");
	holds(p, "cgroup.subtree_control", "+pids");
	kt_cgroup_home_close(&home);
	holds(p, "cgroup.subtree_control", "-pids");
	assert_int_equal(home.fd, -1);
}

static void those_who_started_it_stand_aside(void **state)
{
	struct place *p = *state;
	struct kt_cgroup_home home = { .fd = -1 };
	char pids[64], aside[96], path[160];

	snprintf(pids, sizeof(pids), "%d\n%d\n", (int)getppid(), (int)getpid());
	put_in(p, "cgroup.controllers", "cpuset cpu\n");
	put_in(p, "cgroup.subtree_control", "");
	put_in(p, "cgroup.type", "domain\n");
	put_in(p, "cgroup.procs", pids);
	/* The kernel would make the file with the group. */
	snprintf(aside, sizeof(aside), "ktstr-self.%d", (int)getpid());
	snprintf(path, sizeof(path), "%s/%s", p->directory, aside);
	assert_int_equal(
		kt_cgroup_home_open(p->directory, &p->proc, &home, &p->err),
		-ENOENT);
	assert_int_equal(access(path, F_OK), -1);
	/* It was undone: they are where they were. */
	snprintf(pids, sizeof(pids), "%d", (int)getpid());
	holds(p, "cgroup.procs", pids);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(the_mount_is_for_who_may_write_there),
		TEST(everybody_else_has_a_group_of_his_own),
		TEST(what_is_not_there_is_told),
		TEST(a_group_must_be_fit),
		TEST(what_is_handed_on_is_taken_back),
		TEST(those_who_started_it_stand_aside),
		messages_test("cgroup_home"),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
