// SPDX-License-Identifier: GPL-2.0-only
/*
 * Whole scenarios in real cgroups, where this process may make some, on a
 * made-up sysfs. Cpusets are for the tests in a machine.
 */
#include "sysfs.h"

#include <dirent.h>
#include <errno.h>
#include <mntent.h>
#include <sched.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <ktstr/payload.h>
#include <ktstr/scheduler.h>

#include "base/strbuf.h"
#include "scenario/operation.h"
#include "scenario/run.h"
#include "scenario/stage.h"

/* In the real one's stead: what is said is kept. */
struct ktstr_context {
	struct ktstr_test test;
	struct kt_strbuf notes;
	struct kt_strbuf metrics;
};

void ktstr_note(struct ktstr_context *ctx, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	kt_strbuf_vaddf(&ctx->notes, fmt, args);
	va_end(args);
	kt_strbuf_add_char(&ctx->notes, '\n');
}

void ktstr_metric(struct ktstr_context *ctx, const char *name, double value,
		  const char *unit)
{
	kt_strbuf_addf(&ctx->metrics, "%s=%g %s\n", name, value, unit);
}

const struct ktstr_test *ktstr_current(const struct ktstr_context *ctx)
{
	return &ctx->test;
}

struct bed {
	struct ktstr_context ctx;
	struct sysfs sysfs;
	char mount[256];
	char events[96];
	char steal[96];
	struct kt_scenario_place place;
	size_t cpus[2];
	bool is_fit;
};

static bool find_mount(char *ret, size_t size)
{
	FILE *mounts = setmntent("/proc/self/mounts", "re");
	const struct mntent *entry;
	bool found = false;

	while (mounts && !found && (entry = getmntent(mounts))) {
		found = strcmp(entry->mnt_type, "cgroup2") == 0;
		if (found)
			snprintf(ret, size, "%s", entry->mnt_dir);
	}
	if (mounts)
		endmntent(mounts);
	return found;
}

static bool can_make_groups(const char *mount)
{
	struct kt_cgroups cgroups = { .mount_fd = -1 };
	struct ktstr_error err = { 0 };
	int r = kt_cgroups_open(mount, &cgroups, &err);

	kt_cgroups_deinit(&cgroups);
	if (r < 0)
		print_message("%s\n", err.message);
	return r == 0;
}

static const struct ktstr_checks lax =
	KTSTR_CHECKS(.max_gap_ms = 50000, .max_spread_pct = 100);

/* False: there are no two CPUs to use. */
static bool find_cpus(struct bed *bed)
{
	size_t n = 0;
	cpu_set_t set;

	assert_int_equal(sched_getaffinity(0, sizeof(set), &set), 0);
	for (size_t cpu = 0; cpu < CPU_SETSIZE && n < 2; cpu++) {
		if (CPU_ISSET(cpu, &set))
			bed->cpus[n++] = cpu;
	}
	return n == 2;
}

static int setup(void **state)
{
	struct bed *bed = calloc(1, sizeof(*bed));
	char text[64];

	assert_non_null(bed);
	*state = bed;
	sysfs_init(&bed->sysfs);
	bed->is_fit = find_cpus(bed) &&
		      find_mount(bed->mount, sizeof(bed->mount)) &&
		      can_make_groups(bed->mount);
	snprintf(text, sizeof(text), "%zu,%zu\n", bed->cpus[0], bed->cpus[1]);
	sysfs_put(&bed->sysfs, "cpu/online", text);
	for (int i = 0; i < 2; i++) {
		snprintf(text, sizeof(text), "cpu/cpu%zu/online", bed->cpus[i]);
		sysfs_put(&bed->sysfs, text, "1");
	}
	snprintf(bed->events, sizeof(bed->events), "%s/events", bed->sysfs.root);
	snprintf(bed->steal, sizeof(bed->steal), "%s/steal", bed->sysfs.root);
	assert_int_equal(kt_write_file_atomic(bed->events, "", 0, 0600), 0);
	bed->place = (struct kt_scenario_place){ bed->mount, bed->sysfs.root,
						 bed->steal, bed->events };
	bed->ctx.test = (struct ktstr_test){ .name = "made_up",
					     .duration_s = 1,
					     .checks = &lax };
	return 0;
}

