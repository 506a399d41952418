// SPDX-License-Identifier: GPL-2.0-only
#include "runner/matrix.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/macro.h"
#include "topology/topology.h"

/*
 * How long a run takes beside what the test declares, on a host with KVM: a
 * machine's start and end, and what each CPU adds to its boot.
 */
#define START_MS   2000u
#define PER_CPU_MS 100u
#define END_MS     2000u

void kt_matrix_deinit(struct kt_matrix *matrix)
{
	free(matrix->cells);
	*matrix = (struct kt_matrix){};
}

static int no_memory(struct ktstr_error *err)
{
	return kt_err_errno(err, -ENOMEM, "no memory for the runs");
}

static int add_cell(struct kt_matrix *matrix, const struct kt_cell *cell,
		    struct ktstr_error *err)
{
	/* Doubled whenever it is a power of two. */
	if (!(matrix->n & (matrix->n - 1))) {
		size_t room = matrix->n ? 2 * matrix->n : 1;
		struct kt_cell *cells =
			reallocarray(matrix->cells, room, sizeof(*cells));

		if (!cells)
			return no_memory(err);
		matrix->cells = cells;
	}
	if (matrix->n == KT_CELLS_MAX)
		return kt_err(err, -EINVAL,
			      "that would be more than %d different runs; -k "
			      "chooses fewer tests",
			      KT_CELLS_MAX);
	matrix->cells[matrix->n++] = *cell;
	return 0;
}

/* On every kernel, with every profile. */
static int add_machine(const struct kt_matrix_input *input,
		       struct kt_matrix *matrix, struct kt_cell cell,
		       const struct kt_topology *topology,
		       struct ktstr_error *err)
{
	const struct kt_test *test = input->tests[cell.test];
	size_t n_profiles = input->gauntlet ? test->profiles.n : 0;

	cell.n_cpus = topology->n_cpus;
	cell.n_nodes = topology->n_nodes;
	cell.smt = topology->max_threads_per_core > 1;
	cell.estimate_ms =
		((uint64_t)START_MS + PER_CPU_MS * (uint64_t)cell.n_cpus +
		 1000ULL * test->duration_s + END_MS) *
		input->repeat;
	for (cell.kernel = 0; cell.kernel < input->n_kernels; cell.kernel++) {
		for (size_t i = 0; i < KT_MAX(n_profiles, (size_t)1); i++) {
			int r;

			if (n_profiles)
				cell.profile = &test->profiles.profiles[i];
			r = add_cell(matrix, &cell, err);
			if (r < 0)
				return r;
		}
	}
	return 0;
}

static int add_preset(const struct kt_matrix_input *input,
		      struct kt_matrix *matrix, size_t test,
		      const struct kt_topology_preset *preset,
		      struct ktstr_error *err)
{
	const struct kt_cell cell = { .test = test, .preset = preset };
	_cleanup_topology_ struct kt_topology *topology = NULL;
	int r = kt_topology_from_public(&preset->topology, &topology, err);

	if (r < 0)
		return r;
	if (!kt_constraints_allow(&input->tests[test]->constraints, topology,
				  NULL))
		return 0;
	return add_machine(input, matrix, cell, topology, err);
}

static int add_presets(const struct kt_matrix_input *input,
		       struct kt_matrix *matrix, size_t test,
		       struct ktstr_error *err)
{
	size_t n;
	const struct kt_topology_preset *presets = kt_topology_presets(&n);

	for (size_t i = 0; i < n; i++) {
		int r = add_preset(input, matrix, test, &presets[i], err);

		if (r < 0)
			return r;
	}
	return 0;
}

static int add_declared(const struct kt_matrix_input *input,
			struct kt_matrix *matrix, size_t test,
			struct ktstr_error *err)
{
	const struct kt_cell cell = { .test = test };
	const struct ktstr_topology *declared =
		input->topology ?: &input->tests[test]->topology;
	_cleanup_topology_ struct kt_topology *topology = NULL;
	int r = kt_topology_from_public(declared, &topology, err);

