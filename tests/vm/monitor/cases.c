// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a guest says of its own scheduler, again and again, for monitor.py to
 * hold against what the host saw meanwhile. A reading is an event, whose time
 * is when it began, and whose detail is a JSON object that also says when it
 * ended.
 */
#include <ktstr/monitor.h>
#include <ktstr/scheduler.h>
#include <ktstr/test.h>

#include <fcntl.h>
#include <inttypes.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "guest/event.h"

#define SPINNERS    3
#define READINGS    24
#define PAUSE_NS    250000000
#define SCHEDSTAT   "/proc/schedstat"
#define SCHED_DEBUG "/sys/kernel/debug/sched/debug"
#define SCX_EVENTS  "/sys/kernel/sched_ext/root/events"

KTSTR_SCHEDULER(fixture, .binary = "scx_ktstr")
/* Its own watchdog's time is 2 s. */
KTSTR_SCHEDULER(fixture_that_stalls, .binary = "scx_ktstr",
		.args = KTSTR_WORDS("--stall-comm=starved", "--impatient"))

struct text {
	char data[KT_EVENT_MAX_BYTES];
	size_t length;
};

static void __attribute__((format(printf, 2, 3)))
say(struct text *text, const char *fmt, ...)
{
	size_t room = sizeof(text->data) - text->length;
	va_list args;
	int n;

	va_start(args, fmt);
	n = vsnprintf(text->data + text->length, room, fmt, args);
	va_end(args);
	text->length += n > 0 && (size_t)n < room ? (size_t)n : 0;
}

static uint64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

/*
 * "domain0 MC 0f 1 2 3 ..." of the last CPU, from its lowest domain up. Only
 * where the lines have the form of version 17, with a name.
 */
static void say_domains(struct text *text)
{
	FILE *f = fopen(SCHEDSTAT, "re");
	int last = (int)sysconf(_SC_NPROCESSORS_ONLN) - 1, cpu = -1;
	const char *mark = "";
	char line[4096];

	say(text, ", \"domains\": [");
	while (f && fgets(line, sizeof(line), f)) {
		char name[16], *at;
		int skip = 0;

		(void)sscanf(line, "cpu%d", &cpu);
		if (cpu != last ||
		    sscanf(line, "domain%*u %15[A-Z] %*s %n", name, &skip) < 1 ||
		    !skip)
			continue;
		say(text, "%s[\"%s\"", mark, name);
		for (at = strtok(line + skip, " \n"); at;
		     at = strtok(NULL, " \n"))
			say(text, ", %s", at);
		say(text, "]");
		mark = ", ";
	}
	say(text, "]");
	if (f)
		fclose(f);
}

/* "cpu0 0 0 12 5 ...": without the second number, which is always 0. */
static void say_schedstat(struct text *text)
{
	FILE *f = fopen(SCHEDSTAT, "re");
	const char *mark = "";
	char line[4096];

	say(text, "\"schedstat\": [");
	while (f && fgets(line, sizeof(line), f)) {
		uint64_t n[9];
		unsigned int cpu;

		if (sscanf(line,
			   "cpu%u %" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64
			   " %" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64
			   " %" SCNu64,
			   &cpu, &n[0], &n[1], &n[2], &n[3], &n[4], &n[5],
			   &n[6], &n[7], &n[8]) != 10)
			continue;
		say(text, "%s[%" PRIu64, mark, n[0]);
		for (size_t i = 2; i < 9; i++)
			say(text, ", %" PRIu64, n[i]);
		say(text, "]");
		mark = ", ";
	}
	say(text, "]");
	if (f)
		fclose(f);
}

