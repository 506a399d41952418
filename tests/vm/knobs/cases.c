// SPDX-License-Identifier: GPL-2.0-only
/*
 * The fixture scheduler with one of its knobs turned, a test each. knobs.py has
 * the table of what each one trips.
 */
#include <ktstr/check.h>
#include <ktstr/monitor.h>
#include <ktstr/scenario.h>
#include <ktstr/scheduler.h>

#include <linux/bpf.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "../../../bpf/scx_ktstr.h"

#define MS 1000000.0

/* What a host with one CPU for two cannot help is no failure of the scheduler. */
#define SMALL                                                                  \
	.cores = 2, .memory_mib = 512, .duration_s = 6, .watchdog_timeout_s = 20
#define TIMES KTSTR_LIMITS(.max_gap_ms = 2500, .max_spread_pct = 100)
/* A percentile may have met all steal of the run: one vCPU has none. */
#define ALONE                                                                  \
	.cores = 1, .memory_mib = 512, .duration_s = 8, .watchdog_timeout_s = 20

KTSTR_SCHEDULER(fixture, .binary = "scx_ktstr")

/* Two groups that share two CPUs evenly. */
static enum ktstr_verdict share(struct ktstr_context *ctx)
{
	return ktstr_run_cgroups(ctx,
				 KTSTR_CGROUPS({ .name = "a", .workers = 2 },
					       { .name = "b", .workers = 2 }));
}

KTSTR_TEST(left_alone, SMALL, .scheduler = &fixture, .checks = TIMES)
{
	return share(ctx);
}

KTSTR_TEST(crash, SMALL, .scheduler = &fixture, .checks = TIMES,
	   .extra_sched_args = KTSTR_WORDS("--crash=1", "--after=1"))
{
	return share(ctx);
}

KTSTR_TEST(stall_all, SMALL, .scheduler = &fixture, .checks = TIMES,
	   .extra_sched_args = KTSTR_WORDS("--stall-all=1", "--after=1"),
	   .watchdog_timeout_s = 3)
{
	return share(ctx);
}

KTSTR_TEST(leak_task, SMALL, .scheduler = &fixture, .checks = TIMES,
	   .extra_sched_args = KTSTR_WORDS("--leak-task=1", "--after=1"),
	   .watchdog_timeout_s = 3)
{
	return share(ctx);
}

static long bpf(int command, union bpf_attr *attr)
{
	return syscall(SYS_bpf, command, attr, sizeof(*attr));
}

/* The scheduler's array of that name; it is not looked for long. */
static int find_settings(void)
{
	union bpf_attr attr = { .start_id = 0 };

	while (bpf(BPF_MAP_GET_NEXT_ID, &attr) == 0) {
		struct bpf_map_info info = { .id = 0 };
		union bpf_attr by_id = { .map_id = attr.next_id };
		union bpf_attr get = { .start_id = 0 };
		int fd = (int)bpf(BPF_MAP_GET_FD_BY_ID, &by_id);

		get.info.bpf_fd = (__u32)fd;
		get.info.info_len = sizeof(info);
		get.info.info = (__u64)&info;
		if (fd >= 0 && bpf(BPF_OBJ_GET_INFO_BY_FD, &get) == 0 &&
		    strcmp(info.name, "settings") == 0)
			return fd;
		if (fd >= 0)
			close(fd);
		attr.start_id = attr.next_id;
	}
	return -1;
}

static void put_setting(enum setting setting, unsigned long long value)
{
	__u32 key = setting;
	union bpf_attr attr = { .map_fd = (__u32)find_settings() };

	attr.key = (__u64)&key;
	attr.value = (__u64)&value;
	if (bpf(BPF_MAP_UPDATE_ELEM, &attr) < 0)
		raise(SIGABRT); /* the report tells of it */
}

static void spin_on(struct ktstr_worker *worker)
{
	while (ktstr_worker_mark(worker, 1)) {
		for (volatile int i = 0; i < 20000; i++)
			;
	}
}

/* The first worker asks to be stalled. */
static void stall_itself(struct ktstr_worker *worker, void *argument)
{
	(void)argument;
	if (ktstr_worker_index(worker) == 0)
		put_setting(SETTING_STALL_PID, (unsigned long long)getpid());
	spin_on(worker);
}

