// SPDX-License-Identifier: GPL-2.0-only
/*
 * On a made-up tree of ordinary files, and on the real one where this process
 * may make groups in it.
 */
#include "test.h"

#include <errno.h>
#include <fcntl.h>
#include <mntent.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "base/fd.h"
#include "cgroup/cgroup.h"
#include "cgroup/remove.h"

#define WAIT_MS 20000

struct tree {
	char mount[64];
	struct kt_cgroups cgroups;
	struct ktstr_error err;
};

static void put_at(const char *mount, const char *root, const char *group,
		   const char *file, const char *text)
{
	char path[256];

	snprintf(path, sizeof(path), "%s/%s/%s/%s", mount, root, group, file);
	assert_int_equal(kt_write_file_atomic(path, text, strlen(text), 0600), 0);
}

/* A file of a group, as the kernel would make it. */
static void put(struct tree *tree, const char *group, const char *file,
		const char *text)
{
	put_at(tree->mount, tree->cgroups.root, group, file, text);
}

static void holds(struct tree *tree, const char *group, const char *file,
		  const char *text)
{
	_cleanup_free_ char *got = NULL;

	assert_int_equal(
		kt_cgroup_get(&tree->cgroups, group, file, &got, &tree->err), 0);
	assert_string_equal(got, text);
}

static bool exists(struct tree *tree, const char *name)
{
	return faccessat(tree->cgroups.mount_fd, name, F_OK, 0) == 0;
}

static int setup(void **state)
{
	struct tree *tree = calloc(1, sizeof(*tree));

	assert_non_null(tree);
	strcpy(tree->mount, "/tmp/ktstr-cgroup-XXXXXX");
	assert_non_null(mkdtemp(tree->mount));
	assert_int_equal(
		kt_cgroups_open(tree->mount, &tree->cgroups, &tree->err), 0);
	put_at(tree->mount, ".", ".", "cgroup.subtree_control", "cpuset\n");
	put(tree, ".", "cgroup.subtree_control", "\n");
	*state = tree;
	return 0;
}

static int teardown(void **state)
{
	struct tree *tree = *state;

	/* Ordinary files are in the way of rmdir(): not the module's to go. */
	kt_cgroups_deinit(&tree->cgroups);
	assert_int_equal(kt_remove_tree(tree->mount), 0);
	free(tree);
	return 0;
}

static void groups_nest_below_one_root(void **state)
{
	struct tree *tree = *state;
	char name[128], inner[256];
	struct stat st;

	assert_int_equal(kt_cgroup_create(&tree->cgroups, "a/b/c", &tree->err),
			 0);
	assert_int_equal(kt_cgroup_create(&tree->cgroups, "a/b/c", &tree->err),
			 -EEXIST);
	assert_int_equal(kt_cgroup_create(&tree->cgroups, "a/d", &tree->err), 0);
	snprintf(inner, sizeof(inner), "%s/a/b/c", tree->cgroups.root);
	assert_int_equal(fstatat(tree->cgroups.mount_fd, inner, &st, 0), 0);
	assert_true(S_ISDIR(st.st_mode));
	snprintf(name, sizeof(name), ".%d.", getpid());
	assert_contains(tree->cgroups.root, name);
}

static void a_path_cannot_leave_the_root(void **state)
{
	static const char *const bad[] = { "..",   "a/../../b", "/a",
					   "a//b", "a/",        ".a" };
	struct tree *tree = *state;

	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		assert_int_equal(
			kt_cgroup_create(&tree->cgroups, bad[i], &tree->err),
			-EINVAL);
		assert_contains(tree->err.message, bad[i]);
		assert_int_equal(
			kt_cgroup_remove(&tree->cgroups, bad[i], 0, &tree->err),
			-EINVAL);
	}
}

/* What a kernel would answer is put there beforehand. */
static void sets(struct tree *tree, const char *file, const char *value,
		 int expected)
{
	assert_int_equal(
		kt_cgroup_set(&tree->cgroups, "a", file, value, &tree->err),
		expected);
}

