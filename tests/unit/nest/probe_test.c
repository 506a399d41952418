// SPDX-License-Identifier: GPL-2.0-only
#include "messages.h"

#include <errno.h>
#include <linux/kvm.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "nest/probe.h"

static void a_guest_that_answered_is_fine(void **state)
{
	const struct kt_probe_outcome outcome = {
		.exit_reason = KVM_EXIT_IO,
		.answer = KT_PROBE_ANSWER,
	};
	struct ktstr_error err = { 0 };

	(void)state;
	assert_int_equal(kt_probe_judge(&outcome, &err), 0);
	assert_int_equal(err.kind, KTSTR_ERROR_NONE);
}

static void a_cpu_without_bmi_may_stop_at_the_bmi_instruction(void **state)
{
	struct kt_probe_outcome outcome = {
		.exit_reason = KVM_EXIT_SHUTDOWN,
		.rip = KT_PROBE_ANDN_GPA,
		.without_bmi = true,
	};

	(void)state;
	assert_int_equal(kt_probe_judge(&outcome, NULL), 0);
	outcome.rip--;
	assert_int_equal(kt_probe_judge(&outcome, NULL), -ENOTSUP);
	outcome.rip++;
	outcome.without_bmi = false;
	assert_int_equal(kt_probe_judge(&outcome, NULL), -ENOTSUP);
}

static void each_failure_has_its_own_text(void **state)
{
	static const struct {
		struct kt_probe_outcome outcome;
		int code;
		const char *text;
	} cases[] = {
		{ { .exit_reason = KVM_EXIT_IO, .answer = 7 },
		  -ENOTSUP,
		  "a tiny guest computed 0x7 instead of 0x5a" },
		{ { .exit_reason = KVM_EXIT_INTERNAL_ERROR,
		    .suberror = KVM_INTERNAL_ERROR_EMULATION,
		    .rip = 0x300a },
		  -ENOTSUP,
		  "gives up at instructions of ordinary kernels (a tiny "
		  "guest's "
		  "at 0x300a)" },
		{ { .exit_reason = KVM_EXIT_INTERNAL_ERROR, .suberror = 3 },
		  -ENOTSUP,
		  "internal error 3" },
		{ { .exit_reason = KVM_EXIT_SHUTDOWN, .rip = 0x3000 },
		  -ENOTSUP,
		  "exit reason 8 at 0x3000" },
		{ { .run_errno = EINTR, .expired = true },
		  -ETIMEDOUT,
		  "KVM hangs in a guest" },
		{ { .run_errno = EINVAL }, -EINVAL, "KVM_RUN: Invalid argument" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct ktstr_error err = { 0 };

		assert_int_equal(kt_probe_judge(&cases[i].outcome, &err),
				 cases[i].code);
		assert_contains(err.message, cases[i].text);
		message_seen(err.message);
		assert_int_equal(err.kind, KTSTR_ERROR_ENVIRONMENT);
	}
}

static void a_missing_device_names_the_modules(void **state)
{
	struct ktstr_error err = { 0 };

	(void)state;
	assert_int_equal(kt_probe_device("/nonexistent/kvm", 100, &err), -ENODEV);
	assert_contains(err.message, "there is no /nonexistent/kvm");
	assert_contains(err.message, "modprobe kvm_amd or kvm_intel");
	message_seen(err.message);
}

/* In a process of its own, since root has every right. */
static _Noreturn void probe_as_nobody(const char *path)
{
	struct ktstr_error err = { 0 };

	if (geteuid() == 0 && setuid(65534) < 0)
		_exit(2);
	_exit(kt_probe_device(path, 100, &err) == -EACCES &&
			      strstr(err.message, "usermod -aG kvm") ?
		      0 :
		      1);
}

static void a_device_without_the_right_names_the_group(void **state)
{
	char path[] = "/tmp/ktstr-probe-test.XXXXXX";
	int fd, status;
	pid_t pid;

	(void)state;
	fd = mkstemp(path);
	assert_true(fd >= 0);
	close(fd);
	chmod(path, 0);
	pid = fork();
	if (pid == 0)
		probe_as_nobody(path);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	unlink(path);
	assert_int_equal(status, 0);
}

static void a_device_that_is_not_kvm_is_told_apart(void **state)
{
	struct ktstr_error err = { 0 };

	(void)state;
	assert_int_equal(kt_probe_device("/dev/null", 100, &err), -ENODEV);
	assert_contains(err.message, "/dev/null does not speak KVM's API");
	message_seen(err.message);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_guest_that_answered_is_fine),
		cmocka_unit_test(a_cpu_without_bmi_may_stop_at_the_bmi_instruction),
		cmocka_unit_test(each_failure_has_its_own_text),
		cmocka_unit_test(a_missing_device_names_the_modules),
		cmocka_unit_test(a_device_without_the_right_names_the_group),
		cmocka_unit_test(a_device_that_is_not_kvm_is_told_apart),
		messages_test("nest_probe"),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