KTSTR_TEST(stall_pid, SMALL, .scheduler = &fixture, .checks = TIMES,
	   .watchdog_timeout_s = 3)
{
	return ktstr_run_cgroups(
		ctx,
		KTSTR_CGROUPS({ .name = "a",
				.workers = 3,
				.work = KTSTR_CUSTOM(.run = stall_itself) }));
}

/* A cgroup's id is the number of its directory. */
static void starve_neighbour(struct ktstr_worker *worker, void *argument)
{
	char own[512], path[1024];
	FILE *f = fopen("/proc/self/cgroup", "re");
	struct stat st;

	(void)argument;
	if (!f || !fgets(own, sizeof(own), f))
		raise(SIGABRT);
	fclose(f);
	*strrchr(own, '/') = '\0';
	/* "0::/ROOT" */
	snprintf(path, sizeof(path), "/sys/fs/cgroup%s/b", own + 3);
	if (stat(path, &st) < 0)
		raise(SIGABRT);
	put_setting(SETTING_STARVE_CGROUP, st.st_ino);
	spin_on(worker);
}

KTSTR_TEST(starve_cgroup, SMALL, .scheduler = &fixture, .checks = TIMES)
{
	return ktstr_run_cgroups(
		ctx,
		KTSTR_CGROUPS({ .name = "a",
				.workers = 4,
				.work = KTSTR_CUSTOM(.run = starve_neighbour) },
			      { .name = "b", .workers = 2 }));
}

static enum ktstr_verdict wake_up(struct ktstr_context *ctx)
{
	return ktstr_run_cgroups(
		ctx, KTSTR_CGROUPS({ .name = "waker",
				     .workers = 1,
				     .work = KTSTR_TIMER_LATENCY() }));
}

#define WAKES                                                                  \
	KTSTR_LIMITS(.max_gap_ms = 2500, .max_spread_pct = 100,                \
		     .max_p99_wake_latency_ns = 12 * MS)

KTSTR_TEST(woken, ALONE, .scheduler = &fixture, .checks = WAKES)
{
	return wake_up(ctx);
}

KTSTR_TEST(slow_dispatch, ALONE, .scheduler = &fixture, .checks = WAKES,
	   .extra_sched_args = KTSTR_WORDS("--slow-dispatch-us=40000"))
{
	return wake_up(ctx);
}

KTSTR_TEST(degrade, ALONE, .scheduler = &fixture, .checks = WAKES,
	   .extra_sched_args = KTSTR_WORDS("--degrade-after-ms=4000"))
{
	return wake_up(ctx);
}

KTSTR_TEST(one_cpu, SMALL, .scheduler = &fixture, .checks = TIMES,
	   .extra_sched_args = KTSTR_WORDS("--one-cpu=1"))
{
	return ktstr_run_cgroups(ctx,
				 KTSTR_CGROUPS({ .name = "a", .workers = 8 }));
}

/* Too many for its queue beside. */
KTSTR_TEST(one_cpu_crowded, SMALL, .scheduler = &fixture,
	   .checks = KTSTR_LIMITS(.max_gap_ms = 60000, .max_spread_pct = 100),
	   .extra_sched_args = KTSTR_WORDS("--one-cpu=1"))
{
	return ktstr_run_cgroups(ctx,
				 KTSTR_CGROUPS({ .name = "a", .workers = 70 }));
}

/* Each wakes the other, and may be on two of three CPUs: on one, none is chosen. */
KTSTR_TEST(wrong_cpu, .cores = 3, .memory_mib = 512, .duration_s = 6,
	   .watchdog_timeout_s = 20, .scheduler = &fixture, .checks = TIMES,
	   .extra_sched_args = KTSTR_WORDS("--wrong-cpu=1"))
{
	return ktstr_run_cgroups(
		ctx, KTSTR_CGROUPS({ .name = "a",
				     .workers = 2,
				     .cpus = KTSTR_CPUS_EXACT("1-2"),
				     .work = KTSTR_FUTEX_PING_PONG() }));
}

/* A worker for each CPU: nobody else is there to go on. */
KTSTR_TEST(keep_last, SMALL, .scheduler = &fixture, .checks = TIMES,
	   .extra_sched_args = KTSTR_WORDS("--keep-last=1"))
{
	return ktstr_run_cgroups(ctx,
				 KTSTR_CGROUPS({ .name = "a", .workers = 2 }));
}