static void a_setting_is_written_and_read_back(void **state)
{
	struct tree *tree = *state;

	assert_int_equal(kt_cgroup_create(&tree->cgroups, "a", &tree->err), 0);
	put(tree, "a", "cpuset.cpus", "0-7 and a tail to be cut off\n");
	put(tree, "a", "cpuset.cpus.effective", "0-3\n");
	sets(tree, "cpuset.cpus", "0,1,2-3", 0);
	holds(tree, "a", "cpuset.cpus", "0,1,2-3");
	holds(tree, "", "cgroup.subtree_control", "+cpuset");
	holds(tree, "a", "cpuset.cpus.effective", "0-3");
	sets(tree, "cpuset.cpus", "0-4", -ERANGE);
	assert_contains(tree->err.message,
			"/a/cpuset.cpus.effective is \"0-3\" "
			"where \"0-4\" was written");
	put(tree, "a", "cpuset.cpus.effective", "0-7\n");
	sets(tree, "cpuset.cpus", "", 0);
}

static void controllers_are_enabled_down_the_path(void **state)
{
	struct tree *tree = *state;
	_cleanup_free_ char *text = NULL;
	char path[128];

	assert_int_equal(kt_cgroup_create(&tree->cgroups, "a/b", &tree->err), 0);
	put(tree, "a", "cgroup.subtree_control", "cpu pids\n");
	put(tree, "a/b", "pids.max", "max\n");
	assert_int_equal(kt_cgroup_set(&tree->cgroups, "a/b", "pids.max", "5",
				       &tree->err),
			 0);
	holds(tree, "a/b", "pids.max", "5");
	holds(tree, "a", "cgroup.subtree_control", "cpu pids");
	holds(tree, "", "cgroup.subtree_control", "+pids");
	snprintf(path, sizeof(path), "%s/cgroup.subtree_control", tree->mount);
	assert_int_equal(kt_read_file(path, 100, &text, NULL), 0);
	assert_string_equal(text, "+pids");
}

static void every_kind_of_value_is_compared(void **state)
{
	static const struct {
		const char *file, *value;
	} same[] = {
		{ "cpuset.mems", "0" },     { "cpu.max", "50000 100000" },
		{ "cpu.max", "max" },       { "cpu.weight", "10000" },
		{ "memory.min", "16M" },    { "memory.low", "1G" },
		{ "memory.high", "max" },   { "memory.max", "65536" },
		{ "memory.swap.max", "0" }, { "io.weight", "200" },
		{ "pids.max", "max" },
	};
	struct tree *tree = *state;

	assert_int_equal(kt_cgroup_create(&tree->cgroups, "a", &tree->err), 0);
	put(tree, "a", "cpuset.mems.effective", "0\n");
	for (size_t i = 0; i < sizeof(same) / sizeof(*same); i++) {
		put(tree, "a", same[i].file, "\n");
		sets(tree, same[i].file, same[i].value, 0);
		holds(tree, "a", same[i].file, same[i].value);
	}
	sets(tree, "memory.swap.free", "1", -EINVAL);
	assert_contains(tree->err.message, "\"memory.swap.free\" is no file");
}

static void an_error_names_file_value_and_answer(void **state)
{
	struct tree *tree = *state;
	char *text = NULL;

	assert_int_equal(kt_cgroup_create(&tree->cgroups, "a", &tree->err), 0);
	sets(tree, "cpu.weight", "7", -ENOENT);
	assert_contains(tree->err.message, "cannot write \"7\" to ktstr.");
	assert_contains(tree->err.message,
			"/a/cpu.weight: No such file or directory");
	assert_int_equal(kt_cgroup_get(&tree->cgroups, "a", "cpu.stat", &text,
				       &tree->err),
			 -ENOENT);
	assert_contains(tree->err.message, "/a/cpu.stat: No such file");
	assert_int_equal(kt_cgroup_move(&tree->cgroups, "a", 0, &tree->err),
			 -EINVAL);
	assert_contains(tree->err.message, "0 is no process");
}

static void a_process_is_moved_by_its_number(void **state)
{
	struct tree *tree = *state;

	assert_int_equal(kt_cgroup_create(&tree->cgroups, "a", &tree->err), 0);
	put(tree, "a", "cgroup.procs", "");
	assert_int_equal(kt_cgroup_move(&tree->cgroups, "a", 4242, &tree->err),
			 0);
	holds(tree, "a", "cgroup.procs", "4242");
}

struct kernel {
	char path[256];
	const char *freeze_path;
};