static int teardown(void **state)
{
	struct bed *bed = *state;

	kt_strbuf_deinit(&bed->ctx.notes);
	kt_strbuf_deinit(&bed->ctx.metrics);
	sysfs_deinit(&bed->sysfs);
	free(bed);
	return 0;
}

static struct bed *begin(void **state)
{
	struct bed *bed = *state;

	if (!bed->is_fit) {
		print_message("this takes two CPUs, and cgroup2 to make groups "
			      "in: not tested\n");
		skip();
	}
	return bed;
}

static enum ktstr_verdict run(struct bed *bed, struct ktstr_cgroups backdrop,
			      struct ktstr_steps steps)
{
	const struct kt_scenario scenario = { .name = "made_up",
					      .backdrop = backdrop,
					      .steps = steps };

	return kt_scenario_run_at(&bed->ctx, &scenario, &bed->place);
}

static void passes(struct bed *bed, struct ktstr_cgroups backdrop,
		   struct ktstr_steps steps)
{
	enum ktstr_verdict verdict = run(bed, backdrop, steps);

	if (verdict != KTSTR_PASS)
		fail_msg("%s: %s", ktstr_verdict_name(verdict),
			 kt_strbuf_text(&bed->ctx.notes));
}

static void nothing_is_left(const struct bed *bed)
{
	_cleanup_closedir_ DIR *dir = opendir(bed->mount);
	const struct dirent *entry;
	char own[32];

	snprintf(own, sizeof(own), ".%d.", getpid());
	assert_non_null(dir);
	while ((entry = readdir(dir))) {
		if (strncmp(entry->d_name, "ktstr.", 6) == 0 &&
		    strstr(entry->d_name, own))
			fail_msg("%s is left", entry->d_name);
	}
}

/* The events in their order, each as "KIND STEP DETAIL". */
static void events_are(const struct bed *bed, const char *const *wanted, size_t n)
{
	_cleanup_free_ char *text = NULL;
	uint64_t before = 0, now = kt_now_ns();
	char *at;

	assert_int_equal(kt_read_file(bed->events, 65536, &text, NULL), 0);
	at = text;
	for (size_t i = 0; i < n; i++) {
		char kind[32] = "", step[32] = "", detail[64] = "", all[160];
		char *end = strchr(at, '\n');
		unsigned long long ns;

		assert_non_null(end);
		*end = '\0';
		sscanf(at, "{\"kind\":\"%31[^\"]\",\"step\":\"%31[^\"]\",",
		       kind, step);
		sscanf(strstr(at, "\"detail\":"), "\"detail\":\"%63[^\"]\"",
		       detail);
		assert_int_equal(sscanf(strstr(at, "\"monotonic_ns\":"),
					"\"monotonic_ns\":%llu}", &ns),
				 1);
		assert_in_range(ns, before, now);
		before = ns;
		snprintf(all, sizeof(all), "%s|%s|%s", kind, step, detail);
		assert_string_equal(all, wanted[i]);
		at = end + 1;
	}
	assert_string_equal(at, "");
}

static void a_scenario_runs_from_start_to_verdict(void **state)
{
	static const char *const events[] = {
		"scenario_start||made_up",
		"step_start|only|",
		"operation|only|spawn left: more",
		"step_end|only|",
		"scenario_end||pass",
	};
	struct bed *bed = begin(state);

	passes(bed,
	       KTSTR_CGROUPS({ .name = "left", .workers = 1 },
			     { .name = "nest/right",
			       .workers = 2,
			       .work = KTSTR_PIPE_IO() }),
	       KTSTR_STEPS({ .name = "only",
			     .operations = KTSTR_OPERATIONS(KTSTR_SPAWN(
				     "left", .name = "more", .workers = 1)),
			     .hold = KTSTR_HOLD_MS(200) }));
	nothing_is_left(bed);
	assert_string_equal(kt_strbuf_text(&bed->ctx.notes), "");
	assert_contains(bed->ctx.metrics.data, "made_up.workers=4 workers\n");
	assert_contains(bed->ctx.metrics.data, "made_up.work_units=");
	assert_contains(bed->ctx.metrics.data, "made_up.worst_gap=");
	assert_contains(bed->ctx.metrics.data, "made_up.p99_wake_latency=");
	events_are(bed, events, sizeof(events) / sizeof(events[0]));
}

