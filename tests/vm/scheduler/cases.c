// SPDX-License-Identifier: GPL-2.0-only
/* What can become of a scheduler under test, for scheduler.sh to look at. */
#include <ktstr/scheduler.h>
#include <ktstr/test.h>

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define SCHED_EXT "/sys/kernel/sched_ext/"

#define SMALL                                                                  \
	.cores = 2, .memory_mib = 256, .duration_s = 20, .watchdog_timeout_s = 0

KTSTR_SCHEDULER(fixture, .binary = "scx_ktstr")
KTSTR_SCHEDULER(fixture_that_exits, .binary = "scx_ktstr",
		.args = KTSTR_WORDS("--exit-after=1"))
KTSTR_SCHEDULER(fixture_that_stalls, .binary = "scx_ktstr",
		.args = KTSTR_WORDS("--stall-comm=starved", "--impatient"))
KTSTR_SCHEDULER(fixture_in_error, .binary = "./scx_ktstr",
		.args = KTSTR_WORDS("--linger"))
KTSTR_SCHEDULER(
	tuned, .binary = "scx_ktstr",
	.enable = KTSTR_WORDS("sysctl -w kernel.sched_rr_timeslice_ms=40",
			      "echo enabled > /tmp/enabled"),
	.disable = KTSTR_WORDS("test $(cat /tmp/enabled) = enabled",
			       "rm /tmp/enabled /tmp/absent"),
	.cmdline = "ktstr.word=of_the_scheduler")
KTSTR_SCHEDULER(wrongly_tuned,
		.enable = KTSTR_WORDS("true", "echo no such knob; exit 7",
				      "touch /tmp/never"))
KTSTR_SCHEDULER(absent, .binary = "no-such-scheduler")

static void read_text(const char *path, char *ret, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? 0 : read(fd, ret, size - 1);

	ret[n > 0 ? n : 0] = '\0';
	if (fd >= 0)
		close(fd);
}

static _Noreturn void spin(void)
{
	for (;;)
		;
}

/* Workers that are told to spin, and do so on all CPUs. */
KTSTR_TEST(attaches, SMALL, .scheduler = &fixture)
{
	pid_t workers[4];
	char text[64];

	read_text(SCHED_EXT "root/ops", text, sizeof(text));
	KTSTR_REQUIRE(ctx, strcmp(text, "ktstr\n") == 0);
	for (size_t i = 0; i < 4; i++) {
		workers[i] = fork();
		if (workers[i] == 0)
			spin();
	}
	usleep(300 * 1000);
	for (size_t i = 0; i < 4; i++) {
		char stat[512], path[64];
		const char *end;
		unsigned long ticks = 0;

		snprintf(path, sizeof(path), "/proc/%d/stat", workers[i]);
		read_text(path, stat, sizeof(stat));
		end = strrchr(stat, ')');
		KTSTR_REQUIRE(ctx, end);
		KTSTR_REQUIRE(ctx, sscanf(end,
					  ") %*c %*d %*d %*d %*d %*d %*u %*u "
					  "%*u %*u %*u %lu",
					  &ticks) == 1);
		KTSTR_REQUIRE(ctx, ticks > 0);
		kill(workers[i], SIGKILL);
		waitpid(workers[i], NULL, 0);
	}
	read_text(SCHED_EXT "state", text, sizeof(text));
	KTSTR_REQUIRE(ctx, strcmp(text, "enabled\n") == 0);
	return KTSTR_PASS;
}

/* Each to be ended long before its time. */
KTSTR_TEST(dies, SMALL, .scheduler = &fixture_that_exits)
{
	ktstr_note(ctx, "waiting for the end of it");
	sleep(1000);
	return KTSTR_PASS;
}

KTSTR_TEST(starves, SMALL, .scheduler = &fixture_that_stalls)
{
	(void)ctx;
	if (fork() == 0) {
		prctl(PR_SET_NAME, "starved");
		spin();
	}
	sleep(1000);
	return KTSTR_PASS;
}

KTSTR_TEST(is_thrown_out, SMALL, .scheduler = &fixture_in_error,
	   .extra_sched_args = KTSTR_WORDS("--crash=1", "--after=1"))
{
	(void)ctx;
	sleep(1000);
	return KTSTR_PASS;
}

KTSTR_TEST(refuses, SMALL, .scheduler = &fixture,
	   .extra_sched_args = KTSTR_WORDS("--refuse"))
{
	ktstr_note(ctx, "this test was run");
	return KTSTR_PASS;
}

/* By the host, before it begins. */
KTSTR_TEST(is_told_to_crash, SMALL, .scheduler = &fixture_in_error,
	   KTSTR_MAP_WRITES({ .map = "settings", .offset = 4, .value = 1 },
			    { .map = ".bss", .variable = "crash", .value = 1 }))
{
	(void)ctx;
	sleep(1000);
	return KTSTR_PASS;
}

/* Its second disable line fails, and so does the test. */
KTSTR_TEST(is_tuned, SMALL, .scheduler = &tuned)
{
	char text[4096];

	read_text("/proc/sys/kernel/sched_rr_timeslice_ms", text, sizeof(text));
	KTSTR_REQUIRE(ctx, strcmp(text, "40\n") == 0);
	read_text("/proc/cmdline", text, sizeof(text));
	KTSTR_REQUIRE(ctx, strstr(text, "ktstr.word=of_the_scheduler"));
	ktstr_note(ctx, "all was tuned");
	return KTSTR_PASS;
}

KTSTR_TEST(is_wrongly_tuned, SMALL, .scheduler = &wrongly_tuned)
{
	ktstr_note(ctx, "this test was run");
	return KTSTR_PASS;
}

KTSTR_TEST(has_none, SMALL, .scheduler = &absent)
{
	ktstr_note(ctx, "this test was run");
	return KTSTR_PASS;
}
