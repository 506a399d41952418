// SPDX-License-Identifier: GPL-2.0-only
#include "runner/budget.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/macro.h"

enum pair {
	TEST_PRESET,
	TEST_KERNEL,
	TEST_PROFILE,
	TEST_SMT,
	TEST_NODES,
	PRESET_KERNEL,
	PRESET_PROFILE,
	KERNEL_PROFILE,
	PAIRS,
};

/* A run that may be chosen yet; `gain` is what it was worth when last seen. */
struct candidate {
	size_t cell;
	uint32_t gain;
};

struct chooser {
	struct kt_cell *cells;
	size_t n;
	const char **profiles; /* names, sorted and different */
	size_t n_profiles;
	uint64_t *pairs; /* all that there are, sorted and different */
	size_t n_pairs;
	bool *covered;
	/*
	 * A heap, the most worthwhile on top. What a run is worth only falls
	 * while others are chosen, so the one on top, if it is worth what it
	 * was, is the best of all.
	 */
	struct candidate *heap;
	size_t n_heap;
};

static void chooser_deinit(struct chooser *c)
{
	free(c->profiles);
	free(c->pairs);
	free(c->covered);
	free(c->heap);
}

static int compare_names(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static int compare_pairs(const void *a, const void *b)
{
	uint64_t one = *(const uint64_t *)a, other = *(const uint64_t *)b;

	return (one > other) - (one < other);
}

static uint64_t pair_of(enum pair kind, uint64_t one, uint64_t other)
{
	return (uint64_t)kind << 56 | one << 28 | other;
}

static uint64_t profile_number(const struct chooser *c, const struct kt_cell *cell)
{
	const char *name = cell->profile ? cell->profile->name : KT_PROFILE_PLAIN;
	const char **at = bsearch(&name, c->profiles, c->n_profiles,
				  sizeof(*c->profiles), compare_names);

	return (uint64_t)(at - c->profiles);
}

static uint64_t preset_number(const struct kt_cell *cell)
{
	size_t n;
	const struct kt_topology_preset *presets = kt_topology_presets(&n);

	return cell->preset ? (uint64_t)(cell->preset - presets) : n;
}

static void list_pairs(const struct chooser *c, const struct kt_cell *cell,
		       uint64_t pairs[PAIRS])
{
	uint64_t preset = preset_number(cell);
	uint64_t profile = profile_number(c, cell);
	const struct {
		uint64_t one;
		uint64_t other;
	} all[PAIRS] = {
		[TEST_PRESET] = { cell->test, preset },
		[TEST_KERNEL] = { cell->test, cell->kernel },
		[TEST_PROFILE] = { cell->test, profile },
		[TEST_SMT] = { cell->test, cell->smt },
		[TEST_NODES] = { cell->test, cell->n_nodes },
		[PRESET_KERNEL] = { preset, cell->kernel },
		[PRESET_PROFILE] = { preset, profile },
		[KERNEL_PROFILE] = { cell->kernel, profile },
	};

	for (size_t i = 0; i < PAIRS; i++)
		pairs[i] = pair_of((enum pair)i, all[i].one, all[i].other);
}

static size_t unique_pairs(uint64_t *pairs, size_t n)
{
	size_t kept = 0;

	qsort(pairs, n, sizeof(*pairs), compare_pairs);
	for (size_t i = 0; i < n; i++) {
		if (!kept || pairs[i] != pairs[kept - 1])
			pairs[kept++] = pairs[i];
	}
	return kept;
}

static void number_profiles(struct chooser *c)
{
	size_t kept = 0;

	for (size_t i = 0; i < c->n; i++)
		c->profiles[i] = c->cells[i].profile ? c->cells[i].profile->name :
						       KT_PROFILE_PLAIN;
	qsort(c->profiles, c->n, sizeof(*c->profiles), compare_names);
	for (size_t i = 0; i < c->n; i++) {
		if (!kept || strcmp(c->profiles[i], c->profiles[kept - 1]) != 0)
			c->profiles[kept++] = c->profiles[i];
	}
	c->n_profiles = kept;
}

static int chooser_init(struct chooser *c, const struct kt_matrix *matrix)
{
	c->cells = matrix->cells;
	c->n = matrix->n;
	c->profiles = calloc(c->n, sizeof(*c->profiles));
	c->pairs = calloc(c->n, PAIRS * sizeof(*c->pairs));
	c->heap = calloc(c->n, sizeof(*c->heap));
	if (!c->profiles || !c->pairs || !c->heap)
		return -ENOMEM;
	number_profiles(c);
	for (size_t i = 0; i < c->n; i++)
		list_pairs(c, &c->cells[i], c->pairs + i * PAIRS);
	c->n_pairs = unique_pairs(c->pairs, c->n * PAIRS);
	c->covered = calloc(c->n_pairs, sizeof(*c->covered));
	return c->covered ? 0 : -ENOMEM;
}

/* How many pairs of a run are new; `take` makes them old. */
static uint32_t new_pairs(struct chooser *c, const struct kt_cell *cell, bool take)
{
	uint64_t pairs[PAIRS];
	uint32_t n = 0;

	list_pairs(c, cell, pairs);
	for (size_t i = 0; i < PAIRS; i++) {
		uint64_t *at = bsearch(&pairs[i], c->pairs, c->n_pairs,
				       sizeof(*c->pairs), compare_pairs);
		bool *covered = &c->covered[at - c->pairs];

		n += !*covered;
		*covered |= take;
	}
	return n;
}

static bool is_better(const struct chooser *c, const struct candidate *one,
		      const struct candidate *other)
{
	const struct kt_cell *a = &c->cells[one->cell];
	const struct kt_cell *b = &c->cells[other->cell];
	uint64_t left = one->gain * b->estimate_ms;
	uint64_t right = other->gain * a->estimate_ms;

	if (left != right)
		return left > right;
	if (a->estimate_ms != b->estimate_ms)
		return a->estimate_ms < b->estimate_ms;
	return one->cell < other->cell;
}

static void sift_down(struct chooser *c, size_t at)
{
	for (;;) {
		size_t best = at;

		for (size_t child = 2 * at + 1; child <= 2 * at + 2; child++) {
			if (child < c->n_heap &&
			    is_better(c, &c->heap[child], &c->heap[best]))
				best = child;
		}
		if (best == at)
			return;
		struct candidate swapped = c->heap[at];

		c->heap[at] = c->heap[best];
		c->heap[best] = swapped;
		at = best;
	}
}

static void fill_heap(struct chooser *c)
{
	c->n_heap = c->n;
	for (size_t i = 0; i < c->n; i++)
		c->heap[i] = (struct candidate){
			.cell = i,
			.gain = new_pairs(c, &c->cells[i], false),
		};
	for (size_t i = c->n / 2; i-- > 0;)
		sift_down(c, i);
}

static void drop_top(struct chooser *c)
{
	c->heap[0] = c->heap[--c->n_heap];
	sift_down(c, 0);
}

static void choose_all(struct chooser *c, uint64_t budget_ms,
		       struct kt_budget_result *result)
{
	uint32_t picks = 0;

	while (c->n_heap) {
		struct kt_cell *cell = &c->cells[c->heap[0].cell];
		uint32_t gain = new_pairs(c, cell, false);

		if (gain != c->heap[0].gain) {
			c->heap[0].gain = gain;
			sift_down(c, 0);
			continue;
		}
		drop_top(c);
		if (cell->estimate_ms > budget_ms - result->estimate_ms)
			continue;
		result->estimate_ms += cell->estimate_ms;
		result->covered += new_pairs(c, cell, true);
		cell->new_pairs = gain;
		cell->pick = ++picks;
	}
}

static int too_short(const struct kt_matrix *matrix, uint64_t budget_ms,
		     struct ktstr_error *err)
{
	uint64_t shortest_ms = UINT64_MAX;

	for (size_t i = 0; i < matrix->n; i++)
		shortest_ms = KT_MIN(shortest_ms, matrix->cells[i].estimate_ms);
	return kt_err(err, -EINVAL,
		      "--budget of %g s is too short: the shortest run takes "
		      "about %g s",
		      (double)budget_ms / 1000, (double)shortest_ms / 1000);
}

int kt_budget_choose(struct kt_matrix *matrix, uint64_t budget_ms,
		     struct kt_budget_result *ret, struct ktstr_error *err)
{
	_cleanup_(chooser_deinit) struct chooser c = {};
	size_t kept = 0;

	*ret = (struct kt_budget_result){ .of = matrix->n };
	if (!matrix->n)
		return 0;
	if (chooser_init(&c, matrix) < 0)
		return kt_err_errno(err, -ENOMEM, "no memory for the runs");
	fill_heap(&c);
	choose_all(&c, budget_ms, ret);
	ret->pairs = c.n_pairs;
	if (!ret->estimate_ms)
		return too_short(matrix, budget_ms, err);
	for (size_t i = 0; i < matrix->n; i++) {
		if (matrix->cells[i].pick)
			matrix->cells[kept++] = matrix->cells[i];
	}
	matrix->n = kept;
	return 0;
}
