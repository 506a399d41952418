// SPDX-License-Identifier: GPL-2.0-only
#include "runner/run.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/fd.h"
#include "base/macro.h"
#include "base/strbuf.h"
#include "topology/grammar.h"
#include "topology/topology.h"
#include "wire/guest_files.h"

#define MEMORY_FLOOR_MIB   256u
#define MEMORY_PER_CPU_MIB 64u

KT_DEFINE_CLEANUP(struct ktstr_vm *, ktstr_vm_destroy)

static int no_memory(struct ktstr_error *err)
{
	return kt_err_errno(err, -ENOMEM, "no memory for a run");
}

void kt_run_name(struct kt_strbuf *sb, const struct kt_test *test,
		 const struct kt_run_labels *labels, uint32_t nth, uint32_t of)
{
	const char *const words[] = { labels->preset, labels->kernel,
				      labels->profile };
	const char *mark = " (";

	kt_strbuf_add(sb, test->name);
	for (size_t i = 0; i < KT_ARRAY_SIZE(words); i++) {
		if (!words[i])
			continue;
		kt_strbuf_addf(sb, "%s%s", mark, words[i]);
		mark = ", ";
	}
	if (of > 1) {
		kt_strbuf_addf(sb, "%s%u of %u", mark, nth, of);
		mark = ", ";
	}
	if (*mark == ',')
		kt_strbuf_add_char(sb, ')');
}

static uint32_t plan_memory(const struct kt_test *test,
			    const struct kt_topology *topology)
{
	uint32_t floor_mib =
		KT_MAX(topology->n_cpus * MEMORY_PER_CPU_MIB, MEMORY_FLOOR_MIB);

	return topology->has_declared_memory ?
		       kt_topology_memory_mib(topology) :
		       KT_MAX(floor_mib, test->memory_mib);
}

/*
 * The guest ends its test in time by itself, and tells of it; the host is there
 * for the guest that does not, and comes later.
 */
static uint32_t plan_timeout(const struct kt_run_request *request)
{
	const struct kt_test *test = request->test;
	uint32_t boot_ms =
		request->nested ? KT_RUNNER_BOOT_NESTED_MS : KT_RUNNER_BOOT_MS;

	if (request->timeout_ms)
		return request->timeout_ms;
	return boot_ms +
	       1000 * (kt_test_timeout_s(test->timeout_s, test->duration_s) +
		       kt_scheduler_time_s(test->scheduler) + KT_TEST_MARGIN_S);
}

/* Enable and disable lines are commands for busybox. */
static bool needs_shell(const struct kt_scheduler *scheduler)
{
	return scheduler && (scheduler->enable.n || scheduler->disable.n);
}

/* Where the test's own machine is, it has been found fit. */
static int find_misfit(const struct kt_run_request *request,
		       const struct kt_topology *topology,
		       struct kt_run_plan *plan)
{
	_cleanup_strbuf_ struct kt_strbuf why = {};

	if (kt_constraints_allow(&request->test->constraints, topology, &why))
		return 0;
	plan->misfit = kt_strbuf_steal(&why);
	return plan->misfit ? 0 : -ENOMEM;
}

int kt_run_plan_init(struct kt_run_plan *plan,
		     const struct kt_run_request *request,
		     struct ktstr_error *err)
{
	const struct kt_test *test = request->test;
	const struct ktstr_topology *declared =
		request->topology ?: &test->topology;
	_cleanup_topology_ struct kt_topology *topology = NULL;
	_cleanup_strbuf_ struct kt_strbuf text = {};
	int r = kt_topology_from_public(declared, &topology, err);

	*plan = (struct kt_run_plan){};
	if (r < 0)
		return r;
	r = kt_scheduler_plan_init(
		&plan->scheduler, test->name, test->scheduler,
		request->profile_args, &test->extra_sched_args,
		request->include_files, request->n_include_files, err);
	if (r < 0)
		return kt_err_context(err, r, "test %s", test->name);
	kt_topology_print(&text, declared);
	plan->topology = kt_strbuf_steal(&text);
	if (!plan->topology || find_misfit(request, topology, plan) < 0) {
		kt_run_plan_deinit(plan);
		return no_memory(err);
	}
	plan->n_cpus = topology->n_cpus;
	plan->config = KTSTR_VM_CONFIG(
			.kernel = request->kernel, .init_binary = request->binary,
			.run_args = plan->scheduler.run_args,
			.topology = *declared,
			.memory_mib = plan_memory(test, topology),
			.cmdline = test->scheduler ? test->scheduler->cmdline :
						     NULL,
			.timeout_ms = plan_timeout(request),
			.include_files = plan->scheduler.include_files,
			.n_include_files = plan->scheduler.n_include_files,
			.busybox = needs_shell(test->scheduler),
			.bpf_map_writes = test->map_writes.list,
			.n_bpf_map_writes = test->map_writes.n,
			.monitor_thresholds = &test->monitoring.thresholds,
			.watchdog_timeout_ms =
				test->monitoring.watchdog_timeout_s * 1000,
			.dmesg = request->dmesg, .log = request->log);
	if (test->devices.has_disk)
		plan->config.disk = &test->devices.disk;
	if (test->devices.has_network)
		plan->config.network = &test->devices.network;
	return 0;
}

