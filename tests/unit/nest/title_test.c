// SPDX-License-Identifier: GPL-2.0-only
#include "test.h"

#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/macro.h"
#include "nest/title.h"

#define LONG_TITLE                                                             \
	"ktstr-nest: supervisor of /a/directory/whose/name/is/rather/longer/"  \
	"than/what/this/program/was/called/by/when/the/test/was/started/"      \
	"and/still/goes/on/for/a/while"

/* prctl(PR_SET_MM) as in a kernel that does not have it. */
static void refuse_set_mm(void)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
			 offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, __NR_prctl, 0, 3),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
			 offsetof(struct seccomp_data, args[0])),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, PR_SET_MM, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EINVAL),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = { KT_ARRAY_SIZE(code), code };

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ||
	    prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) < 0)
		_exit(2);
}

/* What a child that set the title shows, and whether its environment stayed. */
static char *title_of_child(const char *title, bool refused, size_t *ret_length)
{
	char *text = NULL, path[64];
	int there[2], end[2], status;
	pid_t pid;
	char byte;

	assert_int_equal(pipe(there), 0);
	assert_int_equal(pipe(end), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (!pid) {
		_cleanup_free_ char *before = NULL, *after = NULL;
		size_t n_before = 0, n_after = 0;

		close(end[1]);
		if (refused)
			refuse_set_mm();
		if (kt_read_file("/proc/self/environ", 1 << 20, &before,
				 &n_before) < 0)
			_exit(3);
		kt_nest_set_title(title);
		if (kt_read_file("/proc/self/environ", 1 << 20, &after,
				 &n_after) < 0 ||
		    n_before != n_after || memcmp(before, after, n_before))
			_exit(4);
		(void)kt_write_all(there[1], "t", 1);
		(void)kt_read_all(end[0], &byte, 1);
		_exit(0);
	}
	close(there[1]);
	close(end[0]);
	if (kt_read_all(there[0], &byte, 1) == 0) {
		snprintf(path, sizeof(path), "/proc/%d/cmdline", (int)pid);
		assert_int_equal(kt_read_file(path, 1 << 20, &text, ret_length),
				 0);
	}
	close(there[0]);
	close(end[1]);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	assert_non_null(text);
	return text;
}

static size_t own_room(void)
{
	_cleanup_free_ char *own = NULL;
	size_t length = 0;

	assert_int_equal(
		kt_read_file("/proc/self/cmdline", 1 << 20, &own, &length), 0);
	return length;
}

static void a_title_takes_the_place_of_the_arguments(void **state)
{
	_cleanup_free_ char *text = NULL;
	size_t length = 0;

	(void)state;
	text = title_of_child("ktstr", false, &length);
	assert_string_equal(text, "ktstr");
	free(text);
	text = title_of_child(LONG_TITLE, false, &length);
	/* Cut where the kernel has no PR_SET_MM. */
	assert_memory_equal(text, LONG_TITLE, strlen(text));
	assert_true(strlen(text) == strlen(LONG_TITLE) ||
		    strlen(text) == own_room() - 1);
}

static void without_room_it_is_cut_and_the_environment_stays(void **state)
{
	_cleanup_free_ char *text = NULL;
	size_t length = 0, room = own_room();

	(void)state;
	text = title_of_child(LONG_TITLE, true, &length);
	assert_int_equal(strlen(text), KT_MIN(strlen(LONG_TITLE), room - 1));
	assert_memory_equal(text, LONG_TITLE, strlen(text));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_title_takes_the_place_of_the_arguments),
		cmocka_unit_test(without_room_it_is_cut_and_the_environment_stays),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