/* Plays the kernel: writes the event once it was asked for. */
static void *answer_freeze(void *argument)
{
	struct kernel *kernel = argument;
	char asked = 0;

	while (asked != '1') {
		int fd = open(kernel->freeze_path, O_RDONLY | O_CLOEXEC);

		if (fd < 0 || read(fd, &asked, 1) < 0)
			asked = '1';
		kt_close(fd);
	}
	{
		_cleanup_close_ int fd = open(kernel->path, O_WRONLY | O_CLOEXEC);

		/* In place: the file that is watched is the one that changes. */
		if (fd >= 0)
			kt_pwrite_all(fd, "populated 1\nfrozen 1\n", 21, 0);
	}
	return NULL;
}

static void freezing_waits_for_the_event(void **state)
{
	struct tree *tree = *state;
	char freeze_path[256];
	struct kernel kernel = { .freeze_path = freeze_path };
	pthread_t thread;

	assert_int_equal(kt_cgroup_create(&tree->cgroups, "a", &tree->err), 0);
	put(tree, "a", "cgroup.freeze", "0\n");
	put(tree, "a", "cgroup.events", "populated 1\nfrozen 0\n");
	assert_int_equal(
		kt_cgroup_freeze(&tree->cgroups, "a", true, 20, &tree->err),
		-ETIMEDOUT);
	assert_contains(tree->err.message,
			"/a/cgroup.events did not come to say \"frozen 1\" in "
			"20 ms, but \"populated 1\nfrozen 0\"");
	put(tree, "a", "cgroup.freeze", "0\n");
	snprintf(kernel.path, sizeof(kernel.path), "%s/%s/a/cgroup.events",
		 tree->mount, tree->cgroups.root);
	snprintf(freeze_path, sizeof(freeze_path), "%s/%s/a/cgroup.freeze",
		 tree->mount, tree->cgroups.root);
	assert_int_equal(pthread_create(&thread, NULL, answer_freeze, &kernel),
			 0);
	assert_int_equal(kt_cgroup_freeze(&tree->cgroups, "a", true, WAIT_MS,
					  &tree->err),
			 0);
	pthread_join(thread, NULL);
	put(tree, "a", "cgroup.events", "populated 1\nfrozen 0\n");
	assert_int_equal(kt_cgroup_freeze(&tree->cgroups, "a", false, WAIT_MS,
					  &tree->err),
			 0);
	holds(tree, "a", "cgroup.freeze", "0");
}

static void removing_takes_the_whole_subtree(void **state)
{
	struct tree *tree = *state;
	char name[256];

	assert_int_equal(kt_cgroup_create(&tree->cgroups, "a/b/c", &tree->err),
			 0);
	assert_int_equal(kt_cgroup_create(&tree->cgroups, "a/d", &tree->err), 0);
	assert_int_equal(kt_cgroup_create(&tree->cgroups, "e", &tree->err), 0);
	assert_int_equal(
		kt_cgroup_remove(&tree->cgroups, "a", WAIT_MS, &tree->err), 0);
	snprintf(name, sizeof(name), "%s/a", tree->cgroups.root);
	assert_false(exists(tree, name));
	snprintf(name, sizeof(name), "%s/e", tree->cgroups.root);
	assert_true(exists(tree, name));
	assert_int_equal(
		kt_cgroup_remove(&tree->cgroups, "a", WAIT_MS, &tree->err),
		-ENOENT);
}

static void who_removes_must_not_be_inside(void **state)
{
	struct tree *tree = *state;
	char pid[16];

	assert_int_equal(kt_cgroup_create(&tree->cgroups, "a/b", &tree->err), 0);
	snprintf(pid, sizeof(pid), "%d\n", getpid());
	put(tree, "a/b", "cgroup.procs", pid);
	assert_int_equal(
		kt_cgroup_remove(&tree->cgroups, "a", WAIT_MS, &tree->err),
		-EBUSY);
	assert_contains(tree->err.message, "move that out first");
}

