// SPDX-License-Identifier: GPL-2.0-only
#include "messages.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/file.h>
#include <sys/stat.h>

#include "base/macro.h"
#include "host/lock.h"
#include "host/lock_holder.h"
#include "others.h"

extern char **environ;

static int take(enum kt_lock_kind kind, uint32_t number, bool exclusive,
		struct kt_locks *ret, struct ktstr_error *err)
{
	const struct kt_lock wanted = { kind, number, exclusive };

	return kt_locks_take(&wanted, 1, ret, err);
}

/* Whether it could be had; it is not kept. */
static bool is_free(enum kt_lock_kind kind, uint32_t number, bool exclusive)
{
	_cleanup_locks_ struct kt_locks locks = { 0 };

	return take(kind, number, exclusive, &locks, NULL) == 0;
}

static void another_process_has_it_alone(void **state)
{
	const struct other_locks theirs = { { { KT_LOCK_LLC, 3, true } }, 1 };
	_cleanup_locks_ struct kt_locks locks = { 0 };
	struct ktstr_error err = { 0 };
	struct other other;
	char pid[32];

	(void)state;
	other_start(&other, other_takes, &theirs);
	assert_int_equal(take(KT_LOCK_LLC, 3, true, &locks, &err), -EBUSY);
	assert_int_equal(err.kind, KTSTR_ERROR_CONTENTION);
	snprintf(pid, sizeof(pid), "process %d (", other.pid);
	assert_contains(err.message, "LLC 3 is held by ");
	assert_contains(err.message, pid);
	assert_contains(err.message, "lock_test");
	assert_int_equal(take(KT_LOCK_LLC, 3, false, &locks, &err), -EBUSY);
	assert_true(is_free(KT_LOCK_LLC, 2, true));
	assert_true(is_free(KT_LOCK_CPU, 3, true));
	other_end(&other);
	assert_true(is_free(KT_LOCK_LLC, 3, true));
}

static void those_who_share_keep_out_who_would_be_alone(void **state)
{
	const struct other_locks theirs = { { { KT_LOCK_LLC, 0, false } }, 1 };
	_cleanup_locks_ struct kt_locks locks = { 0 };
	struct ktstr_error err = { 0 };
	struct other one, another;
	char pid[32];

	(void)state;
	other_start(&one, other_takes, &theirs);
	other_start(&another, other_takes, &theirs);
	assert_true(is_free(KT_LOCK_LLC, 0, false));
	assert_int_equal(take(KT_LOCK_LLC, 0, true, &locks, &err), -EBUSY);
	snprintf(pid, sizeof(pid), "process %d (", one.pid);
	assert_contains(err.message, pid);
	snprintf(pid, sizeof(pid), "process %d (", another.pid);
	assert_contains(err.message, pid);
	other_end(&one);
	assert_false(is_free(KT_LOCK_LLC, 0, true));
	other_end(&another);
	assert_true(is_free(KT_LOCK_LLC, 0, true));
}

static void all_or_none_are_taken(void **state)
{
	const struct other_locks theirs = { { { KT_LOCK_CPU, 2, true } }, 1 };
	const struct kt_lock wanted[] = {
		{ KT_LOCK_CPU, 3, true },
		{ KT_LOCK_CPU, 2, true },
		{ KT_LOCK_CPU, 1, true },
		{ KT_LOCK_LLC, 0, false },
	};
	_cleanup_locks_ struct kt_locks locks = { 0 };
	struct other other;

	(void)state;
	other_start(&other, other_takes, &theirs);
	assert_int_equal(
		kt_locks_take(wanted, KT_ARRAY_SIZE(wanted), &locks, NULL),
		-EBUSY);
	assert_int_equal(locks.n, 0);
	assert_true(is_free(KT_LOCK_LLC, 0, true));
	assert_true(is_free(KT_LOCK_CPU, 1, true));
	assert_true(is_free(KT_LOCK_CPU, 3, true));
	other_end(&other);
	assert_int_equal(
		kt_locks_take(wanted, KT_ARRAY_SIZE(wanted), &locks, NULL), 0);
	assert_int_equal(locks.n, KT_ARRAY_SIZE(wanted));
	assert_false(is_free(KT_LOCK_LLC, 0, true));
	assert_false(is_free(KT_LOCK_CPU, 3, true));
	kt_locks_drop(&locks);
	assert_true(is_free(KT_LOCK_CPU, 3, true));
}