static void operations_do_not_blame_the_workers(void **state)
{
	struct bed *bed = begin(state);
	_cleanup_free_ char *online = NULL;
	char path[160];

	passes(bed,
	       KTSTR_CGROUPS({ .name = "back", .workers = 2 },
			     { .name = "other" }),
	       KTSTR_STEPS(
		       { .name = "affinity",
			 .operations = KTSTR_OPERATIONS(KTSTR_SET_AFFINITY(
				 "back", .kind = KTSTR_AFFINITY_ONE_EACH)),
			 .hold = KTSTR_HOLD_MS(50) },
		       { .operations = KTSTR_OPERATIONS(
				 KTSTR_SET_AFFINITY(
					 "back", .kind = KTSTR_AFFINITY_INHERIT),
				 KTSTR_MOVE_TASKS("back", "other"),
				 KTSTR_FREEZE("other"),
				 KTSTR_CPU_OFFLINE((uint32_t)bed->cpus[1])),
			 .hold = KTSTR_HOLD_MS(50) },
		       { .operations = KTSTR_OPERATIONS(
				 KTSTR_CPU_ONLINE((uint32_t)bed->cpus[1]),
				 KTSTR_UNFREEZE("other"),
				 KTSTR_CPU_OFFLINE((uint32_t)bed->cpus[1])),
			 .hold = KTSTR_HOLD_FRACTION(0.05) },
		       { .cgroups = KTSTR_CGROUPS({ .name = "mine", .workers = 1 }),
			 .operations = KTSTR_OPERATIONS(
				 KTSTR_ADD_CGROUP(.name = "short", .workers = 1),
				 KTSTR_FREEZE("short"),
				 KTSTR_REMOVE_CGROUP("short"),
				 KTSTR_SPAWN(NULL, .name = "outside",
					     .workers = 1)),
			 .hold = KTSTR_HOLD_LOOP(20, 0.1) },
		       /* What is spawned here ends in a group that stays. */
		       { .operations = KTSTR_OPERATIONS(
				 KTSTR_SPAWN("other", .name = "guest", .workers = 1),
				 KTSTR_FREEZE("other")),
			 .hold = KTSTR_HOLD_MS(20) },
		       { .operations =
				 KTSTR_OPERATIONS(KTSTR_STOP_CGROUP("other"),
						  KTSTR_FREEZE("other")) }));
	nothing_is_left(bed);
	/* It was taken away by the scenario, and has been given back. */
	snprintf(path, sizeof(path), "%s/devices/system/cpu/cpu%zu/online",
		 bed->sysfs.root, bed->cpus[1]);
	assert_int_equal(kt_read_file(path, 16, &online, NULL), 0);
	assert_string_equal(online, "1");
}

static void escape(struct ktstr_worker *worker, void *argument)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(*(const size_t *)argument, &set);
	if (sched_setaffinity(0, sizeof(set), &set) < 0)
		_exit(3);
	while (ktstr_worker_mark(worker, 1))
		usleep(1000);
}

static void a_worker_is_held_to_its_affinity(void **state)
{
	struct bed *bed = begin(state);
	char wanted[96], list[16];

	snprintf(list, sizeof(list), "%zu", bed->cpus[0]);
	snprintf(wanted, sizeof(wanted),
		 "ran on cpu%zu: worker 0 of pinned may only use %zu\n",
		 bed->cpus[1], bed->cpus[0]);
	assert_int_equal(
		run(bed,
		    KTSTR_CGROUPS(
			    { .name = "pinned",
			      .workers = 1,
			      .affinity = { .kind = KTSTR_AFFINITY_CPUS,
					    .cpus = list },
			      .work = KTSTR_CUSTOM(.run = escape,
						   .argument = &bed->cpus[1]) }),
		    KTSTR_STEPS({ .hold = KTSTR_HOLD_MS(200) })),
		KTSTR_FAIL);
	assert_string_equal(kt_strbuf_text(&bed->ctx.notes), wanted);
	nothing_is_left(bed);
}

