// SPDX-License-Identifier: GPL-2.0-only
#include "scenario/run.h"

#include <stdio.h>
#include <time.h>

#include "base/fd.h"
#include "guest/event.h"
#include "scenario/judge.h"
#include "scenario/operation.h"
#include "scenario/steal_file.h"

/* A guest, unless told otherwise. */
static struct kt_scenario_place run_place = {
	.cgroup_mount = "/sys/fs/cgroup",
	.sysfs = KT_SYSFS,
	.steal = KT_GUEST_STEAL,
	.events = KT_GUEST_EVENTS,
};

/* A scenario on its way. */
struct run {
	struct ktstr_context *ctx;
	const struct kt_scenario *scenario;
	const struct kt_scenario_place *place;
	struct kt_stage stage;
	char step[64]; /* the name of the one at hand */
};

static void run_event(const struct run *run, const char *kind, const char *detail)
{
	kt_event_send_to(run->place->events, kind, run->step, detail,
			 kt_now_ns());
}

static uint64_t run_share_ns(const struct run *run, double fraction)
{
	return (uint64_t)(fraction * 1e9 * ktstr_current(run->ctx)->duration_s);
}

/* A hold is a length of time, not a wait for something. */
static void run_sleep_until(uint64_t until_ns)
{
	const struct timespec until = {
		.tv_sec = (time_t)(until_ns / 1000000000),
		.tv_nsec = (long)(until_ns % 1000000000),
	};

	while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL) ==
	       EINTR)
		;
}

static int run_check_hold(const struct ktstr_hold *hold, struct ktstr_error *err)
{
	bool has_share = hold->kind == KTSTR_HOLD_KIND_FRACTION ||
			 hold->kind == KTSTR_HOLD_KIND_LOOP;

	if (hold->kind > KTSTR_HOLD_KIND_LOOP)
		return kt_err(err, -EINVAL,
			      "a hold of kind %d; use a KTSTR_HOLD_ macro",
			      (int)hold->kind);
	/* So that no number, too, is refused. */
	if (has_share && !(hold->fraction > 0 && hold->fraction <= 1))
		return kt_err(err, -EINVAL,
			      "a hold of %g of duration_s; it must be > 0 and "
			      "at most 1",
			      hold->fraction);
	if (hold->kind == KTSTR_HOLD_KIND_LOOP && !hold->ms)
		return kt_err(err, -EINVAL,
			      "a loop without a pause; say how many ms lie "
			      "between two rounds");
	return 0;
}

static int run_operations(struct run *run, const struct ktstr_operations *ops,
			  struct ktstr_error *err)
{
	for (size_t i = 0; i < ops->n; i++) {
		_cleanup_strbuf_ struct kt_strbuf text = { 0 };
		int r;

		kt_operation_print(&ops->operations[i], &text);
		run_event(run, "operation", kt_strbuf_text(&text));
		r = kt_operation_run(&run->stage, &ops->operations[i], err);
		if (r < 0)
			return r;
	}
	return 0;
}

static int run_hold(struct run *run, const struct ktstr_step *step,
		    struct ktstr_error *err)
{
	const struct ktstr_hold *hold = &step->hold;
	uint64_t now_ns = kt_now_ns(), round_ns = hold->ms * 1000000ULL;
	uint64_t end_ns = now_ns + run_share_ns(run, hold->fraction);

	switch (hold->kind) {
	case KTSTR_HOLD_NONE:
		return 0;
	case KTSTR_HOLD_KIND_FIXED:
		run_sleep_until(now_ns + round_ns);
		return 0;
	case KTSTR_HOLD_KIND_FRACTION:
		run_sleep_until(end_ns);
		return 0;
	default:
		break;
	}
	/* Each round is a while behind the one before, however long that took. */
	while (now_ns + round_ns < end_ns) {
		int r;

		run_sleep_until(now_ns + round_ns);
		r = run_operations(run, &step->operations, err);
		if (r < 0)
			return r;
		now_ns = kt_now_ns();
	}
	run_sleep_until(end_ns);
	return 0;
}

static int run_step(struct run *run, int index, const struct ktstr_step *step,
		    struct ktstr_error *err)
{
	int r = run_check_hold(&step->hold, err);