static void a_killed_process_leaves_no_lock(void **state)
{
	const struct other_locks theirs = { { { KT_LOCK_LLC, 5, true } }, 1 };
	struct other other;

	(void)state;
	other_start(&other, other_takes, &theirs);
	assert_false(is_free(KT_LOCK_LLC, 5, true));
	other_end(&other);
	assert_true(is_free(KT_LOCK_LLC, 5, true));
}

static void a_program_that_we_start_has_no_part_in_it(void **state)
{
	char *const argv[] = { (char *)"sleep", (char *)"60", NULL };
	struct kt_locks locks = { 0 };
	pid_t pid;

	(void)state;
	assert_int_equal(take(KT_LOCK_LLC, 1, true, &locks, NULL), 0);
	assert_int_equal(posix_spawnp(&pid, "sleep", NULL, NULL, argv, environ),
			 0);
	kt_locks_drop(&locks);
	assert_true(is_free(KT_LOCK_LLC, 1, true));
	kill(pid, SIGKILL);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
}

static void everybody_can_open_the_file(void **state)
{
	_cleanup_free_ char *path =
		kt_path_join(lock_directory, "ktstr-cpu-17.lock");
	_cleanup_locks_ struct kt_locks locks = { 0 };
	mode_t mask = umask(0077);
	struct stat st;

	(void)state;
	assert_int_equal(take(KT_LOCK_CPU, 17, true, &locks, NULL), 0);
	umask(mask);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0666);
}

static void the_file_may_be_there_and_not_to_be_written(void **state)
{
	_cleanup_free_ char *path =
		kt_path_join(lock_directory, "ktstr-llc-7.lock");
	_cleanup_locks_ struct kt_locks locks = { 0 };

	(void)state;
	assert_int_equal(kt_write_file_atomic(path, "", 0, 0444), 0);
	assert_int_equal(take(KT_LOCK_LLC, 7, true, &locks, NULL), 0);
}

static void what_is_no_file_is_not_locked(void **state)
{
	_cleanup_free_ char *link =
		kt_path_join(lock_directory, "ktstr-llc-8.lock");
	_cleanup_free_ char *fifo =
		kt_path_join(lock_directory, "ktstr-llc-9.lock");
	_cleanup_locks_ struct kt_locks locks = { 0 };
	struct ktstr_error err = { 0 };

	(void)state;
	assert_int_equal(symlink("/etc/passwd", link), 0);
	assert_int_equal(mkfifo(fifo, 0666), 0);
	assert_int_equal(take(KT_LOCK_LLC, 8, true, &locks, &err), -ELOOP);
	assert_contains(err.message, "ktstr-llc-8.lock");
	message_seen(err.message);
	assert_int_equal(take(KT_LOCK_LLC, 9, true, &locks, &err), -ENOTSUP);
	assert_contains(err.message, "ktstr-llc-9.lock");
}

static void without_a_directory_there_are_no_locks(void **state)
{
	_cleanup_locks_ struct kt_locks locks = { 0 };
	struct ktstr_error err = { 0 };

	(void)state;
	setenv("KTSTR_LOCK_DIR", "/nonexistent/locks", 1);
	assert_int_equal(take(KT_LOCK_LLC, 0, true, &locks, &err), -ENOENT);
	setenv("KTSTR_LOCK_DIR", lock_directory, 1);
	assert_contains(err.message, "/nonexistent/locks");
	assert_contains(err.message, "KTSTR_LOCK_DIR");
	message_seen(err.message);
}

static void the_directory_is_tmp_unless_another_is_named(void **state)
{
	(void)state;
	assert_string_equal(kt_lock_directory(), lock_directory);
	setenv("KTSTR_LOCK_DIR", "", 1);
	assert_string_equal(kt_lock_directory(), "/tmp");
	unsetenv("KTSTR_LOCK_DIR");
	assert_string_equal(kt_lock_directory(), "/tmp");
	setenv("KTSTR_LOCK_DIR", lock_directory, 1);
}