static void a_worker_that_dies_fails_the_test(void **state)
{
	struct bed *bed = begin(state);
	size_t no_cpu = CPU_SETSIZE - 1;

	assert_int_equal(
		run(bed,
		    KTSTR_CGROUPS({ .name = "dying",
				    .workers = 1,
				    .work = KTSTR_CUSTOM(.run = escape,
							 .argument = &no_cpu) }),
		    KTSTR_STEPS({ .hold = KTSTR_HOLD_MS(100) })),
		KTSTR_FAIL);
	assert_contains(bed->ctx.notes.data,
			"did not end when told to (exited with 3 by itself)");
	nothing_is_left(bed);
}

static void breaks_off(struct bed *bed, struct ktstr_cgroups backdrop,
		       struct ktstr_steps steps, const char *note)
{
	kt_strbuf_reset(&bed->ctx.notes);
	assert_int_equal(run(bed, backdrop, steps), KTSTR_FAIL);
	assert_contains(kt_strbuf_text(&bed->ctx.notes), note);
	assert_contains(kt_strbuf_text(&bed->ctx.notes), "broke off: ");
	nothing_is_left(bed);
}

#define WITH_OPERATION(op_)                                                    \
	KTSTR_STEPS({ .name = "s", .operations = KTSTR_OPERATIONS(op_) })
#define WITH_HOLD(...) KTSTR_STEPS({ .name = "s", .hold = { __VA_ARGS__ } })

static void what_is_declared_wrongly_is_told(void **state)
{
	const struct ktstr_cgroups one =
		KTSTR_CGROUPS({ .name = "one", .workers = 1 });
	struct bed *bed = begin(state);

	breaks_off(bed, KTSTR_CGROUPS({ .name = "" }), WITH_HOLD(0),
		   "backdrop: a cgroup without a name");
	breaks_off(bed, KTSTR_CGROUPS({ .name = "../up" }), WITH_HOLD(0),
		   "\"../up\" is no path of control groups");
	breaks_off(bed, KTSTR_CGROUPS({ .name = "w", .cpu_weight = 20000 }),
		   WITH_HOLD(0), "cpu_weight must be 1 to 10000, not 20000");
	breaks_off(bed, KTSTR_CGROUPS({ .name = "w", .cpu_period_us = 5 }),
		   WITH_HOLD(0), "cpu_period_us = 5 without a cpu_quota_us");
	breaks_off(bed, one, WITH_OPERATION(KTSTR_FREEZE("two")),
		   "step s: freeze two: there is no cgroup \"two\" now; there "
		   "is one");
	breaks_off(bed, one, WITH_OPERATION(KTSTR_MOVE_TASKS("one", "two")),
		   "move_tasks one two: there is no cgroup \"two\"");
	breaks_off(bed, one, WITH_OPERATION(KTSTR_ADD_CGROUP(.name = "one")),
		   "add_cgroup one: cgroup one is there already");
	breaks_off(bed, one, WITH_OPERATION(KTSTR_SPAWN("one", .name = "none")),
		   "spawn one: none: workers none: workers must be 1 to");
	breaks_off(bed, one, WITH_OPERATION(KTSTR_SPAWN("one", .workers = 1)),
		   "a group of workers without a name");
	breaks_off(bed, one,
		   WITH_OPERATION(KTSTR_SET_AFFINITY(
			   "one", .kind = KTSTR_AFFINITY_RANDOM)),
		   "count is 0");
	breaks_off(bed, one, WITH_OPERATION(KTSTR_CPU_OFFLINE(CPU_SETSIZE)),
		   "there is no CPU 1024");
	breaks_off(bed, one, WITH_OPERATION({ .kind = 77 }),
		   "operation 77 is none of");
	breaks_off(bed, one, WITH_OPERATION({ .kind = KTSTR_OP_SPAWN }),
		   "no workers are declared");
	breaks_off(bed, one, WITH_OPERATION({ .kind = KTSTR_OP_ADD_CGROUP }),
		   "no cgroup is declared");
	breaks_off(bed, one, WITH_OPERATION({ .kind = KTSTR_OP_FREEZE }),
		   "no cgroup is named");
	breaks_off(bed, one,
		   WITH_HOLD(.kind = KTSTR_HOLD_KIND_FRACTION, .fraction = 2),
		   "a hold of 2 of duration_s");
	breaks_off(bed, one,
		   WITH_HOLD(.kind = KTSTR_HOLD_KIND_LOOP, .fraction = 1),
		   "a loop without a pause");
	breaks_off(bed, one, WITH_HOLD(.kind = 9), "a hold of kind 9");
}

