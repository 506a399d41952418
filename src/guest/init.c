// SPDX-License-Identifier: GPL-2.0-only
#include "guest/init.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/klog.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <termios.h>
#include <time.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/fd.h"
#include "base/macro.h"
#include "guest/child.h"
#include "guest/crash.h"
#include "guest/events.h"
#include "guest/exec.h"
#include "guest/files.h"
#include "guest/kmsg.h"
#include "guest/link.h"
#include "guest/modules.h"
#include "guest/mounts.h"
#include "guest/port.h"
#include "guest/session.h"
#include "wire/guest_files.h"
#include "wire/payload.h"

#define INIT_PORT_NAME        "ktstr.wire"
/* A starved host takes its time, and the run has a limit of its own. */
#define INIT_PORT_TIMEOUT_MS  60000
#define INIT_CONSOLE          "/dev/hvc0"
#define INIT_CONSOLE_STEP_MS  20
/* As slow as the reader of the output is: the host has a time limit of its own. */
#define INIT_DRAIN_MS         (24 * 3600 * 1000)
#define INIT_END_MS           10000
#define INIT_CRASH_DRAIN_MS   2000
#define INIT_EXEC_MAX_BYTES   (1u << 20)
#define INIT_TERMINAL_MAX     1000
#define INIT_SYSCTL_MAX_BYTES (64 * KT_KIB)

/* SYSLOG_ACTION_CONSOLE_LEVEL of syslog(2), which libc does not name. */
#define INIT_SYSLOG_CONSOLE_LEVEL 8

struct init {
	struct kt_link link;
	int uevent_fd;
	int sigchld_fd;

	/* While a test runs. */
	struct kt_events_fifo events;
	int steal_fd;
};

static _Noreturn void init_fatal(struct init *init, const struct ktstr_error *err)
{
	char text[KTSTR_ERROR_MESSAGE_BYTES + 16];
	int length;

	length = snprintf(text, sizeof(text), "init: %s\n", err->message);
	if (init->link.fd >= 0) {
		(void)kt_link_send_text(&init->link, KT_FRAME_CRASH, text);
		(void)kt_link_drain(&init->link, INIT_CRASH_DRAIN_MS);
	}
	kt_crash_write(text, (size_t)length);
	kt_guest_reboot();
}

static void init_note(void *userdata, const char *text)
{
	struct init *init = userdata;

	(void)kt_link_send_text(&init->link, KT_FRAME_LIFECYCLE, text);
}

/* The kernel opens /dev/console as 0, 1 and 2 if it can; nothing else may. */
static void init_fill_stdio(void)
{
	int fd;

	do {
		fd = open("/dev/null", O_RDWR);
	} while (fd >= 0 && fd <= STDERR_FILENO);
	kt_close(fd);
}

/* Init must outlive what it reports on. Without this file it just may not. */
static void init_refuse_oom_kill(void)
{
	_cleanup_close_ int fd =
		open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);

	if (fd >= 0)
		(void)kt_write_all(fd, "-1000", 5);
}

/*
 * A panic raises the console's level by itself, but not from 0
 * (console_verbose()): with "loglevel=0" it would end the guest in silence.
 */
static void init_let_panics_print(void)
{
	_cleanup_free_ char *text = NULL;

	if (kt_read_file("/proc/sys/kernel/printk", INIT_SYSCTL_MAX_BYTES,
			 &text, NULL) == 0 &&
	    atoi(text) == 0)
		(void)klogctl(INIT_SYSLOG_CONSOLE_LEVEL, NULL, 1);
}

static int init_setup_signals(struct init *init, struct ktstr_error *err)
{
	sigset_t mask;
	int r;

	r = kt_crash_install_handlers();
	if (r < 0)
		return kt_err_errno(err, r, "cannot install signal handlers");
	/* A pipe that its reader closed is an error code, not an end. */
	signal(SIGPIPE, SIG_IGN);
	sigemptyset(&mask);
	sigaddset(&mask, SIGCHLD);
	if (sigprocmask(SIG_BLOCK, &mask, NULL) < 0)
		return kt_err_errno(err, -errno, "cannot block SIGCHLD");
	init->sigchld_fd = signalfd(-1, &mask, SFD_NONBLOCK | SFD_CLOEXEC);
	if (init->sigchld_fd < 0)
		return kt_err_errno(err, -errno, "cannot make a signalfd");
	return 0;
}