/* linux/magic.h has some of these, no header all. */
static void networks_and_fuse_do_not_lock_for_certain(void **state)
{
	static const long unfit[] = { 0x6969,     0xff534d42, 0xfe534d42,
				      0x00c36400, 0x5346414f, 0x65735546 };
	static const long fit[] = { 0x01021994, 0xef53, 0x9123683e, 0x58465342,
				    0x794c7630 };

	(void)state;
	for (size_t i = 0; i < KT_ARRAY_SIZE(unfit); i++) {
		assert_non_null(kt_lock_unfit(unfit[i]));
		/* statfs() hands it out as a long, or as an int gone negative. */
		assert_non_null(kt_lock_unfit((int)unfit[i]));
	}
	for (size_t i = 0; i < KT_ARRAY_SIZE(fit); i++)
		assert_null(kt_lock_unfit(fit[i]));
}

static void file_names_are_read_as_they_are_written(void **state)
{
	static const char *const wrong[] = {
		"ktstr-llc-.lock",
		"ktstr-llc-3",
		"ktstr-llc-3.lock2",
		"ktstr-gpu-3.lock",
		"ktstr-llc--3.lock",
		"ktstr-llc-03.lock",
		"ktstr-llc- 3.lock",
		"ktstr-cpu-4294967296.lock",
		".",
	};
	enum kt_lock_kind kind;
	uint32_t number;

	(void)state;
	for (uint32_t i = 0; i < 300; i += 23) {
		_cleanup_free_ char *name = kt_lock_file_name(KT_LOCK_CPU, i);

		assert_true(kt_lock_from_file_name(name, &kind, &number));
		assert_int_equal(kind, KT_LOCK_CPU);
		assert_int_equal(number, i);
	}
	assert_true(kt_lock_from_file_name("ktstr-llc-0.lock", &kind, &number));
	assert_int_equal(kind, KT_LOCK_LLC);
	for (size_t i = 0; i < KT_ARRAY_SIZE(wrong); i++)
		assert_false(kt_lock_from_file_name(wrong[i], &kind, &number));
}

static void all_that_is_held_is_listed(void **state)
{
	const struct other_locks one = {
		{ { KT_LOCK_CPU, 10, true }, { KT_LOCK_LLC, 1, false } }, 2
	};
	const struct other_locks another = {
		{ { KT_LOCK_CPU, 9, true }, { KT_LOCK_LLC, 1, false } }, 2
	};
	_cleanup_lock_holders_ struct kt_lock_holders seen = { 0 };
	_cleanup_lock_holders_ struct kt_lock_holders later = { 0 };
	struct other others[2];

	(void)state;
	other_start(&others[0], other_takes, &one);
	other_start(&others[1], other_takes, &another);
	assert_int_equal(kt_lock_holders_read(&seen, NULL), 0);
	other_end(&others[0]);
	other_end(&others[1]);
	assert_int_equal(seen.n, 4);
	for (size_t i = 0; i < 2; i++) {
		assert_int_equal(seen.holders[i].lock.kind, KT_LOCK_LLC);
		assert_int_equal(seen.holders[i].lock.number, 1);
		assert_false(seen.holders[i].lock.exclusive);
		assert_contains(seen.holders[i].command, "lock_test");
	}
	assert_true(seen.holders[0].pid < seen.holders[1].pid);
	assert_int_equal(seen.holders[2].lock.number, 9);
	assert_int_equal(seen.holders[2].pid, others[1].pid);
	assert_true(seen.holders[2].lock.exclusive);
	assert_int_equal(seen.holders[3].lock.number, 10);
	assert_int_equal(seen.holders[3].pid, others[0].pid);
	assert_int_equal(kt_lock_holders_read(&later, NULL), 0);
	assert_int_equal(later.n, 0);
}

/* The same file locked in another directory is another lock. */
static void locks_of_another_directory_are_others(void **state)
{
	const struct other_locks theirs = { { { KT_LOCK_LLC, 3, true } }, 1 };
	char elsewhere[] = "/tmp/ktstr-locks-XXXXXX";
	_cleanup_lock_holders_ struct kt_lock_holders seen = { 0 };
	struct other other;

	(void)state;
	other_start(&other, other_takes, &theirs);
	assert_non_null(mkdtemp(elsewhere));
	setenv("KTSTR_LOCK_DIR", elsewhere, 1);
	assert_true(is_free(KT_LOCK_LLC, 3, true));
	assert_int_equal(kt_lock_holders_read(&seen, NULL), 0);
	assert_int_equal(seen.n, 0);
	setenv("KTSTR_LOCK_DIR", lock_directory, 1);
	assert_int_equal(kt_remove_tree(elsewhere), 0);
	other_end(&other);
}

