// SPDX-License-Identifier: GPL-2.0-only
#include "guest/scheduler.h"

#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/utsname.h>
#include <sys/wait.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/macro.h"
#include "guest/event.h"
#include "guest/go.h"
#include "guest/kmsg.h"
#include "guest/port.h"
#include "guest/sched_ext.h"
#include "guest/shell_lines.h"
#include "wire/guest_files.h"

#define NS_PER_MS 1000000ull

/* A uevent tells of a change; this is for one that is lost. */
#define STEP_MS 50

#define LOG_SHOWN 1500

/* Of the kernel's words for an end, those for one that was asked for. */
#define BY_ITSELF "(unregistered from user space)"

/* Exit codes of a program that could not even be run, as in a shell. */
#define EXIT_CANNOT_RUN 126
#define EXIT_NOT_THERE  127

const struct kt_scheduler_places kt_scheduler_in_guest = {
	.sched_ext = "/sys/kernel/sched_ext",
	.kmsg = "/dev/kmsg",
	.shell = "/bin/sh",
	.log = KT_GUEST_SCHEDULER_LOG,
	.bpf_stats = "/proc/sys/kernel/bpf_stats_enabled",
	.events = KT_GUEST_EVENTS,
	.await_go = KT_GUEST_AWAIT_GO,
	.go = KT_GUEST_GO,
	.line_ms = KT_SCHEDULER_LINE_S * 1000,
	.attach_ms = KT_SCHEDULER_ATTACH_S * 1000,
	.stop_ms = KT_SCHEDULER_STOP_S * 1000,
	.go_ms = KT_GO_S * 1000,
	.settle_ms = 3000,
};

static void note(struct kt_guest_scheduler *s, const char *fmt, ...)
	KT_PRINTF(2, 3);

static void note(struct kt_guest_scheduler *s, const char *fmt, ...)
{
	_cleanup_strbuf_ struct kt_strbuf text = { 0 };
	va_list args;

	va_start(args, fmt);
	kt_strbuf_vaddf(&text, fmt, args);
	va_end(args);
	kt_test_companion_note(&s->companion, kt_strbuf_text(&text));
}

/* For the timeline, beside what the test does. */
static void tell_event(const struct kt_guest_scheduler *s, const char *what)
{
	kt_event_send_to(s->places->events, "scheduler", "", what, kt_now_ns());
}

static double seconds_since(uint64_t start_ns)
{
	return (double)(kt_now_ns() - start_ns) / 1e9;
}

/* What it leaves: the kernel's words for the end, and its own last ones. */
static void note_evidence(struct kt_guest_scheduler *s)
{
	const char *tail;
	size_t length;

	kt_sched_ext_read_log(s->kmsg_fd, &s->kernel_log);
	if (s->kernel_log.length)
		note(s, "the kernel said of it:\n%.*s",
		     (int)s->kernel_log.length - 1, s->kernel_log.data);
	kt_program_update(&s->program);
	tail = kt_program_tail(&s->program, LOG_SHOWN, &length);
	if (length)
		note(s, "the end of the scheduler's log:\n%.*s", (int)length,
		     tail);
	else
		note(s, "the scheduler's log is empty");
}

static void drain_uevents(const struct kt_guest_scheduler *s)
{
	char data[8192];

	/* Any, and a loss of some too: the state is asked for itself. */
	while (s->uevent_fd >= 0 &&
	       (read(s->uevent_fd, data, sizeof(data)) > 0 || errno == ENOBUFS))
		;
}

static bool is_attached(const struct kt_guest_scheduler *s)
{
	struct kt_sched_ext state;

	return kt_sched_ext_read(s->places->sched_ext, &state) == 0 &&
	       kt_sched_ext_is_attached(&state);
}

static int watch(struct kt_guest_scheduler *s, int fd)
{
	struct epoll_event event = { .events = EPOLLIN };

	if (fd < 0)
		return 0;
	return epoll_ctl(s->watch_fd, EPOLL_CTL_ADD, fd, &event) < 0 ? -errno : 0;
}

/* The last words of one that ended before it had attached. */
static int tell_early_end(struct kt_guest_scheduler *s, struct ktstr_error *err)
{
	_cleanup_strbuf_ struct kt_strbuf end = { 0 };
	int status = s->program.wait_status;
	const char *tail;
	size_t length;

	kt_program_describe_end(&s->program, &end);
	tail = kt_program_tail(&s->program, LOG_SHOWN, &length);
	if (WIFEXITED(status) && (WEXITSTATUS(status) == EXIT_CANNOT_RUN ||
				  WEXITSTATUS(status) == EXIT_NOT_THERE))
		return kt_err(
			err, -ENOEXEC,
			"the scheduler %s (%s) could not be run: it %s%s%.*s",
			s->declared->name, s->argv[0], kt_strbuf_text(&end),
			length ? ": " : "", (int)length, tail);
	note(s, "the scheduler %s (%s) %s before it had attached%s",
	     s->declared->name, s->argv[0], kt_strbuf_text(&end),
	     status == 0 ? ": it has to stay for as long as the test runs" : "");
	note_evidence(s);
	return 0;
}

