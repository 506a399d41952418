// SPDX-License-Identifier: GPL-2.0-only
/*
 * Situations that are wrong on purpose. Each test here has to fail, for the
 * reason that scenario.sh looks for in its notes.
 */
#include <ktstr/check.h>
#include <ktstr/scenario.h>

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define MS 1000000

static void spin(void)
{
	for (volatile int i = 0; i < 20000; i++)
		;
}

static void spin_on(struct ktstr_worker *worker)
{
	while (ktstr_worker_mark(worker, 1))
		spin();
}

static void put(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	if (fd < 0 || write(fd, text, strlen(text)) < 0)
		raise(SIGABRT); /* the report tells of it */
	close(fd);
}

/* A file of a cgroup beside the worker's own. */
static void put_beside(const char *name, const char *file, const char *text)
{
	char own[512], path[1024];
	FILE *f = fopen("/proc/self/cgroup", "re");
	char *last;

	if (!f || !fgets(own, sizeof(own), f))
		raise(SIGABRT);
	fclose(f);
	own[strcspn(own, "\n")] = '\0';
	last = strrchr(own, '/');
	*last = '\0';
	/* "0::/ROOT" */
	snprintf(path, sizeof(path), "/sys/fs/cgroup%s/%s/%s", own + 3, name,
		 file);
	put(path, text);
}

/* Leaves its cpuset for a CPU that it has not been given. */
static void escape(struct ktstr_worker *worker, void *argument)
{
	cpu_set_t set;

	(void)argument;
	if (ktstr_worker_index(worker) == 1) {
		put("/sys/fs/cgroup/cgroup.procs", "0");
		CPU_ZERO(&set);
		CPU_SET(1, &set);
		if (sched_setaffinity(0, sizeof(set), &set) < 0)
			raise(SIGABRT);
	}
	spin_on(worker);
}

KTSTR_TEST(pinned_outside, .cores = 2, .memory_mib = 256, .duration_s = 1,
	   .expect_err = true, .checks = KTSTR_LIMITS(.max_spread_pct = 100))
{
	return ktstr_run_cgroups(
		ctx, KTSTR_CGROUPS({ .name = "confined",
				     .workers = 2,
				     .cpus = KTSTR_CPUS_EXACT("0"),
				     .work = KTSTR_CUSTOM(.run = escape) }));
}

KTSTR_TEST(starved, .cores = 2, .memory_mib = 256, .duration_s = 2,
	   .expect_err = true, .checks = KTSTR_LIMITS(.max_gap_ms = 300))
{
	return ktstr_run_cgroups(
		ctx,
		KTSTR_CGROUPS({ .name = "both", .cpus = KTSTR_CPUS_EXACT("0") },
			      { .name = "both/idle",
				.workers = 1,
				.policy = KTSTR_POLICY_IDLE },
			      { .name = "both/spinner", .workers = 1 }));
}

/* Freezes its neighbour, of which the scenario knows nothing. */
static void freeze_neighbour(struct ktstr_worker *worker, void *argument)
{
	(void)argument;
	put_beside("victim", "cgroup.freeze", "1");
	spin_on(worker);
}

KTSTR_TEST(frozen, .cores = 2, .memory_mib = 256, .duration_s = 2,
	   .expect_err = true, .checks = KTSTR_LIMITS(.max_gap_ms = 1000))
{
	return ktstr_run_cgroups(
		ctx,
		KTSTR_CGROUPS({ .name = "victim", .workers = 1 },
			      { .name = "neighbour",
				.workers = 1,
				.work = KTSTR_CUSTOM(.run = freeze_neighbour) }));
}

static void stop_itself(struct ktstr_worker *worker, void *argument)
{
	(void)argument;
	for (int i = 0; i < 50 && ktstr_worker_mark(worker, 1); i++)
		spin();
	if (ktstr_worker_index(worker) == 1)
		raise(SIGSTOP);
	spin_on(worker);
}

KTSTR_TEST(stopped, .cores = 2, .memory_mib = 256, .duration_s = 2,
	   .expect_err = true, .checks = KTSTR_LIMITS(.max_gap_ms = 1000))
{
	return ktstr_run_cgroups(
		ctx, KTSTR_CGROUPS({ .name = "halting",
				     .workers = 2,
				     .work = KTSTR_CUSTOM(.run = stop_itself) }));
}