	run->stage.step = index;
	if (r == 0) {
		run_event(run, "step_start", "");
		r = kt_stage_add(&run->stage, step->cgroups.groups,
				 step->cgroups.n, err);
	}
	if (r == 0)
		r = run_operations(run, &step->operations, err);
	if (r == 0)
		r = run_hold(run, step, err);
	if (r == 0)
		r = kt_stage_end_step(&run->stage, index, err);
	run_event(run, "step_end", r == 0 ? "" : "failed");
	return r;
}

static int run_steps(struct run *run, struct ktstr_error *err)
{
	const struct ktstr_cgroups *backdrop = &run->scenario->backdrop;
	const struct ktstr_steps *steps = &run->scenario->steps;
	int r = kt_stage_add(&run->stage, backdrop->groups, backdrop->n, err);

	if (r < 0)
		return kt_err_context(err, r, "backdrop");
	for (size_t i = 0; r == 0 && i < steps->n; i++) {
		if (steps->steps[i].name)
			snprintf(run->step, sizeof(run->step), "%s",
				 steps->steps[i].name);
		else
			snprintf(run->step, sizeof(run->step), "%zu", i + 1);
		r = run_step(run, (int)i, &steps->steps[i], err);
		if (r < 0 && run->step[0])
			kt_err_context(err, r, "step %s", run->step);
	}
	run->step[0] = '\0';
	return r;
}

/* Of programs alone there is nothing that the checks of workers could say. */
static int run_judge(const struct run *run,
		     const struct ktstr_check_limits *limits,
		     enum ktstr_verdict *ret, struct ktstr_error *err)
{
	if (!run->stage.n_crews && run->stage.n_payloads_judged) {
		*ret = KTSTR_PASS;
		return 0;
	}
	return kt_judge_stage(run->ctx, &run->stage, run->scenario->name, limits,
			      run->place->steal, ret, err);
}

enum ktstr_verdict kt_scenario_run_at(struct ktstr_context *ctx,
				      const struct kt_scenario *scenario,
				      const struct kt_scenario_place *place)
{
	struct run run = { .ctx = ctx, .scenario = scenario, .place = place };
	enum ktstr_verdict verdict = KTSTR_FAIL;
	struct ktstr_check_limits limits;
	struct ktstr_error err = { 0 };
	int r;

	run.stage.cgroups.mount_fd = -1;
	run.stage.ctx = ctx;
	r = kt_judge_limits(ktstr_current(ctx), scenario->checks, &limits, &err);
	if (r == 0)
		r = kt_stage_open(place->cgroup_mount, place->sysfs, &run.stage,
				  &err);
	if (r == 0) {
		run_event(&run, "scenario_start",
			  scenario->name ? scenario->name : "");
		r = run_steps(&run, &err);
	}
	if (r == 0)
		r = kt_stage_close(&run.stage, &err);
	if (r == 0)
		r = run_judge(&run, &limits, &verdict, &err);
	/* Its notes are there, whatever else is. */
	if (run.stage.payload_failed)
		verdict = KTSTR_FAIL;
	if (r < 0) {
		ktstr_note(ctx, "the scenario broke off: %s", err.message);
		verdict = KTSTR_FAIL;
	}
	kt_stage_deinit(&run.stage);
	run_event(&run, "scenario_end", ktstr_verdict_name(verdict));
	return verdict;
}

enum ktstr_verdict kt_scenario_run(struct ktstr_context *ctx,
				   const struct kt_scenario *scenario)
{
	return kt_scenario_run_at(ctx, scenario, &run_place);
}

void kt_scenario_set_place(const struct kt_scenario_place *place)
{
	run_place = *place;
}

enum ktstr_verdict ktstr_run_cgroups(struct ktstr_context *ctx,
				     struct ktstr_cgroups groups)
{
	const struct ktstr_step whole = {
		.name = "", /* the user declared no steps */
		.cgroups = groups,
		.hold = KTSTR_HOLD_FRACTION(1),
	};

	return kt_scenario_run(ctx, &(const struct kt_scenario){
					    .steps = { &whole, 1 },
				    });
}

enum ktstr_verdict ktstr_run_steps(struct ktstr_context *ctx,
				   struct ktstr_cgroups backdrop,
				   struct ktstr_steps steps)
{
	return kt_scenario_run(ctx, &(const struct kt_scenario){
					    .backdrop = backdrop,
					    .steps = steps,
				    });
}