static void tell_no_attach(struct kt_guest_scheduler *s)
{
	struct kt_sched_ext state = { .state = "unknown" };

	(void)kt_sched_ext_read(s->places->sched_ext, &state);
	note(s,
	     "the scheduler %s (%s) runs, but had not attached after %.6g s: "
	     "the state of %s is \"%s\"",
	     s->declared->name, s->argv[0], s->places->attach_ms / 1000.0,
	     s->places->sched_ext, state.state);
	note_evidence(s);
}

/* KTSTR_PASS once it is attached. */
static int start_program(struct kt_guest_scheduler *s, enum ktstr_verdict *ret,
			 struct ktstr_error *err)
{
	uint64_t start_ns = kt_now_ns();
	uint64_t deadline_ns = start_ns + s->places->attach_ms * NS_PER_MS;
	int r = kt_program_start(&s->program, s->argv[0], s->argv,
				 KT_SCHEDULER_LOG_BYTES, err);

	if (r < 0)
		return r;
	*ret = KTSTR_FAIL;
	while (!is_attached(s)) {
		uint64_t now = kt_now_ns();

		if (now >= deadline_ns) {
			tell_no_attach(s);
			return 0;
		}
		if (kt_program_await(&s->program,
				     KT_MIN(now + STEP_MS * NS_PER_MS, deadline_ns),
				     s->uevent_fd))
			return tell_early_end(s, err);
		drain_uevents(s);
	}
	s->is_attached = true;
	tell_event(s, "attached");
	kt_test_companion_metric(&s->companion, "scheduler_attach",
				 seconds_since(start_ns) * 1000, "ms");
	if ((r = watch(s, s->program.pid_fd)) < 0 ||
	    (r = watch(s, s->program.output_fd)) < 0 ||
	    (r = watch(s, s->uevent_fd)) < 0)
		return kt_err_errno(err, r, "cannot watch the scheduler");
	*ret = KTSTR_PASS;
	return 0;
}

static bool lacks_sched_ext(struct kt_guest_scheduler *s)
{
	struct kt_sched_ext state;
	struct utsname name;
	int r = kt_sched_ext_read(s->places->sched_ext, &state);

	if (r == 0)
		return false;
	uname(&name);
	note(s,
	     "the kernel %s has no sched_ext, which the scheduler %s needs "
	     "(%s/state: %s); boot one with CONFIG_SCHED_CLASS_EXT",
	     name.release, s->declared->name, s->places->sched_ext, strerror(-r));
	return true;
}

/* For the host, which reads what they cost. A kernel without this goes on. */
static void let_programs_be_timed(const struct kt_guest_scheduler *s)
{
	_cleanup_close_ int fd =
		open(s->places->bpf_stats, O_WRONLY | O_CLOEXEC);

	if (fd >= 0)
		(void)kt_write_all(fd, "1\n", 2);
}

static int begin(struct kt_test_companion *companion, enum ktstr_verdict *ret,
		 struct ktstr_error *err)
{
	struct kt_guest_scheduler *s = companion->userdata;
	struct ktstr_error why = { 0 };
	int r;

	if (s->argv && lacks_sched_ext(s)) {
		*ret = KTSTR_SKIP;
		return 0;
	}
	if (s->kmsg_fd >= 0)
		(void)lseek(s->kmsg_fd, 0, SEEK_END);
	if (s->argv)
		let_programs_be_timed(s);
	if (kt_shell_lines_run(s->places->shell, "enable", s->declared->enable,
			       s->places->line_ms, &why) < 0) {
		note(s, "%s", why.message);
		*ret = KTSTR_FAIL;
		return 0;
	}
	s->is_enabled = true;
	*ret = KTSTR_PASS;
	r = s->argv ? start_program(s, ret, err) : 0;
	if (!r && *ret == KTSTR_PASS &&
	    kt_go_await(s->places->await_go, s->places->go, s->places->go_ms,
			&why) < 0) {
		note(s, "%s", why.message);
		*ret = KTSTR_FAIL;
	}
	s->test_start_ns = kt_now_ns();
	return r;
}

/* Until the kernel has put it away, so that its log has the record of that. */
static void await_detached(struct kt_guest_scheduler *s)
{
	uint64_t deadline_ns = kt_now_ns() + s->places->settle_ms * NS_PER_MS;
	struct kt_sched_ext state;

	while (kt_sched_ext_read(s->places->sched_ext, &state) == 0 &&
	       strcmp(state.state, "disabled") != 0 && kt_now_ns() < deadline_ns) {
		struct pollfd fd = { .fd = s->uevent_fd, .events = POLLIN };

		poll(&fd, 1, STEP_MS);
		drain_uevents(s);
	}
}

/*
 * What became of one that was attached. A program that ends detaches by that,
 * and one that the kernel threw out mostly ends, so which came first is told by
 * the kernel's log.
 */