/* Without cgroup.kill; the events stay as they are, as does a group on EBUSY. */
static void processes_are_killed_and_the_wait_is_bounded(void **state)
{
	struct tree *tree = *state;
	char pids[48];
	pid_t pid = fork();
	int status;

	assert_true(pid >= 0);
	if (pid == 0) {
		for (;;)
			pause();
	}
	assert_int_equal(kt_cgroup_create(&tree->cgroups, "a/b", &tree->err), 0);
	/* 0 must not be taken for a process group, this one. */
	snprintf(pids, sizeof(pids), "0\n%d\n", pid);
	put(tree, "a/b", "cgroup.procs", pids);
	put(tree, "a", "cgroup.events", "populated 1\nfrozen 0\n");
	assert_int_equal(kt_cgroup_remove(&tree->cgroups, "a", 120, &tree->err),
			 -ETIMEDOUT);
	assert_contains(tree->err.message, "cannot empty the group ktstr.");
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status));
	assert_int_equal(WTERMSIG(status), SIGKILL);
}

static void an_orphan_is_removed_by_the_next_start(void **state)
{
	struct tree *tree = *state;
	_cleanup_cgroups_ struct kt_cgroups second = { .mount_fd = -1 };
	char reused[128], dead[128], foreign[128], others[] = "ktstr.mine.1";
	unsigned long long namespace, start;
	struct stat st;
	int n;

	assert_int_equal(sscanf(tree->cgroups.root, "ktstr.%llu.%*d.%llu.%d",
				&namespace, &start, &n),
			 3);
	/* Our pid with another start time, nobody's pid, another namespace. */
	snprintf(reused, sizeof(reused), "ktstr.%llu.%d.%llu.0", namespace,
		 getpid(), start + 1);
	snprintf(dead, sizeof(dead), "ktstr.%llu.2147483647.5.0", namespace);
	snprintf(foreign, sizeof(foreign), "ktstr.%llu.2147483647.5.0",
		 namespace + 1);
	mkdirat(tree->cgroups.mount_fd, reused, 0700);
	mkdirat(tree->cgroups.mount_fd, dead, 0700);
	mkdirat(tree->cgroups.mount_fd, foreign, 0700);
	mkdirat(tree->cgroups.mount_fd, others, 0700);
	assert_int_equal(kt_cgroups_open(tree->mount, &second, &tree->err), 0);
	assert_false(exists(tree, reused));
	assert_false(exists(tree, dead));
	assert_true(exists(tree, foreign));
	assert_true(exists(tree, others));
	assert_int_equal(
		fstatat(tree->cgroups.mount_fd, tree->cgroups.root, &st, 0), 0);
	assert_string_not_equal(second.root, tree->cgroups.root);
	assert_int_equal(kt_cgroups_close(&second, &tree->err), 0);
	assert_null(second.root);
	assert_int_equal(kt_cgroups_close(&second, &tree->err), 0);
}

static void a_mount_that_is_not_there_is_named(void **state)
{
	struct kt_cgroups cgroups;
	struct ktstr_error err;

	(void)state;
	assert_int_equal(kt_cgroups_open("/nonexistent/cgroup", &cgroups, &err),
			 -ENOENT);
	assert_contains(err.message, "cannot open /nonexistent/cgroup");
}

/* A cgroup2 mount; false when there is none. */
static bool find_mount(char *ret, size_t size)
{
	FILE *mounts = setmntent("/proc/self/mounts", "re");
	const struct mntent *entry;
	bool found = false;

	while (mounts && !found && (entry = getmntent(mounts))) {
		found = strcmp(entry->mnt_type, "cgroup2") == 0;
		if (found)
			snprintf(ret, size, "%s", entry->mnt_dir);
	}
	if (mounts)
		endmntent(mounts);
	return found;
}

static void real_open(struct kt_cgroups *cgroups)
{
	struct ktstr_error err = { .message = "no cgroup2 is mounted" };
	char mount[256];

	cgroups->mount_fd = -1;
	if (!find_mount(mount, sizeof(mount)) ||
	    kt_cgroups_open(mount, cgroups, &err) < 0) {
		print_message("%s: not tested\n", err.message);
		skip();
	}
}

static pid_t fork_into(struct kt_cgroups *cgroups, const char *group)
{
	struct ktstr_error err;
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0) {
		for (;;)
			pause();
	}
	if (kt_cgroup_move(cgroups, group, pid, &err) < 0) {
		kill(pid, SIGKILL);
		fail_msg("%s", err.message);
	}
	return pid;
}