static void the_tests_limits_lie_over_its_schedulers(void **state)
{
	static const struct ktstr_checks strict =
		KTSTR_CHECKS(.min_work_rate = 1e15, .max_gap_ms = 50000,
			     .max_spread_pct = 100);
	static const struct ktstr_checks kind = KTSTR_CHECKS(.min_work_rate = 0);
	static const struct ktstr_checks wrong = KTSTR_CHECKS(.max_gap_ms = -1);
	const struct ktstr_scheduler scheduler = { .name = "s",
						   .checks = &strict };
	const struct ktstr_cgroups one =
		KTSTR_CGROUPS({ .name = "one", .workers = 1 });
	const struct ktstr_steps hold =
		KTSTR_STEPS({ .hold = KTSTR_HOLD_MS(50) });
	struct bed *bed = begin(state);

	bed->ctx.test.scheduler = &scheduler;
	bed->ctx.test.checks = NULL;
	assert_int_equal(run(bed, one, hold), KTSTR_FAIL);
	assert_contains(bed->ctx.notes.data, "work units/s in ");
	bed->ctx.test.checks = &kind;
	passes(bed, one, hold);
	/* Told before anything is started. */
	bed->ctx.test.checks = &wrong;
	breaks_off(bed, KTSTR_CGROUPS({ .name = "" }), hold,
		   "the limits of the test: max_gap_ms = -1 is no limit");
}

static void what_the_host_says_has_to_be_readable(void **state)
{
	const uint64_t bad[] = { 1, 0 };
	struct bed *bed = begin(state);

	assert_int_equal(
		kt_write_file_atomic(bed->steal, bad, sizeof(bad), 0600), 0);
	passes(bed, KTSTR_CGROUPS({ .name = "one", .workers = 1 }),
	       KTSTR_STEPS({ .hold = KTSTR_HOLD_MS(20) }));
	assert_contains(bed->ctx.notes.data,
			"what the host stole is not known: ");
}

static void a_stage_knows_when_it_froze_whom(void **state)
{
	const struct ktstr_operation freeze = KTSTR_FREEZE("out"),
				     thaw = KTSTR_UNFREEZE("out");
	_cleanup_stage_ struct kt_stage stage = { 0 };
	struct bed *bed = begin(state);
	struct ktstr_error err = { 0 };
	uint64_t before, after;
	const struct kt_crew *in, *beside;

	if (kt_stage_open(bed->mount, bed->sysfs.root, &stage, &err) < 0 ||
	    kt_stage_add(&stage,
			 (const struct ktstr_cgroup[]){
				 { .name = "out" },
				 { .name = "out/in", .workers = 1 },
				 { .name = "outside", .workers = 1 } },
			 3, &err) < 0)
		fail_msg("%s", err.message);
	in = stage.crews[0];
	beside = stage.crews[1];
	before = kt_now_ns();
	assert_int_equal(kt_operation_run(&stage, &freeze, &err), 0);
	assert_true(in->is_excused);
	assert_int_equal(kt_operation_run(&stage, &thaw, &err), 0);
	after = kt_now_ns();
	assert_false(in->is_excused);
	assert_int_equal(in->n_excused, 1);
	assert_in_range(in->excused[0].from_ns, before, after);
	assert_in_range(in->excused[0].to_ns, in->excused[0].from_ns, after);
	assert_int_equal(beside->n_excused, 0);
	/* One that is frozen can be ended, and is excused up to then. */
	assert_int_equal(kt_operation_run(&stage, &freeze, &err), 0);
	assert_int_equal(kt_stage_stop(&stage, "out/in", &err), 0);
	assert_int_equal(in->n_excused, 2);
	assert_false(in->is_excused);
	assert_int_equal(in->n_reports, 1);
	assert_true(in->reports[0].finished);
	assert_false(beside->stopped);
	assert_int_equal(kt_stage_close(&stage, &err), 0);
	assert_true(beside->stopped);
}