static void tell_end(struct kt_guest_scheduler *s, double after_s)
{
	_cleanup_strbuf_ struct kt_strbuf end = { 0 };
	bool by_itself;

	await_detached(s);
	kt_sched_ext_read_log(s->kmsg_fd, &s->kernel_log);
	(void)kt_program_await(
		&s->program, kt_now_ns() + s->places->settle_ms * NS_PER_MS, -1);
	by_itself = s->kernel_log.length ?
			    strstr(s->kernel_log.data, BY_ITSELF) != NULL :
			    s->program.ended;
	if (s->program.ended)
		kt_program_describe_end(&s->program, &end);
	else
		kt_strbuf_add(&end, "still runs");
	tell_event(s, by_itself ? "ended" : "thrown out");
	if (by_itself && s->program.ended)
		note(s, "the scheduler %s (%s) %s %.3f s into the test",
		     s->declared->name, s->argv[0], kt_strbuf_text(&end),
		     after_s);
	else
		note(s,
		     "the %s the scheduler %s %.3f s into the test; its "
		     "program (%s) %s",
		     by_itself ? "program detached" : "kernel ended",
		     s->declared->name, after_s, s->argv[0],
		     kt_strbuf_text(&end));
	note_evidence(s);
}

/* Whether it is as it should be; told once when it is not. */
static bool is_well(struct kt_guest_scheduler *s)
{
	if (s->has_failed)
		return false;
	drain_uevents(s);
	kt_program_update(&s->program);
	if (!s->program.ended && is_attached(s))
		return true;
	s->has_failed = true;
	tell_end(s, seconds_since(s->test_start_ns));
	return false;
}

static bool attend(struct kt_test_companion *companion)
{
	struct kt_guest_scheduler *s = companion->userdata;

	return is_well(s);
}

static void stop_program(struct kt_guest_scheduler *s)
{
	if (!kt_program_stop(&s->program, s->places->stop_ms))
		note(s,
		     "the scheduler %s had not ended %.6g s after a SIGTERM, "
		     "and "
		     "was killed",
		     s->declared->name, s->places->stop_ms / 1000.0);
}

/* Whether the kernel has put it away, which a stop has to lead to. */
static bool has_detached(struct kt_guest_scheduler *s)
{
	struct kt_sched_ext state = { .state = "unknown" };

	await_detached(s);
	if (kt_sched_ext_read(s->places->sched_ext, &state) < 0 ||
	    strcmp(state.state, "disabled") == 0) {
		tell_event(s, "detached");
		return true;
	}
	note(s,
	     "the scheduler %s had not detached %.6g s after its end: the state "
	     "of %s is \"%s\"",
	     s->declared->name, s->places->settle_ms / 1000.0,
	     s->places->sched_ext, state.state);
	return false;
}

static void write_log(const struct kt_guest_scheduler *s)
{
	size_t length;
	const char *tail =
		kt_program_tail(&s->program, KT_SCHEDULER_LOG_BYTES, &length);

	(void)kt_write_file_atomic(s->places->log, tail, length, 0644);
}

static enum ktstr_verdict end(struct kt_test_companion *companion)
{
	struct kt_guest_scheduler *s = companion->userdata;
	enum ktstr_verdict verdict = KTSTR_PASS;
	struct ktstr_error why = { 0 };

	if (s->is_attached && !is_well(s))
		verdict = KTSTR_FAIL;
	if (s->program.pid > 0) {
		stop_program(s);
		write_log(s);
		if (s->is_attached && !has_detached(s))
			verdict = KTSTR_FAIL;
	}
	if (s->is_enabled && kt_shell_lines_run(s->places->shell, "disable",
						s->declared->disable,
						s->places->line_ms, &why) < 0) {
		note(s, "%s", why.message);
		verdict = KTSTR_FAIL;
	}
	return verdict;
}

int kt_guest_scheduler_init(struct kt_guest_scheduler *s,
			    const struct ktstr_scheduler *declared, char **argv,
			    const struct kt_scheduler_places *places,
			    struct ktstr_error *err)
{
	int r;

	*s = (struct kt_guest_scheduler){
		.declared = declared,
		.argv = argv,
		.places = places,
		.program = KT_PROGRAM_NONE,
		.uevent_fd = -1,
		.kmsg_fd = -1,
		.watch_fd = epoll_create1(EPOLL_CLOEXEC),
	};
	if (s->watch_fd < 0)
		return kt_err_errno(err, -errno, "cannot make an epoll");
	r = kt_test_companion_init(&s->companion, err);
	if (r < 0) {
		kt_guest_scheduler_deinit(s);
		return r;
	}
	s->companion.userdata = s;
	s->companion.watch_fd = s->watch_fd;
	s->companion.begin = begin;
	s->companion.attend = attend;
	s->companion.end = end;
	/* Both are for speed and for evidence; a test can do without. */
	s->uevent_fd = kt_port_listen();
	s->kmsg_fd = kt_kmsg_open(places->kmsg);
	return 0;
}

void kt_guest_scheduler_deinit(struct kt_guest_scheduler *s)
{
	kt_program_deinit(&s->program);
	kt_test_companion_deinit(&s->companion);
	kt_strbuf_deinit(&s->kernel_log);
	kt_close(s->uevent_fd);
	kt_close(s->kmsg_fd);
	kt_close(s->watch_fd);
}
