// SPDX-License-Identifier: GPL-2.0-only
#include "test.h"

#include <poll.h>
#include <pty.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/macro.h"
#include "cli/terminal.h"
#include "cli/watch.h"

/*
 * A child on a pseudoterminal watches a VM that is not one; the test plays the
 * user at the other end. What the watcher asks of the VM comes back as lines.
 */
struct user {
	pid_t child;
	int master;
	int events;   /* lines from the child */
	int commands; /* one letter each, to the child */
	struct termios before;
};

#define WAIT_MS 20000

/* The child's side. */
static int child_events, child_stop[2];
static bool never_ends; /* the VM does not care for being stopped */
static bool without_vm; /* the watch calls back instead */

/* One write a line: two threads of the child speak. */
static void say(const char *line)
{
	char text[128];
	int n = snprintf(text, sizeof(text), "%s\n", line);

	(void)kt_write_all(child_events, text, (size_t)n);
}

/* These stand in for the library's. */
void ktstr_vm_stop(struct ktstr_vm *vm)
{
	(void)vm;
	say("stop");
	if (!never_ends)
		(void)kt_write_all(child_stop[1], "x", 1);
}

void ktstr_vm_resize_terminal(struct ktstr_vm *vm, uint16_t columns, uint16_t rows)
{
	char line[64];

	(void)vm;
	snprintf(line, sizeof(line), "size %ux%u", columns, rows);
	say(line);
}

static void on_command(char command)
{
	switch (command) {
	case 'a':
		abort();
	case 's':
		raise(SIGSEGV);
		break;
	case 'q':
		(void)kt_write_all(child_stop[1], "x", 1);
	}
}

/* Stands in for ktstr_vm_run(): until something stops it. */
static void run(const struct kt_watch *watch, int commands)
{
	struct pollfd fds[] = {
		{ .fd = child_stop[0], .events = POLLIN },
		{ .fd = watch->keys_fd, .events = POLLIN },
		{ .fd = commands, .events = POLLIN },
	};

	while (poll(fds, KT_ARRAY_SIZE(fds), WAIT_MS) > 0 && !fds[0].revents) {
		char text[64] = "keys ";
		char command;

		if (fds[1].revents & POLLIN &&
		    read(watch->keys_fd, text + 5, sizeof(text) - 6) > 0)
			say(text);
		if (fds[2].revents && read(commands, &command, 1) == 1)
			on_command(command);
	}
}

static void on_end(void *userdata)
{
	say(userdata);
	(void)kt_write_all(child_stop[1], "x", 1);
}

static void child_main(int commands)
{
	struct ktstr_error err = { 0 };
	struct ktstr_vm *vm = without_vm ? NULL : (struct ktstr_vm *)&err;
	struct kt_watch watch;
	int r = pipe(child_stop);

	if (r == 0)
		r = kt_watch_init(&watch, true, &err);
	if (r == 0) {
		watch.end = on_end;
		watch.userdata = (char *)"end";
		r = kt_watch_start(&watch, vm, &err);
	}
	if (r < 0) {
		say(err.message);
		_exit(1);
	}
	say("started");
	run(&watch, commands);
	kt_watch_stop(&watch);
	say(watch.escaped ? "escaped" : "ended");
	kt_watch_deinit(&watch);
	_exit(0);
}

/* The user's side. */
static void read_event(struct user *user, char *line, size_t bytes)
{
	size_t n = 0;

	while (n < bytes - 1) {
		struct pollfd fd = { .fd = user->events, .events = POLLIN };

		if (poll(&fd, 1, WAIT_MS) <= 0 ||
		    read(user->events, &line[n], 1) != 1)
			fail_msg("no event came");
		if (line[n] == '\n')
			break;
		n++;
	}
	line[n] = '\0';
}

static void expect_event(struct user *user, const char *expected)
{
	char line[128];

	read_event(user, line, sizeof(line));
	assert_string_equal(line, expected);
}