static void a_step_takes_away_what_it_made(void **state)
{
	_cleanup_stage_ struct kt_stage stage = { 0 };
	const struct ktstr_cgroup back = { .name = "back", .workers = 1 };
	const struct ktstr_cgroup late[] = { { .name = "late/a", .workers = 1 },
					     { .name = "late" } };
	struct bed *bed = begin(state);
	struct ktstr_error err = { 0 };

	if (kt_stage_open(bed->mount, bed->sysfs.root, &stage, &err) < 0 ||
	    kt_stage_add(&stage, &back, 1, &err) < 0)
		fail_msg("%s", err.message);
	stage.step = 0;
	if (kt_stage_add(&stage, late, 2, &err) < 0)
		fail_msg("%s", err.message);
	assert_int_equal(stage.n_groups, 3);
	assert_int_equal(kt_stage_end_step(&stage, 0, &err), 0);
	assert_int_equal(stage.n_groups, 1);
	assert_string_equal(stage.groups[0]->path, "back");
	assert_int_equal(stage.n_crews, 2);
	assert_false(stage.crews[0]->stopped);
	assert_true(stage.crews[1]->stopped);
	/* The name is free again. */
	stage.step = 1;
	assert_int_equal(kt_stage_add(&stage, late, 1, &err), 0);
}