void kt_run_plan_deinit(struct kt_run_plan *plan)
{
	kt_scheduler_plan_deinit(&plan->scheduler);
	free(plan->topology);
	free(plan->misfit);
	*plan = (struct kt_run_plan){};
}

static int run_machine(const struct kt_run_request *request,
		       const struct kt_run_plan *plan,
		       struct ktstr_vm_result **ret, struct ktstr_error *err)
{
	_cleanup_(ktstr_vm_destroy_cleanup) struct ktstr_vm *vm = NULL;
	int r = ktstr_vm_build(&plan->config, &vm, err);

	if (r < 0)
		return r;
	r = request->begin ? request->begin(request->userdata, vm, err) : 0;
	if (r == 0)
		r = ktstr_vm_run(vm, ret, err);
	if (request->end)
		request->end(request->userdata);
	return r;
}

static int describe(struct kt_test_run *run, struct kt_run_plan *plan)
{
	run->topology = plan->topology ? TAKE_PTR(plan->topology) : strdup("");
	run->numa_nodes = plan->config.topology.numa_nodes;
	run->llcs = plan->config.topology.llcs;
	run->n_cpus = plan->n_cpus;
	run->memory_mib = plan->config.memory_mib;
	return run->topology ? 0 : -ENOMEM;
}

static int judge_misfit(const struct kt_judging *judging,
			const struct kt_run_plan *plan, struct kt_test_run *run)
{
	_cleanup_strbuf_ struct kt_strbuf why = {};

	kt_strbuf_addf(&why, "the test is not meant for this machine: %s",
		       plan->misfit);
	if (kt_strbuf_failed(&why))
		return -ENOMEM;
	return kt_outcome_of_skip(judging, kt_strbuf_text(&why), &run->outcome);
}

static int judge(const struct kt_run_request *request,
		 const struct kt_run_plan *plan, const struct ktstr_error *why,
		 struct kt_test_run *run)
{
	const struct kt_judging judging = {
		.test = request->test,
		.timeout_ms = plan->config.timeout_ms,
		.no_skip = request->no_skip,
	};

	if (plan->misfit)
		return judge_misfit(&judging, plan, run);
	if (!run->machine)
		return kt_outcome_of_error(&judging, why, &run->outcome);
	/* A test that was over before it was stopped is judged as any other. */
	run->interrupted = run->machine->stopped && run->machine->exit_code < 0;
	if (run->interrupted)
		return 0;
	return kt_outcome_judge(&judging, run->machine, &run->outcome);
}

int kt_test_run_once(const struct kt_run_request *request,
		     struct kt_test_run *ret, struct ktstr_error *err)
{
	_cleanup_(kt_run_plan_deinit) struct kt_run_plan plan = {};
	_cleanup_test_run_ struct kt_test_run run = {
		.test = request->test,
		.binary = request->binary,
		.labels = request->labels,
		.nth = 1,
		.of = 1,
		.started = time(NULL),
	};
	struct ktstr_error why = {};
	uint64_t start_ns = kt_now_ns();

	if (kt_run_plan_init(&plan, request, &why) == 0 && !plan.misfit)
		(void)run_machine(request, &plan, &run.machine, &why);
	if (judge(request, &plan, &why, &run) < 0 || describe(&run, &plan) < 0)
		return no_memory(err);
	run.wall_ns = kt_now_ns() - start_ns;
	*ret = run;
	run = (struct kt_test_run){};
	return 0;
}

void kt_test_run_deinit(struct kt_test_run *run)
{
	free(run->topology);
	kt_outcome_deinit(&run->outcome);
	ktstr_vm_result_free(run->machine);
	*run = (struct kt_test_run){};
}