static int init_check_archive(struct ktstr_error *err)
{
	if (access(KT_GUEST_SENTINEL, F_OK) == 0)
		return 0;
	return kt_err(
		err, -ENOSPC,
		"the initramfs is incomplete (no %s): the guest's memory is "
		"too small for it? Give it more (memory_mib, --memory)",
		KT_GUEST_SENTINEL);
}

static int init_send_ready(struct init *init, struct ktstr_error *err)
{
	_cleanup_strbuf_ struct kt_strbuf payload = {0};
	struct timespec now;
	int r;

	clock_gettime(CLOCK_BOOTTIME, &now);
	kt_payload_add_u64(&payload, (uint64_t)now.tv_sec * 1000000000u +
					     (uint64_t)now.tv_nsec);
	r = kt_link_send(&init->link, KT_FRAME_READY, payload.data,
			 payload.length);
	if (r == 0)
		r = kt_link_flush(&init->link);
	return r < 0 ? kt_err_errno(err, r, "cannot send the ready frame") : 0;
}

/* The shortest way to the ready frame: what can come later does. */
static int init_come_up(struct init *init, struct ktstr_error *err)
{
	int r;

	r = init_setup_signals(init, err);
	if (r < 0)
		return r;
	r = kt_mount_required(err);
	if (r < 0)
		return r;
	init_fill_stdio();
	r = init_check_archive(err);
	if (r < 0)
		return r;
	init->uevent_fd = kt_port_listen();
	if (init->uevent_fd < 0)
		return kt_err_errno(err, init->uevent_fd,
				    "cannot listen to uevents");
	r = kt_modules_load_list(KT_GUEST_MODULES, err);
	if (r < 0)
		return r;
	r = kt_port_open(init->uevent_fd, INIT_PORT_NAME, INIT_PORT_TIMEOUT_MS,
			 &init->link.fd, err);
	if (r < 0)
		return r;
	return init_send_ready(init, err);
}

static void init_furnish(struct init *init)
{
	_cleanup_(kt_string_list_deinit) struct kt_string_list env = {0};
	static const char hostname[] = "ktstr";
	int r;

	init_refuse_oom_kill();
	init_let_panics_print();
	kt_mount_optional(init_note, init);
	if (sethostname(hostname, strlen(hostname)) < 0)
		init_note(init, "cannot set the host name");

	/* What the kernel passed on are words of its command line. */
	clearenv();
	setenv("PATH", "/bin:/sbin:/usr/bin:/usr/sbin", 1);
	setenv("HOME", "/root", 1);
	setenv("TERM", "dumb", 1);
	r = kt_string_list_read(&env, KT_GUEST_ENVIRONMENT);
	if (r == 0)
		r = kt_environment_apply(&env);
	if (r < 0)
		init_note(init, "the environment file is not as it should be");
}

/*
 * hvc0 is there a moment before it can be opened, and nothing tells when: the
 * uevent of its device comes first.
 */
