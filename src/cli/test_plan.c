// SPDX-License-Identifier: GPL-2.0-only
#include "cli/test_plan.h"

#include <stdlib.h>
#include <string.h>

#include "base/macro.h"

void kt_test_plan_deinit(struct kt_test_plan *plan)
{
	kt_matrix_deinit(&plan->matrix);
	kt_topology_text_deinit(&plan->topology);
	kt_kernels_deinit(&plan->kernels);
	kt_choice_deinit(&plan->choice);
}

static int no_memory(struct ktstr_error *err)
{
	return kt_err_errno(err, -ENOMEM, "no memory for the tests");
}

static const struct ktstr_topology *declared(const struct kt_test_plan *plan)
{
	return plan->values->topology ? &plan->topology.topology : NULL;
}

static int expand(struct kt_test_plan *plan, struct ktstr_error *err)
{
	size_t n = plan->choice.n;
	_cleanup_free_ const struct kt_test **tests = calloc(n, sizeof(*tests));
	const struct kt_matrix_input input = {
		.tests = tests,
		.n_tests = n,
		.n_kernels = plan->kernels.n,
		.repeat = plan->values->repeat,
		.gauntlet = plan->values->gauntlet,
		.topology = declared(plan),
	};

	if (!tests)
		return no_memory(err);
	for (size_t i = 0; i < n; i++)
		tests[i] = plan->choice.tests[i].test;
	return kt_matrix_expand(&input, &plan->matrix, err);
}

/* Machines that share the work need not know of each other's budgets. */
static int narrow(struct kt_test_plan *plan, struct ktstr_error *err)
{
	const struct kt_test_values *v = plan->values;
	uint32_t jobs = v->jobs == KT_TEST_JOBS_AUTO ? 1 : v->jobs;
	uint32_t nth, of;
	int r = 0;

	if (v->shard)
		r = kt_shard_parse(v->shard, &nth, &of, err);
	if (r == 0 && v->shard)
		r = kt_matrix_shard(&plan->matrix, nth, of, err);
	if (r == 0 && v->budget_ms != KT_TEST_BUDGET_NONE)
		r = kt_budget_choose(&plan->matrix, (uint64_t)jobs * v->budget_ms,
				     &plan->budget, err);
	return r;
}

int kt_test_plan_init(struct kt_test_plan *plan,
		      const struct kt_test_values *values,
		      const struct kt_words *binaries, struct ktstr_error *err)
{
	int r;

	*plan = (struct kt_test_plan){ .values = values };
	r = kt_choice_init(&plan->choice, binaries, &values->patterns, err);
	if (r == 0)
		r = kt_kernels_init(&plan->kernels, &values->kernels, err);
	if (r == 0 && values->topology)
		r = kt_topology_parse(values->topology, &plan->topology, err);
	if (r == 0)
		r = expand(plan, err);
	if (r == 0)
		r = narrow(plan, err);
	if (r < 0)
		kt_test_plan_deinit(plan);
	return r;
}

int kt_test_plan_prepare(struct kt_test_plan *plan, const struct ktstr_log *log,
			 struct ktstr_error *err)
{
	int r = kt_choice_collect_includes(&plan->choice, err);

	if (r == 0)
		r = kt_kernels_resolve(&plan->kernels, err);
	for (size_t i = 0; r == 0 && i < plan->kernels.n; i++) {
		const char *image = plan->kernels.kernels[i].ref.image;
		struct kt_kernel *kernel = NULL;

		/* Unpacked here, it need not be where all is slow. */
		r = kt_kernel_open(image, log, &kernel, err);
		kt_kernel_close(kernel);
	}
	return r;
}

static int compare_sizes(const void *a, const void *b)
{
	uint32_t one = *(const uint32_t *)a, other = *(const uint32_t *)b;

	return (one < other) - (one > other);
}

static int list_sizes(const struct kt_test_plan *plan, uint32_t *sizes,
		      struct ktstr_error *err)
{
	for (size_t i = 0; i < plan->matrix.n; i++) {
		const struct kt_run_request request =
			kt_test_plan_request(plan, &plan->matrix.cells[i]);
		_cleanup_(kt_run_plan_deinit) struct kt_run_plan run = { 0 };
		int r = kt_run_plan_init(&run, &request, err);

		if (r < 0)
			return r;
		sizes[i] = run.misfit ? 0 : run.config.memory_mib;
	}
	qsort(sizes, plan->matrix.n, sizeof(*sizes), compare_sizes);
	return 0;
}

int kt_test_plan_memory(const struct kt_test_plan *plan, uint32_t *ret_mib,
			struct ktstr_error *err)
{
	const struct kt_test_values *v = plan->values;
	uint32_t left = v->jobs == KT_TEST_JOBS_AUTO ? 1 : v->jobs;
	_cleanup_free_ uint32_t *sizes =
		calloc(plan->matrix.n + 1, sizeof(*sizes));
	uint64_t sum = 0;
	int r;

	if (!sizes)
		return no_memory(err);
	r = list_sizes(plan, sizes, err);
	if (r < 0)
		return r;
	for (size_t i = 0; i < plan->matrix.n && left; i++) {
		uint32_t n = KT_MIN(left, v->repeat);

		sum += (uint64_t)n * sizes[i];
		left -= n;
	}
	*ret_mib = (uint32_t)KT_MIN(sum, (uint64_t)UINT32_MAX);
	return 0;
}

size_t kt_test_plan_runs(const struct kt_test_plan *plan)
{
	return plan->matrix.n * plan->values->repeat;
}

const struct kt_chosen_test *kt_test_plan_test(const struct kt_test_plan *plan,
					       const struct kt_cell *cell)
{
	return &plan->choice.tests[cell->test];
}

struct kt_run_labels kt_test_plan_labels(const struct kt_test_plan *plan,
					 const struct kt_cell *cell)
{
	return (struct kt_run_labels){
		.preset = cell->preset ? cell->preset->name : NULL,
		.kernel = plan->kernels.kernels[cell->kernel].label,
		.profile = cell->profile ? cell->profile->name : NULL,
	};
}

static bool is_set(const char *variable)
{
	const char *value = getenv(variable);

	return value && *value;
}

struct kt_run_request kt_test_plan_request(const struct kt_test_plan *plan,
					   const struct kt_cell *cell)
{
	const struct kt_chosen_test *chosen = kt_test_plan_test(plan, cell);
	const struct kt_profile *profile = cell->profile;

	return (struct kt_run_request){
		.test = chosen->test,
		.machine_name = plan->values->name,
		.labels = kt_test_plan_labels(plan, cell),
		.binary = chosen->list->binary,
		.topology =
			cell->preset ? &cell->preset->topology : declared(plan),
		.kernel = plan->kernels.kernels[cell->kernel].ref.image,
		.include_files = chosen->includes.files,
		.n_include_files = chosen->includes.n,
		.profile_args =
			profile ? (const char *const *)profile->args : NULL,
		.timeout_ms = plan->values->timeout_ms,
		.performance_mode = plan->values->sharing.performance_mode,
		.no_perf_mode = plan->values->sharing.no_perf_mode,
		.cpu_cap = plan->values->sharing.cpu_cap,
		.nested = is_set("KTSTR_NESTED"),
		.no_skip = is_set("KTSTR_NO_SKIP_MODE"),
		.dmesg = plan->values->dmesg,
	};
}
