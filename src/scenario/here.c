// SPDX-License-Identifier: GPL-2.0-only
#include "scenario/here.h"

#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/macro.h"
#include "cgroup/cgroup.h"
#include "cgroup/home.h"
#include "guest/test_run.h"
#include "scenario/machine.h"
#include "scenario/run.h"
#include "wire/guest_files.h"

#define HERE_TESTS   "tests"
#define HERE_OUTSIDE "outside"

/* Of a runner that could not do it; what it says is on standard error. */
#define HERE_EXIT_BROKEN 125

struct here {
	const struct kt_here *spec;
	struct kt_cgroup_home home;
	struct kt_cgroups tree;
	int signal_fd;
	sigset_t saved_mask;
};

static void here_deinit(struct here *here)
{
	kt_cgroups_deinit(&here->tree);
	kt_cgroup_home_close(&here->home);
	if (here->signal_fd >= 0)
		sigprocmask(SIG_SETMASK, &here->saved_mask, NULL);
	here->signal_fd = kt_close(here->signal_fd);
}

/* The starter's death is one of them. */
static int here_watch_signals(struct here *here, struct ktstr_error *err)
{
	static const int numbers[] = { SIGTERM, SIGINT, SIGHUP, SIGQUIT };
	sigset_t set;

	sigemptyset(&set);
	for (size_t i = 0; i < KT_ARRAY_SIZE(numbers); i++)
		sigaddset(&set, numbers[i]);
	here->signal_fd = signalfd(-1, &set, SFD_CLOEXEC);
	if (here->signal_fd < 0)
		return kt_err_errno(err, -errno, "cannot watch for signals");
	sigprocmask(SIG_BLOCK, &set, &here->saved_mask);
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	return 0;
}

static int here_make_groups(struct here *here, struct ktstr_error *err)
{
	static const char *const controllers[] = { "cpuset", "cpu", "memory",
						   "io", "pids" };
	int r = kt_cgroup_home_open(here->spec->home, &kt_cgroup_proc_self,
				    &here->home, err);

	if (r == 0)
		r = kt_cgroups_open(here->home.path, &here->tree, err);
	if (r == 0)
		r = kt_cgroup_create(&here->tree, HERE_TESTS, err);
	if (r == 0)
		r = kt_cgroup_create(&here->tree, HERE_OUTSIDE, err);
	for (size_t i = 0; r == 0 && i < KT_ARRAY_SIZE(controllers); i++)
		r = kt_cgroup_hand_on(&here->tree, HERE_TESTS, controllers[i],
				      err);
	return r;
}

static char *here_path_of(const struct here *here, const char *group)
{
	_cleanup_free_ char *root =
		kt_path_join(here->home.path, here->tree.root);

	return root ? kt_path_join(root, group) : NULL;
}

/* In the runner's process: the test, from its start to its result. */
static int here_test(const struct here *here, enum ktstr_verdict *ret,
		     struct ktstr_error *err)
{
	const struct ktstr_test *test = here->spec->test;
	_cleanup_free_ char *mount = here_path_of(here, HERE_TESTS);
	_cleanup_free_ char *result = NULL;
	int r;

	if (!mount)
		return kt_err_errno(err, -ENOMEM, "a test");
	r = kt_cgroup_move(&here->tree, HERE_OUTSIDE, getpid(), err);
	/* Whoever moves a process must own what lies above both groups. */
	if (r == -EACCES)
		return kt_err(err, r,
			      "you may not move processes into the control "
			      "group %s from outside (" KT_CGROUP_HOME_ADVICE ")",
			      here->home.path);
	if (r < 0)
		return r;
	kt_scenario_set_place(&(const struct kt_scenario_place){
		.cgroup_mount = mount,
		.sysfs = KT_SYSFS,
		.steal = KT_GUEST_STEAL,
		.events = KT_GUEST_EVENTS,
	});
	r = kt_test_run_text(
		test, 1000 * kt_test_timeout_s(test->timeout_s, test->duration_s),
		NULL, &result, ret, err);
	if (r == 0)
		r = kt_write_all(here->spec->result_fd, result, strlen(result));
	return r;
}

static _Noreturn void here_be_runner(const struct here *here, pid_t supervisor)
{
	struct ktstr_error err = { 0 };
	enum ktstr_verdict verdict;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	sigprocmask(SIG_SETMASK, &here->saved_mask, NULL);
	if (getppid() != supervisor)
		_exit(HERE_EXIT_BROKEN);
	if (here_test(here, &verdict, &err) < 0) {
		dprintf(STDERR_FILENO, "%s\n", err.message);
		_exit(HERE_EXIT_BROKEN);
	}
	_exit(ktstr_verdict_exit_code(verdict));
}

/* Its exit status; 128 and more: by which signal it all ended. */
static int here_await(const struct here *here, pid_t runner)
{
	_cleanup_close_ int pid_fd = (int)syscall(SYS_pidfd_open, runner, 0);
	struct pollfd fds[] = {
		{ .fd = pid_fd, .events = POLLIN },
		{ .fd = here->signal_fd, .events = POLLIN },
	};
	struct signalfd_siginfo info = { 0 };
	int status = 0;

	/* The runner bounds its own time. */
	while (pid_fd >= 0 && !fds[0].revents && !fds[1].revents)
		(void)poll(fds, KT_ARRAY_SIZE(fds), -1);
	if (!fds[0].revents)
		kill(runner, SIGKILL);
	while (waitpid(runner, &status, 0) < 0 && errno == EINTR)
		;
	if (fds[1].revents &&
	    read(here->signal_fd, &info, sizeof(info)) == sizeof(info))
		return 128 + (int)info.ssi_signo;
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

int kt_here_run(const struct kt_here *spec, int *ret_status,
		struct ktstr_error *err)
{
	_cleanup_(here_deinit) struct here here = {
		.spec = spec,
		.home = { .fd = -1 },
		.tree = { .mount_fd = -1 },
		.signal_fd = -1,
	};
	pid_t self = getpid(), runner;
	int r = here_watch_signals(&here, err);

	if (r == 0)
		r = here_make_groups(&here, err);
	if (r < 0)
		return r;
	runner = fork();
	if (runner < 0)
		return kt_err_errno(err, -errno, "cannot start the test");
	if (runner == 0)
		here_be_runner(&here, self);
	*ret_status = here_await(&here, runner);
	return kt_cgroups_close(&here.tree, err);
}