/* A program with the lock on a descriptor that it got; what it says first. */
static pid_t run_with_lock(const char *path, char *const *argv, char said[32])
{
	ssize_t length;
	int out[2];
	pid_t pid;

	assert_int_equal(kt_write_file_atomic(path, "", 0, 0666), 0);
	assert_int_equal(pipe(out), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		int fd = open(path, O_RDONLY);

		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (fd < 0 || flock(fd, LOCK_EX) < 0)
			_exit(1);
		dup2(out[1], STDOUT_FILENO);
		execvp(argv[0], argv);
		_exit(127);
	}
	close(out[1]);
	length = read(out[0], said, 31);
	assert_true(length > 0);
	said[length] = '\0';
	close(out[0]);
	return pid;
}

/* Whose arguments are long, and not only text. */
static void an_odd_command_line_is_shown_as_text(void **state)
{
	_cleanup_free_ char *path =
		kt_path_join(lock_directory, "ktstr-llc-6.lock");
	char script[512] = "echo; kill -STOP $$ # ";
	char *argv[] = { (char *)"bash", (char *)"-c", script, NULL };
	_cleanup_locks_ struct kt_locks locks = { 0 };
	struct ktstr_error err = { 0 };
	char said[32];
	pid_t pid;

	(void)state;
	memset(script + strlen(script), '\033', 300);
	pid = run_with_lock(path, argv, said);
	assert_int_equal(take(KT_LOCK_LLC, 6, true, &locks, &err), -EBUSY);
	kill(pid, SIGKILL);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	assert_contains(err.message, "LLC 6 is held by process ");
	assert_contains(err.message, " (bash -c echo; kill");
	assert_contains(err.message, "???...)");
	assert_null(strchr(err.message, '\033'));
}

/* The lock is its child's now. */
static void a_holder_that_has_ended_is_told_as_such(void **state)
{
	_cleanup_free_ char *path =
		kt_path_join(lock_directory, "ktstr-llc-4.lock");
	char *argv[] = { (char *)"bash", (char *)"-c",
			 (char *)"sleep 60 >/dev/null & echo $!", NULL };
	_cleanup_lock_holders_ struct kt_lock_holders seen = { 0 };
	_cleanup_locks_ struct kt_locks locks = { 0 };
	struct ktstr_error err = { 0 };
	char said[32];
	pid_t pid;

	(void)state;
	pid = run_with_lock(path, argv, said);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	assert_int_equal(take(KT_LOCK_LLC, 4, true, &locks, &err), -EBUSY);
	assert_int_equal(kt_lock_holders_read(&seen, NULL), 0);
	assert_int_equal(kill(atoi(said), SIGKILL), 0);
	assert_contains(err.message, "which has ended");
	assert_int_equal(seen.n, 1);
	assert_string_equal(seen.holders[0].command, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(another_process_has_it_alone),
		cmocka_unit_test(those_who_share_keep_out_who_would_be_alone),
		cmocka_unit_test(all_or_none_are_taken),
		cmocka_unit_test(a_killed_process_leaves_no_lock),
		cmocka_unit_test(a_program_that_we_start_has_no_part_in_it),
		cmocka_unit_test(everybody_can_open_the_file),
		cmocka_unit_test(the_file_may_be_there_and_not_to_be_written),
		cmocka_unit_test(what_is_no_file_is_not_locked),
		cmocka_unit_test(without_a_directory_there_are_no_locks),
		cmocka_unit_test(the_directory_is_tmp_unless_another_is_named),
		cmocka_unit_test(networks_and_fuse_do_not_lock_for_certain),
		cmocka_unit_test(file_names_are_read_as_they_are_written),
		cmocka_unit_test(all_that_is_held_is_listed),
		cmocka_unit_test(locks_of_another_directory_are_others),
		cmocka_unit_test(an_odd_command_line_is_shown_as_text),
		cmocka_unit_test(a_holder_that_has_ended_is_told_as_such),
		messages_test("host_lock"),
	};

	return cmocka_run_group_tests(tests, locks_set_up, locks_tear_down);
}