static int init_open_console(struct init *init, int *ret, struct ktstr_error *err)
{
	_cleanup_close_ int fd = -1;
	struct termios raw;

	for (int left_ms = INIT_PORT_TIMEOUT_MS;;
	     left_ms -= INIT_CONSOLE_STEP_MS) {
		struct pollfd poll_fd = {
			.fd = init->uevent_fd,
			.events = POLLIN,
		};

		fd = open(INIT_CONSOLE,
			  O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
		if (fd >= 0)
			break;
		if ((errno != ENODEV && errno != ENXIO && errno != ENOENT) ||
		    left_ms <= 0)
			return kt_err_errno(err, -errno,
					    "cannot open the console %s",
					    INIT_CONSOLE);
		poll(&poll_fd, 1, INIT_CONSOLE_STEP_MS);
	}
	if (tcgetattr(fd, &raw) < 0)
		return kt_err_errno(err, -errno, "%s is no terminal",
				    INIT_CONSOLE);
	cfmakeraw(&raw);
	if (tcsetattr(fd, TCSANOW, &raw) < 0)
		return kt_err_errno(err, -errno, "cannot make %s raw",
				    INIT_CONSOLE);
	*ret = TAKE_FD(fd);
	return 0;
}

/* The size that the host left in the environment, else hvc0's, else 80x24. */
static void init_terminal_size(int console_fd, uint16_t *columns, uint16_t *rows)
{
	struct winsize size = {0};

	(void)ioctl(console_fd, TIOCGWINSZ, &size);
	*columns = (uint16_t)kt_environment_number(KT_GUEST_ENV_COLUMNS,
						   INIT_TERMINAL_MAX);
	*rows = (uint16_t)kt_environment_number(KT_GUEST_ENV_ROWS,
						INIT_TERMINAL_MAX);
	if (*columns == 0 || *rows == 0) {
		*columns = size.ws_col ? size.ws_col : 80;
		*rows = size.ws_row ? size.ws_row : 24;
	}
	/* Programs would take these for the size, also after a change. */
	unsetenv(KT_GUEST_ENV_COLUMNS);
	unsetenv(KT_GUEST_ENV_ROWS);
}

static int init_start_shell(struct init *init, struct kt_child *child,
			    int *ret_console_fd, struct ktstr_error *err)
{
	static char name[] = "sh";
	char *const argv[] = {name, NULL};
	_cleanup_close_ int console_fd = -1;
	uint16_t columns, rows;
	int r;

	if (access("/bin/sh", X_OK) < 0)
		return kt_err_errno(
			err, -errno,
			"there is no shell in the guest: pack busybox");
	r = init_open_console(init, &console_fd, err);
	if (r < 0)
		return r;
	init_terminal_size(console_fd, &columns, &rows);
	r = kt_child_start_pty("/bin/sh", argv, columns, rows, child);
	if (r < 0)
		return kt_err_errno(err, r, "cannot start a shell on a pty");
	*ret_console_fd = TAKE_FD(console_fd);
	return 0;
}

static int init_start_command(char *command, bool under_scheduler,
			      struct kt_child *child, struct ktstr_error *err)
{
	static char name[] = "sh", option[] = "-c", exec_arg[] = KT_EXEC_ARG;
	char *const plain[] = {name, option, command, NULL};
	char *const under[] = {name, exec_arg, command, NULL};
	int r = under_scheduler ? kt_child_start_pipes("/init", under, child) :
				  kt_child_start_pipes("/bin/sh", plain, child);

	return r < 0 ? kt_err_errno(err, r, "cannot start the command") : 0;
}

/*
 * What a test is served with beside its output. The host measures while it
 * runs, and only then, so that a shell does not pay for it.
 */
static int init_serve_test(struct init *init, struct ktstr_error *err)
{
	int r = kt_mkdir_p(KT_GUEST_RUN_DIR, 0755);

	if (r < 0)
		return kt_err_errno(err, r, "cannot make %s", KT_GUEST_RUN_DIR);
	r = kt_events_fifo_open(&init->events, &init->link, KT_GUEST_EVENTS);
	if (r < 0)
		return kt_err_errno(err, r, "cannot make the FIFO %s",
				    KT_GUEST_EVENTS);
	init->steal_fd = open(KT_GUEST_STEAL,
			      O_WRONLY | O_APPEND | O_CREAT | O_EXCL | O_CLOEXEC,
			      0644);
	if (init->steal_fd < 0)
		return kt_err_errno(err, -errno, "cannot make %s",
				    KT_GUEST_STEAL);
	r = kt_link_send(&init->link, KT_FRAME_MEASURE, NULL, 0);
	return r < 0 ? kt_err_errno(err, r, "cannot ask for measurements") : 0;
}

/* A test binary is its guest's init and, once more, the test's own process. */
static int init_start_program(const struct kt_string_list *args,
			      struct kt_child *child, struct ktstr_error *err)
{
	static char init_path[] = "/init";
	_cleanup_free_ char **argv =
		calloc(args->count + 2, sizeof(*argv));
	int r;

	if (!argv)
		return kt_err_errno(err, -ENOMEM, "no memory for arguments");
	argv[0] = init_path;
	for (size_t i = 0; i < args->count; i++)
		argv[i + 1] = args->items[i];
	r = kt_child_start_pipes(init_path, argv, child);
	return r < 0 ? kt_err_errno(err, r, "cannot start %s", init_path) : 0;
}

/* From PID 1 this reaches every process but init itself. */
static void init_kill_leftovers(pid_t session)
{
	(void)session;
	kill(-1, SIGKILL);
}

static int init_run(struct init *init, int *ret_exit_code, struct ktstr_error *err)
{
	_cleanup_close_ int console_fd = -1, kmsg_fd = -1;
	_cleanup_(kt_string_list_deinit) struct kt_string_list args = {0};
	_cleanup_free_ char *command = NULL;
	struct kt_session_config config;
	bool has_scheduler = kt_given_scheduler_exists();
	struct kt_child child;
	int r;

	r = kt_string_list_read(&args, KT_GUEST_ARGS);
	if (r < 0)
		return kt_err_errno(err, r, "cannot read %s", KT_GUEST_ARGS);
	r = kt_read_file(KT_GUEST_EXEC, INIT_EXEC_MAX_BYTES, &command, NULL);
	if (r < 0 && r != -ENOENT)
		return kt_err_errno(err, r, "cannot read %s", KT_GUEST_EXEC);
	kmsg_fd = kt_kmsg_open("/dev/kmsg");
	if (kmsg_fd < 0)
		init_note(init, "cannot open /dev/kmsg");

	config = (struct kt_session_config){
		.link = &init->link,
		.sigchld_fd = init->sigchld_fd,
		.kmsg_fd = kmsg_fd,
		.console_fd = -1,
		.await_symbols = getenv(KT_GUEST_ENV_SYMBOLS) != NULL,
		.vmstat_path = "/proc/vmstat",
		.steal_fd = -1,
		.kill_leftovers = init_kill_leftovers,
	};
	unsetenv(KT_GUEST_ENV_SYMBOLS);
	if (args.count || has_scheduler) {
		r = init_serve_test(init, err);
		if (r < 0)
			return r;
		config.events = &init->events;
		config.steal_fd = init->steal_fd;
	}
	if (args.count) {
		r = init_start_program(&args, &child, err);
	} else if (command) {
		r = init_start_command(command, has_scheduler, &child, err);
	} else {
		r = init_start_shell(init, &child, &console_fd, err);
	}
	if (r < 0)
		return r;
	config.console_fd = console_fd;
	r = kt_session_run(&config, &child, ret_exit_code);
	return r < 0 ? kt_err_errno(err, r, "cannot go on serving the command")
		     : 0;
}

/* Absent where the program was no test, or died before it could write it. */
static int init_send_result(struct init *init, struct ktstr_error *err)
{
	_cleanup_free_ char *text = NULL;
	size_t length;
	int r;

	r = kt_read_file(KT_GUEST_RESULT, KT_FRAME_MAX_PAYLOAD, &text, &length);
	if (r == -ENOENT)
		return 0;
	if (r == 0)
		r = kt_link_send(&init->link, KT_FRAME_TEST_RESULT, text, length);
	return r < 0 ? kt_err_errno(err, r, "cannot send the test's result") : 0;
}

/*
 * Absent unless the test had a scheduler that is a program. It is evidence, and
 * the run has its result without it.
 */
static void init_send_scheduler_log(struct init *init)
{
	_cleanup_free_ char *text = NULL;
	size_t length;
	int r;

	r = kt_read_file(KT_GUEST_SCHEDULER_LOG, KT_SCHEDULER_LOG_BYTES, &text,
			 &length);
	if (r == -ENOENT)
		return;
	if (r == 0)
		r = kt_link_send(&init->link, KT_FRAME_SCHEDULER_LOG, text,
				 length);
	if (r < 0)
		init_note(init, "the scheduler's log is lost");
}

static int init_send_exit(struct init *init, int exit_code,
			  struct ktstr_error *err)
{
	_cleanup_strbuf_ struct kt_strbuf payload = {0};
	int r;

	kt_payload_add_i32(&payload, exit_code);
	r = kt_link_send(&init->link, KT_FRAME_EXIT, payload.data,
			 payload.length);
	if (r == 0)
		r = kt_link_drain(&init->link, INIT_DRAIN_MS);
	return r < 0 ? kt_err_errno(err, r, "cannot send the exit code") : 0;
}

/*
 * The host ends the machine when it has read the exit code. A reset from here
 * could come before that, and takes unread frames with it.
 */
static void init_await_end(const struct init *init)
{
	struct pollfd fd = {.fd = init->link.fd};

	poll(&fd, 1, INIT_END_MS);
}

int kt_guest_init_main(int argc, char **argv)
{
	struct init init = {.uevent_fd = -1, .sigchld_fd = -1};
	struct ktstr_error err;
	int exit_code;

	(void)argc;
	(void)argv;
	if (getpid() != 1) {
		dprintf(STDERR_FILENO,
			"ktstr-init runs as PID 1 of a guest that ktstr boots; "
			"it does nothing here\n");
		return 2;
	}
	kt_link_init(&init.link, -1);
	if (init_come_up(&init, &err) < 0)
		init_fatal(&init, &err);
	init_furnish(&init);
	if (init_run(&init, &exit_code, &err) < 0)
		init_fatal(&init, &err);
	init_send_scheduler_log(&init);
	if (init_send_result(&init, &err) < 0 ||
	    init_send_exit(&init, exit_code, &err) < 0)
		init_fatal(&init, &err);
	init_await_end(&init);
	kt_guest_reboot();
}