/* A shell stands for the program. */
#define SHELL(name_, command_, ...)                                            \
	KTSTR_PAYLOAD(name_, .binary = "sh",                                   \
		      .args = KTSTR_PAYLOAD_ARGS("-c", command_), ##__VA_ARGS__)

SHELL(inside, "grep -q /back$ /proc/self/cgroup && echo ops: 12; exit 3",
      .exit_code = 3,
      KTSTR_PAYLOAD_METRICS(KTSTR_KEY_METRIC("ops", "ops:", .min = 12)))
SHELL(endless, "echo ops: 7; exec sleep 1000",
      KTSTR_PAYLOAD_METRICS(KTSTR_KEY_METRIC("ops", "ops:", .optional = true)))
SHELL(broken, "echo no luck >&2; exit 5")

static void payloads_run_and_end_with_the_steps(void **state)
{
	static const char *const events[] = {
		"scenario_start||made_up",
		"step_start|one|",
		"operation|one|run_payload back: inside",
		"operation|one|run_payload: endless",
		"operation|one|wait_payload: inside",
		"operation|one|kill_payload: endless",
		"step_end|one|",
		"step_start|two|",
		"operation|two|run_payload back: endless",
		"step_end|two|",
		"step_start|three|",
		"operation|three|run_payload mine: endless",
		"operation|three|stop_cgroup mine",
		"step_end|three|",
		"scenario_end||pass",
	};
	struct bed *bed = begin(state);

	passes(bed, KTSTR_CGROUPS({ .name = "back" }),
	       KTSTR_STEPS({ .name = "one",
			     .operations = KTSTR_OPERATIONS(
				     KTSTR_RUN_PAYLOAD("back", &inside),
				     KTSTR_RUN_PAYLOAD(NULL, &endless),
				     KTSTR_WAIT_PAYLOAD(&inside),
				     KTSTR_KILL_PAYLOAD(&endless)) },
			   { .name = "two",
			     .operations = KTSTR_OPERATIONS(
				     KTSTR_RUN_PAYLOAD("back", &endless)) },
			   { .name = "three",
			     .cgroups = KTSTR_CGROUPS({ .name = "mine" }),
			     .operations = KTSTR_OPERATIONS(
				     KTSTR_RUN_PAYLOAD("mine", &endless),
				     KTSTR_STOP_CGROUP("mine")) }));
	nothing_is_left(bed);
	assert_contains(bed->ctx.metrics.data, "inside.ops=12 \n");
	events_are(bed, events, sizeof(events) / sizeof(events[0]));
	/* Not one of them is left, nor waits to be reaped. */
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
	assert_int_equal(errno, ECHILD);
}

static void a_bad_payload_fails_the_scenario(void **state)
{
	struct bed *bed = begin(state);

	assert_int_equal(
		run(bed, KTSTR_NO_CGROUPS,
		    KTSTR_STEPS({ .operations = KTSTR_OPERATIONS(
					  KTSTR_RUN_PAYLOAD(NULL, &broken),
					  KTSTR_WAIT_PAYLOAD(&broken)) })),
		KTSTR_FAIL);
	assert_string_equal(kt_strbuf_text(&bed->ctx.notes),
			    "broken: exited with 5 instead of 0\n"
			    "broken: its last words: no luck\n");
}

static void payload_breaks_off(struct bed *bed, struct ktstr_steps steps,
			       const char *message)
{
	kt_strbuf_reset(&bed->ctx.notes);
	assert_int_equal(run(bed, KTSTR_NO_CGROUPS, steps), KTSTR_FAIL);
	assert_contains(kt_strbuf_text(&bed->ctx.notes), message);
	nothing_is_left(bed);
}

static void payloads_that_are_not_there_are_told(void **state)
{
	KTSTR_PAYLOAD(nameless, .binary = NULL)
	struct bed *bed = begin(state);

	payload_breaks_off(
		bed,
		KTSTR_STEPS({ .operations = KTSTR_OPERATIONS(
				      KTSTR_WAIT_PAYLOAD(&endless)) }),
		"the scenario broke off: step 1: wait_payload: endless: it "
		"is not running; KTSTR_RUN_PAYLOAD() starts it, and with "
		"its step it ends\n");
	payload_breaks_off(
		bed,
		KTSTR_STEPS({ .operations = KTSTR_OPERATIONS(
				      KTSTR_RUN_PAYLOAD(NULL, &endless),
				      KTSTR_RUN_PAYLOAD(NULL, &endless)) }),
		"step 1: run_payload: endless: it is running already; wait "
		"for it or kill it first\n");
	payload_breaks_off(
		bed,
		KTSTR_STEPS({ .operations = KTSTR_OPERATIONS(
				      KTSTR_RUN_PAYLOAD("gone", &endless)) }),
		"step 1: run_payload gone: endless: there is no cgroup "
		"\"gone\" now; there is none\n");
	payload_breaks_off(bed,
			   KTSTR_STEPS({ .operations = KTSTR_OPERATIONS(
						 KTSTR_KILL_PAYLOAD(NULL)) }),
			   "step 1: kill_payload: no payload is named\n");
	payload_breaks_off(
		bed,
		KTSTR_STEPS({ .operations = KTSTR_OPERATIONS(
				      KTSTR_RUN_PAYLOAD(NULL, &nameless)) }),
		"nameless: a payload needs a binary\n"
		"the scenario broke off: step 1: run_payload: nameless: it "
		"did not start\n");
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
}

#define RUN_TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		RUN_TEST(a_scenario_runs_from_start_to_verdict),
		RUN_TEST(operations_do_not_blame_the_workers),
		RUN_TEST(a_worker_is_held_to_its_affinity),
		RUN_TEST(a_worker_that_dies_fails_the_test),
		RUN_TEST(what_is_declared_wrongly_is_told),
		RUN_TEST(the_tests_limits_lie_over_its_schedulers),
		RUN_TEST(what_the_host_says_has_to_be_readable),
		RUN_TEST(a_stage_knows_when_it_froze_whom),
		RUN_TEST(a_step_takes_away_what_it_made),
		RUN_TEST(payloads_run_and_end_with_the_steps),
		RUN_TEST(a_bad_payload_fails_the_scenario),
		RUN_TEST(payloads_that_are_not_there_are_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
