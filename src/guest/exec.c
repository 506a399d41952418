// SPDX-License-Identifier: GPL-2.0-only
#include "guest/exec.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <ktstr/verdict.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/macro.h"
#include "guest/child.h"
#include "guest/scheduler.h"
#include "wire/guest_files.h"

/* What the host is told when there is no verdict: nothing could be run. */
#define EXIT_BROKEN 125

bool kt_given_scheduler_exists(void)
{
	return access(KT_GUEST_SCHEDULER, F_OK) == 0 ||
	       access(KT_GUEST_ENABLE, F_OK) == 0 ||
	       access(KT_GUEST_DISABLE, F_OK) == 0;
}

static int read_list(struct kt_string_list *list, const char *path,
		     struct ktstr_error *err)
{
	int r = kt_string_list_read(list, path);

	return r < 0 ? kt_err_errno(err, r, "cannot read %s", path) : 0;
}

int kt_given_scheduler_read(struct kt_given_scheduler *given,
			    struct ktstr_error *err)
{
	int r;

	*given = (struct kt_given_scheduler){ .argv = NULL };
	r = read_list(&given->words, KT_GUEST_SCHEDULER, err);
	if (!r)
		r = read_list(&given->enable, KT_GUEST_ENABLE, err);
	if (!r)
		r = read_list(&given->disable, KT_GUEST_DISABLE, err);
	if (r) {
		kt_given_scheduler_deinit(given);
		return r;
	}
	given->declared = (struct ktstr_scheduler){
		.name = given->words.count ? given->words.items[0] : "built-in",
		.enable = (const char *const *)given->enable.items,
		.disable = (const char *const *)given->disable.items,
	};
	if (given->words.count > 1)
		given->argv = given->words.items + 1;
	return 0;
}

void kt_given_scheduler_deinit(struct kt_given_scheduler *given)
{
	kt_string_list_deinit(&given->words);
	kt_string_list_deinit(&given->enable);
	kt_string_list_deinit(&given->disable);
}

/* What the host sends to the command, as to all of this group, is not for us. */
static void leave_signals(void (*handler)(int))
{
	static const int signals[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT };

	for (size_t i = 0; i < KT_ARRAY_SIZE(signals); i++)
		signal(signals[i], handler);
}

static pid_t start_command(const char *command)
{
	pid_t pid = fork();

	if (pid == 0) {
		leave_signals(SIG_DFL);
		execl("/bin/sh", "sh", "-c", command, NULL);
		dprintf(STDERR_FILENO, "cannot run /bin/sh: %s\n",
			strerror(errno));
		_exit(127);
	}
	return pid;
}

/* To the command's end, or the scheduler's; its wait status. */
static int await_command(pid_t pid, struct kt_test_companion *companion)
{
	_cleanup_close_ int pid_fd = (int)syscall(SYS_pidfd_open, pid, 0);
	struct pollfd fds[] = {
		{ .fd = pid_fd, .events = POLLIN },
		{ .fd = companion->watch_fd, .events = POLLIN },
	};
	int status = 0;

	while (pid_fd >= 0 && !fds[0].revents) {
		if (poll(fds, KT_ARRAY_SIZE(fds), -1) < 0 && errno != EINTR)
			break;
		if (fds[1].revents && !companion->attend(companion)) {
			kill(pid, SIGKILL);
			break;
		}
	}
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	return status;
}

static void tell(const struct kt_test_companion *companion)
{
	const json_t *note;
	size_t i;

	json_array_foreach(companion->notes, i, note)
		dprintf(STDERR_FILENO, "%s\n", json_string_value(note));
}

static void leave_result(const struct kt_test_companion *companion,
			 enum ktstr_verdict verdict, uint64_t duration_ns)
{
	json_t *result =
		json_pack("{s:s, s:s, s:I, s:O, s:O}", "test", "exec",
			  "verdict", ktstr_verdict_name(verdict), "duration_ns",
			  (json_int_t)duration_ns, "notes", companion->notes,
			  "metrics", companion->metrics);
	_cleanup_free_ char *text = result ? json_dumps(result, 0) : NULL;

	json_decref(result);
	if (text)
		(void)kt_write_file_atomic(KT_GUEST_RESULT, text, strlen(text),
					   0644);
}

static int run(const char *command, struct kt_test_companion *companion)
{
	struct ktstr_error err = { 0 };
	enum ktstr_verdict verdict = KTSTR_FAIL;
	uint64_t start_ns = kt_now_ns();
	int status = 0;
	pid_t pid;

	if (companion->begin(companion, &verdict, &err) < 0)
		kt_test_companion_note(companion, err.message);
	else if (verdict == KTSTR_PASS && (pid = start_command(command)) > 0)
		status = await_command(pid, companion);
	if (companion->end(companion) == KTSTR_FAIL)
		verdict = KTSTR_FAIL;
	tell(companion);
	leave_result(companion, verdict, kt_now_ns() - start_ns);
	return verdict == KTSTR_PASS ? kt_exit_code(status) :
				       ktstr_verdict_exit_code(verdict);
}

int kt_exec_main(const char *command)
{
	struct kt_guest_scheduler scheduler;
	struct kt_given_scheduler given;
	struct ktstr_error err = { 0 };
	int status = EXIT_BROKEN;

	leave_signals(SIG_IGN);
	if (kt_given_scheduler_read(&given, &err) < 0) {
		dprintf(STDERR_FILENO, "%s\n", err.message);
		return EXIT_BROKEN;
	}
	if (kt_guest_scheduler_init(&scheduler, &given.declared, given.argv,
				    &kt_scheduler_in_guest, &err) < 0) {
		dprintf(STDERR_FILENO, "%s\n", err.message);
	} else {
		status = run(command, &scheduler.companion);
		kt_guest_scheduler_deinit(&scheduler);
	}
	kt_given_scheduler_deinit(&given);
	return status;
}