/* The first ".nr_running" behind each "cpu#N" is the runqueue's. */
static void say_nr_running(struct text *text)
{
	FILE *f = fopen(SCHED_DEBUG, "re");
	const char *mark = "";
	char line[1024];
	bool wanted = false;

	say(text, ", \"nr_running\": [");
	while (f && fgets(line, sizeof(line), f)) {
		unsigned int n;

		if (strncmp(line, "cpu#", 4) == 0)
			wanted = true;
		if (!wanted || sscanf(line, " .nr_running : %u", &n) != 1)
			continue;
		say(text, "%s%u", mark, n);
		mark = ", ";
		wanted = false;
	}
	say(text, "]");
	if (f)
		fclose(f);
}

/* "SCX_EV_DISPATCH_KEEP_LAST 7", a line each. */
static void say_counters(struct text *text)
{
	FILE *f = fopen(SCX_EVENTS, "re");
	const char *mark = "";
	char line[256];

	if (!f)
		return;
	say(text, ", \"counters\": {");
	while (fgets(line, sizeof(line), f)) {
		char name[128];
		int64_t value;

		if (sscanf(line, "%127s %" SCNd64, name, &value) != 2)
			continue;
		say(text, "%s\"%s\": %" PRId64, mark, name, value);
		mark = ", ";
	}
	say(text, "}");
	fclose(f);
}

static void send_reading(void)
{
	uint64_t began_ns = now_ns();
	struct text text = { .length = 0 };

	say(&text, "{");
	say_schedstat(&text);
	say_nr_running(&text);
	say_domains(&text);
	say_counters(&text);
	say(&text, ", \"took_ns\": %" PRIu64 "}", now_ns() - began_ns);
	kt_event_send("reading", "", text.data, began_ns);
}

static void stay_on(int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	sched_setaffinity(0, sizeof(set), &set);
}

static pid_t start_spinner(int cpu)
{
	pid_t pid = fork();

	if (pid)
		return pid;
	stay_on(cpu);
	for (;;)
		;
}

/* Some that never sleep on the last CPU; the reader has the first one. */
static enum ktstr_verdict take_readings(struct ktstr_context *ctx)
{
	const struct timespec pause = { .tv_nsec = PAUSE_NS };
	int last = (int)sysconf(_SC_NPROCESSORS_ONLN) - 1;
	pid_t spinners[SPINNERS];

	if (access(SCHED_DEBUG, R_OK) != 0)
		(void)mount("debugfs", "/sys/kernel/debug", "debugfs", 0, NULL);
	stay_on(0);
	for (int i = 0; i < SPINNERS; i++) {
		spinners[i] = start_spinner(last);
		KTSTR_REQUIRE(ctx, spinners[i] > 0);
	}
	for (int i = 0; i < READINGS; i++) {
		send_reading();
		nanosleep(&pause, NULL);
	}
	for (int i = 0; i < SPINNERS; i++) {
		kill(spinners[i], SIGKILL);
		waitpid(spinners[i], NULL, 0);
	}
	return KTSTR_PASS;
}

#define SMALL                                                                  \
	.cores = 4, .memory_mib = 512, .duration_s = 20, .watchdog_timeout_s = 15

KTSTR_TEST(readings_alone, SMALL)
{
	return take_readings(ctx);
}

KTSTR_TEST(readings_under_fixture, SMALL, .scheduler = &fixture)
{
	return take_readings(ctx);
}

/* All of them on one CPU of four: the test sees nothing wrong, but the host. */
KTSTR_TEST(imbalanced, SMALL, .expect_err = true,
	   .monitor = KTSTR_MONITOR(.max_imbalance_ratio = 2))
{
	return take_readings(ctx);
}

/* It never runs; how long that is borne is the host's to say. */
KTSTR_TEST(watchdog, .cores = 2, .memory_mib = 512, .duration_s = 30,
	   .scheduler = &fixture_that_stalls, .watchdog_timeout_s = 10)
{
	uint64_t began_ns = now_ns();
	pid_t pid = fork();

	if (pid == 0) {
		prctl(PR_SET_NAME, "starved");
		for (;;)
			sched_yield();
	}
	kt_event_send("starved", "", "", began_ns);
	sleep(60);
	return KTSTR_PASS;
}