static void a_real_group_is_frozen_thawed_and_removed(void **state)
{
	_cleanup_cgroups_ struct kt_cgroups cgroups = { 0 };
	_cleanup_free_ char *text = NULL, *procs = NULL;
	struct ktstr_error err;
	char expected[16];
	int status;
	pid_t pid;

	(void)state;
	real_open(&cgroups);
	assert_int_equal(kt_cgroup_create(&cgroups, "a/b", &err), 0);
	pid = fork_into(&cgroups, "a/b");
	snprintf(expected, sizeof(expected), "%d", pid);
	assert_int_equal(
		kt_cgroup_get(&cgroups, "a/b", "cgroup.procs", &procs, &err), 0);
	assert_string_equal(procs, expected);
	assert_int_equal(kt_cgroup_freeze(&cgroups, "a", true, WAIT_MS, &err), 0);
	assert_int_equal(
		kt_cgroup_get(&cgroups, "a", "cgroup.events", &text, &err), 0);
	assert_contains(text, "frozen 1");
	assert_int_equal(kt_cgroup_freeze(&cgroups, "a", false, WAIT_MS, &err),
			 0);
	/* A frozen one must go as well. */
	assert_int_equal(kt_cgroup_freeze(&cgroups, "a/b", true, WAIT_MS, &err),
			 0);
	assert_int_equal(kt_cgroup_remove(&cgroups, "a", WAIT_MS, &err), 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status));
	assert_int_equal(kt_cgroups_close(&cgroups, &err), 0);
}

static void what_a_crash_leaves_is_removed_with_its_processes(void **state)
{
	_cleanup_cgroups_ struct kt_cgroups cgroups = { 0 };
	int pipe_fds[2], status;
	char byte;
	pid_t pid;

	(void)state;
	real_open(&cgroups);
	assert_int_equal(pipe2(pipe_fds, O_CLOEXEC), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		struct kt_cgroups own;
		char mount[256];
		bool made = find_mount(mount, sizeof(mount)) &&
			    kt_cgroups_open(mount, &own, NULL) == 0 &&
			    kt_cgroup_create(&own, "a", NULL) == 0;

		if (made)
			fork_into(&own, "a");
		_exit(!made);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	kt_close(pipe_fds[1]);
	kt_cgroup_sweep(cgroups.mount_fd, WAIT_MS);
	/* The orphan's process holds the other end of the pipe. */
	assert_int_equal(read(pipe_fds[0], &byte, 1), 0);
	kt_close(pipe_fds[0]);
}

static void a_real_controller_is_set_or_its_absence_told(void **state)
{
	_cleanup_cgroups_ struct kt_cgroups cgroups = { 0 };
	struct ktstr_error err;
	int r;

	(void)state;
	real_open(&cgroups);
	assert_int_equal(kt_cgroup_create(&cgroups, "a", &err), 0);
	r = kt_cgroup_set(&cgroups, "a", "pids.max", "7", &err);
	if (r == 0) {
		_cleanup_free_ char *text = NULL;

		assert_int_equal(
			kt_cgroup_get(&cgroups, "a", "pids.max", &text, &err), 0);
		assert_string_equal(text, "7");
	} else {
		assert_contains(err.message, "pids");
		assert_contains(err.message, "cgroup.subtree_control");
	}
}

#define FAKE(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		FAKE(groups_nest_below_one_root),
		FAKE(a_path_cannot_leave_the_root),
		FAKE(a_setting_is_written_and_read_back),
		FAKE(controllers_are_enabled_down_the_path),
		FAKE(every_kind_of_value_is_compared),
		FAKE(an_error_names_file_value_and_answer),
		FAKE(a_process_is_moved_by_its_number),
		FAKE(freezing_waits_for_the_event),
		FAKE(removing_takes_the_whole_subtree),
		FAKE(who_removes_must_not_be_inside),
		FAKE(processes_are_killed_and_the_wait_is_bounded),
		FAKE(an_orphan_is_removed_by_the_next_start),
		cmocka_unit_test(a_mount_that_is_not_there_is_named),
		cmocka_unit_test(a_real_group_is_frozen_thawed_and_removed),
		cmocka_unit_test(what_a_crash_leaves_is_removed_with_its_processes),
		cmocka_unit_test(a_real_controller_is_set_or_its_absence_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