/* As above, past one event that may come before it. */
static void expect_event_among(struct user *user, const char *expected,
			       const char *maybe)
{
	char line[128];

	read_event(user, line, sizeof(line));
	if (strcmp(line, maybe) == 0)
		read_event(user, line, sizeof(line));
	assert_string_equal(line, expected);
}

static bool is_raw(const struct user *user)
{
	struct termios now;

	assert_int_equal(tcgetattr(user->master, &now), 0);
	return !(now.c_lflag & (ICANON | ECHO | ISIG)) && !(now.c_oflag & OPOST);
}

static void assert_restored(const struct user *user)
{
	struct termios now;

	assert_int_equal(tcgetattr(user->master, &now), 0);
	assert_int_equal(now.c_lflag, user->before.c_lflag);
	assert_int_equal(now.c_iflag, user->before.c_iflag);
	assert_int_equal(now.c_oflag, user->before.c_oflag);
	assert_memory_equal(now.c_cc, user->before.c_cc, sizeof(now.c_cc));
}

static void start(struct user *user)
{
	struct winsize size = { .ws_col = 100, .ws_row = 30 };
	int events[2], commands[2];

	assert_int_equal(pipe(events), 0);
	assert_int_equal(pipe(commands), 0);
	user->child = forkpty(&user->master, NULL, NULL, &size);
	assert_true(user->child >= 0);
	if (user->child == 0) {
		/* What the terminal was is told before anything changes. */
		struct termios before = { 0 };

		tcgetattr(STDIN_FILENO, &before);
		child_events = events[1];
		(void)kt_write_all(child_events, &before, sizeof(before));
		close(events[0]);
		close(commands[1]);
		/* Those of cmocka would go on with the next test. */
		signal(SIGSEGV, SIG_DFL);
		signal(SIGABRT, SIG_DFL);
		child_main(commands[0]);
	}
	close(events[1]);
	close(commands[0]);
	user->events = events[0];
	user->commands = commands[1];
	assert_int_equal(
		kt_read_all(user->events, &user->before, sizeof(user->before)),
		0);
	assert_true(user->before.c_lflag & ICANON);
	expect_event(user, "size 100x30");
	expect_event(user, "started");
	assert_true(is_raw(user));
}

static int finish(struct user *user)
{
	int status;

	assert_int_equal(waitpid(user->child, &status, 0), user->child);
	close(user->events);
	close(user->commands);
	close(user->master);
	return status;
}

static void the_terminal_is_restored_when_the_vm_ends(void **state)
{
	struct user user;

	(void)state;
	start(&user);
	assert_int_equal(write(user.commands, "q", 1), 1);
	expect_event(&user, "ended");
	assert_restored(&user);
	assert_int_equal(finish(&user), 0);
}

static void a_signal_stops_the_vm_and_then_ends_the_process(void **state)
{
	static const int signals[] = { SIGINT, SIGTERM, SIGHUP };

	(void)state;
	for (size_t i = 0; i < KT_ARRAY_SIZE(signals); i++) {
		struct user user;
		int status;

		start(&user);
		kill(user.child, signals[i]);
		expect_event(&user, "stop");
		expect_event(&user, "ended");
		assert_restored(&user);
		status = finish(&user);
		assert_true(WIFSIGNALED(status));
		assert_int_equal(WTERMSIG(status), signals[i]);
	}
}

static void a_crash_restores_the_terminal(void **state)
{
	static const char *const commands[] = { "a", "s" };

	(void)state;
	for (size_t i = 0; i < KT_ARRAY_SIZE(commands); i++) {
		struct user user;
		struct pollfd fd;
		char c;

		start(&user);
		assert_int_equal(write(user.commands, commands[i], 1), 1);
		/* The events end with the process. */
		fd = (struct pollfd){ .fd = user.events, .events = POLLIN };
		assert_int_equal(poll(&fd, 1, WAIT_MS), 1);
		assert_int_equal(read(user.events, &c, 1), 0);
		assert_restored(&user);
		assert_true(WIFSIGNALED(finish(&user)));
	}
}