	return r < 0 ? r : add_machine(input, matrix, cell, topology, err);
}

int kt_matrix_expand(const struct kt_matrix_input *input, struct kt_matrix *ret,
		     struct ktstr_error *err)
{
	_cleanup_matrix_ struct kt_matrix matrix = {};

	for (size_t i = 0; i < input->n_tests; i++) {
		size_t before = matrix.n;
		int r = 0;

		if (input->gauntlet)
			r = add_presets(input, &matrix, i, err);
		if (r == 0 && matrix.n == before)
			r = add_declared(input, &matrix, i, err);
		if (r < 0)
			return r;
	}
	*ret = matrix;
	matrix = (struct kt_matrix){};
	return 0;
}

static bool read_count(const char **at, uint32_t *ret)
{
	const char *digits = *at;
	uint64_t value = 0;

	while (**at >= '0' && **at <= '9' && value <= KT_SHARDS_MAX)
		value = value * 10 + (uint64_t)(*(*at)++ - '0');
	*ret = (uint32_t)value;
	return *at > digits && value >= 1 && value <= KT_SHARDS_MAX;
}

int kt_shard_parse(const char *text, uint32_t *ret_nth, uint32_t *ret_of,
		   struct ktstr_error *err)
{
	const char *at = text;
	uint32_t nth, of;

	if (!read_count(&at, &nth) || *at++ != '/' || !read_count(&at, &of) ||
	    *at || nth > of)
		return kt_err(err, -EINVAL,
			      "--shard must be I/N, the Ith of N parts, with I "
			      "from 1 to N and N at most %d, as in 2/4, not "
			      "\"%s\"",
			      KT_SHARDS_MAX, text);
	*ret_nth = nth;
	*ret_of = of;
	return 0;
}

struct load {
	size_t cell;
	uint64_t work;
};

/*
 * Of equals in no order: what is listed regularly, say every other run on the
 * same kernel, would else be one shard's. Another number for each cell.
 */
static uint32_t scramble(size_t cell)
{
	return (uint32_t)cell * 2654435761u;
}

static int compare_loads(const void *a, const void *b)
{
	const struct load *one = a, *other = b;

	if (one->work != other->work)
		return one->work < other->work ? 1 : -1;
	return scramble(one->cell) < scramble(other->cell) ? -1 : 1;
}

/* The largest first, each to the shard that has least. */
static void deal(const struct load *loads, size_t n, uint64_t *sums,
		 uint32_t of, uint32_t *ret_shards)
{
	for (size_t i = 0; i < n; i++) {
		uint32_t least = 0;

		for (uint32_t shard = 1; shard < of; shard++) {
			if (sums[shard] < sums[least])
				least = shard;
		}
		sums[least] += loads[i].work;
		ret_shards[loads[i].cell] = least;
	}
}

int kt_matrix_shard(struct kt_matrix *matrix, uint32_t nth, uint32_t of,
		    struct ktstr_error *err)
{
	_cleanup_free_ struct load *loads = calloc(matrix->n + 1, sizeof(*loads));
	_cleanup_free_ uint32_t *shards = calloc(matrix->n + 1, sizeof(*shards));
	_cleanup_free_ uint64_t *sums = calloc(of, sizeof(*sums));
	size_t kept = 0;

	if (!loads || !shards || !sums)
		return no_memory(err);
	for (size_t i = 0; i < matrix->n; i++)
		loads[i] = (struct load){
			.cell = i,
			.work = matrix->cells[i].estimate_ms *
				matrix->cells[i].n_cpus,
		};
	qsort(loads, matrix->n, sizeof(*loads), compare_loads);
	deal(loads, matrix->n, sums, of, shards);
	for (size_t i = 0; i < matrix->n; i++) {
		if (shards[i] == nth - 1)
			matrix->cells[kept++] = matrix->cells[i];
	}
	matrix->n = kept;
	return 0;
}