/* One of two equal workers goes where weights are a tenth. */
static void go_where_it_is_light(struct ktstr_worker *worker, void *argument)
{
	(void)argument;
	if (ktstr_worker_index(worker) == 1)
		put_beside("light", "cgroup.procs", "0");
	spin_on(worker);
}

KTSTR_TEST(skewed_weight, .cores = 2, .memory_mib = 256, .duration_s = 2,
	   .expect_err = true)
{
	return ktstr_run_cgroups(
		ctx,
		KTSTR_CGROUPS({ .name = "heavy",
				.workers = 2,
				.cpus = KTSTR_CPUS_EXACT("0"),
				.cpu_weight = 100,
				.work = KTSTR_CUSTOM(.run = go_where_it_is_light) },
			      { .name = "light",
				.cpus = KTSTR_CPUS_EXACT("0"),
				.cpu_weight = 10 }));
}

KTSTR_TEST(migration_storm, .cores = 2, .memory_mib = 256, .duration_s = 1,
	   .expect_err = true,
	   .checks = KTSTR_LIMITS(.max_migration_ratio = 0.1,
				  .max_spread_pct = 100))
{
	return ktstr_run_cgroups(
		ctx, KTSTR_CGROUPS({ .name = "storm",
				     .workers = 1,
				     .work = KTSTR_AFFINITY_CHURN() }));
}

/*
 * A timer's worker that has to wait its turn behind six that never sleep, for a
 * second or so. A percentile may have met all that the host stole in the run, so
 * there is one CPU alone, which has no other vCPU to wait for.
 */
KTSTR_TEST(slow_waker, .cores = 1, .memory_mib = 256, .duration_s = 8,
	   .expect_err = true,
	   .checks = KTSTR_LIMITS(.max_p99_wake_latency_ns = 2 * MS,
				  .max_gap_ms = 60000, .max_spread_pct = 100))
{
	return ktstr_run_cgroups(
		ctx,
		KTSTR_CGROUPS({ .name = "both", .cpus = KTSTR_CPUS_EXACT("0") },
			      { .name = "both/waker",
				.workers = 1,
				.nice = 19,
				.work = KTSTR_TIMER_LATENCY() },
			      { .name = "both/spinners", .workers = 6 }));
}

/* Each of these fails by itself, with a note that says what was wrong. */
KTSTR_TEST(wrongly_declared, .cores = 2, .memory_mib = 256, .duration_s = 1,
	   .expect_err = true)
{
	enum ktstr_verdict verdicts[] = {
		ktstr_run_cgroups(ctx, KTSTR_CGROUPS({ .workers = 1 })),
		ktstr_run_cgroups(ctx, KTSTR_CGROUPS({ .name = "twice" },
						     { .name = "twice" })),
		ktstr_run_cgroups(ctx,
				  KTSTR_CGROUPS({ .name = "far",
						  .workers = 1,
						  .cpus = KTSTR_CPUS_LLC(7) })),
		ktstr_run_cgroups(ctx, KTSTR_CGROUPS({ .name = "odd",
						       .workers = 3,
						       .work = KTSTR_PIPE_IO() })),
		ktstr_run_steps(ctx, KTSTR_CGROUPS({ .name = "one" }),
				KTSTR_STEPS({ .name = "wrong",
					      .operations = KTSTR_OPERATIONS(
						      KTSTR_FREEZE("two")) })),
		ktstr_run_steps(ctx, KTSTR_NO_CGROUPS,
				KTSTR_STEPS({ .operations = KTSTR_OPERATIONS(
						      KTSTR_CPU_OFFLINE(99)) })),
		ktstr_run_steps(ctx, KTSTR_NO_CGROUPS,
				KTSTR_STEPS({ .hold = KTSTR_HOLD_FRACTION(2) })),
		ktstr_run_scenario(ctx, "unsteady"),
	};

	/* It lacks an LLC, which is no mistake. */
	if (ktstr_run_scenario(ctx, "steady_llc") != KTSTR_SKIP)
		return KTSTR_PASS;
	for (size_t i = 0; i < sizeof(verdicts) / sizeof(verdicts[0]); i++) {
		if (verdicts[i] != KTSTR_FAIL) {
			ktstr_note(ctx, "number %zu did not fail", i);
			return KTSTR_PASS;
		}
	}
	return KTSTR_FAIL;
}