static void stopping_gives_the_terminal_back_for_a_while(void **state)
{
	struct user user;
	int status;

	(void)state;
	start(&user);
	kill(user.child, SIGTSTP);
	assert_int_equal(waitpid(user.child, &status, WUNTRACED), user.child);
	assert_true(WIFSTOPPED(status));
	assert_restored(&user);
	kill(user.child, SIGCONT);
	/* The size may have changed meanwhile. */
	expect_event(&user, "size 100x30");
	assert_true(is_raw(&user));
	kill(user.child, SIGTERM);
	expect_event(&user, "stop");
	expect_event(&user, "ended");
	assert_restored(&user);
	finish(&user);
}

static void a_new_window_size_is_passed_on(void **state)
{
	struct winsize size = { .ws_col = 132, .ws_row = 43 };
	struct user user;

	(void)state;
	start(&user);
	assert_int_equal(ioctl(user.master, TIOCSWINSZ, &size), 0);
	expect_event(&user, "size 132x43");
	assert_int_equal(write(user.commands, "q", 1), 1);
	expect_event(&user, "ended");
	finish(&user);
}

static void keys_reach_the_vm_as_they_are(void **state)
{
	struct user user;

	(void)state;
	start(&user);
	/* Not a signal, not a line's end: nothing is made of them here. */
	assert_int_equal(write(user.master, "ls\r\003", 4), 4);
	expect_event(&user, "keys ls\r\003");
	assert_int_equal(write(user.commands, "q", 1), 1);
	expect_event(&user, "ended");
	finish(&user);
}

static void three_escape_keys_end_the_vm(void **state)
{
	struct user user;

	(void)state;
	start(&user);
	/* Other keys between them start the count anew. */
	assert_int_equal(write(user.master, "\035\035x\035", 4), 4);
	expect_event(&user, "keys \035\035x\035");
	assert_int_equal(write(user.master, "y", 1), 1);
	expect_event(&user, "keys y");
	assert_int_equal(write(user.master, "\035\035\035", 3), 3);
	/* The keys themselves may still get there before the end. */
	expect_event_among(&user, "stop", "keys \035\035\035");
	expect_event_among(&user, "escaped", "keys \035\035\035");
	assert_restored(&user);
	assert_int_equal(finish(&user), 0);
}

static void without_a_vm_the_first_signal_calls_back(void **state)
{
	struct user user;
	int status;

	(void)state;
	without_vm = true;
	start(&user);
	without_vm = false;
	kill(user.child, SIGINT);
	expect_event(&user, "end");
	expect_event(&user, "ended");
	assert_restored(&user);
	status = finish(&user);
	assert_true(WIFSIGNALED(status));
	assert_int_equal(WTERMSIG(status), SIGINT);
}

/* As a user types it who does not want to wait for the end. */
static void a_second_signal_ends_the_process_at_once(void **state)
{
	struct user user;
	int status;

	(void)state;
	never_ends = true;
	start(&user);
	never_ends = false;
	kill(user.child, SIGINT);
	expect_event(&user, "stop");
	kill(user.child, SIGINT);
	status = finish(&user);
	assert_true(WIFSIGNALED(status));
	assert_int_equal(WTERMSIG(status), SIGINT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_terminal_is_restored_when_the_vm_ends),
		cmocka_unit_test(a_signal_stops_the_vm_and_then_ends_the_process),
		cmocka_unit_test(a_crash_restores_the_terminal),
		cmocka_unit_test(stopping_gives_the_terminal_back_for_a_while),
		cmocka_unit_test(a_new_window_size_is_passed_on),
		cmocka_unit_test(keys_reach_the_vm_as_they_are),
		cmocka_unit_test(three_escape_keys_end_the_vm),
		cmocka_unit_test(without_a_vm_the_first_signal_calls_back),
		cmocka_unit_test(a_second_signal_ends_the_process_at_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
