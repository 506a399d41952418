// SPDX-License-Identifier: GPL-2.0-only
/* What is planned on each machine, against tests/golden/host/MACHINE.txt. */
#include "golden.h"

#include "base/cpulist.h"
#include "base/macro.h"
#include "host/budget.h"
#include "host/pinning.h"
#include "host/window.h"
#include "machines.h"
#include "topology/grammar.h"
#include "topology/topology.h"

static struct kt_topology *guest_of(const char *text)
{
	_cleanup_topology_text_ struct kt_topology_text declared = { 0 };
	struct kt_topology *guest = NULL;
	struct ktstr_error err = { 0 };

	if (kt_topology_parse(text, &declared, &err) < 0 ||
	    kt_topology_from_public(&declared.topology, &guest, &err) < 0)
		fail_msg("%s: %s", text, err.message);
	return guest;
}

static void print_cpus(struct kt_strbuf *sb, const struct kt_host_cpu *cpus,
		       size_t n)
{
	_cleanup_bitmap_ struct kt_bitmap set = { 0 };

	for (size_t i = 0; i < n; i++)
		assert_int_equal(kt_bitmap_set(&set, cpus[i].id), 0);
	kt_cpulist_print(sb, &set);
}

static void print_numbers(struct kt_strbuf *sb, const uint32_t *numbers, size_t n)
{
	for (size_t i = 0; i < n; i++)
		kt_strbuf_addf(sb, "%s%u", i ? "," : "", numbers[i]);
}

static void print_host(struct kt_strbuf *sb, const struct kt_host_topology *host)
{
	kt_strbuf_addf(sb, "%zu CPUs, %zu allowed\n", host->n_cpus,
		       host->n_allowed);
	for (size_t i = 0; i < host->n_llcs; i++) {
		const struct kt_host_llc *llc = &host->llcs[i];

		kt_strbuf_addf(sb, "LLC %zu, node %u: ", i,
			       host->nodes[llc->node].id);
		print_cpus(sb, &host->cpus[llc->first_cpu], llc->n_cpus);
		if (llc->n_allowed < llc->n_cpus)
			kt_strbuf_addf(sb, ", %u allowed", llc->n_allowed);
		kt_strbuf_add_char(sb, '\n');
	}
	for (size_t i = 0; i < host->n_nodes; i++) {
		kt_strbuf_addf(sb, "node %u: %" PRIu64 " MiB, distances",
			       host->nodes[i].id, host->nodes[i].memory_mib);
		for (uint32_t to = 0; to < host->n_nodes; to++)
			kt_strbuf_addf(sb, " %u",
				       kt_host_distance(host, (uint32_t)i, to));
		kt_strbuf_add_char(sb, '\n');
	}
}

/* Indented, should it have several lines. */
static void print_refusal(struct kt_strbuf *sb, const char *what,
			  const struct ktstr_error *err)
{
	assert_int_equal(err->kind, KTSTR_ERROR_CONTENTION);
	kt_strbuf_addf(sb, "  %s: %.*s\n", what,
		       (int)strcspn(err->message, "\n"), err->message);
}

static void print_pinning(struct kt_strbuf *sb, const struct kt_pinning *plan,
			  const struct kt_host_topology *host,
			  const struct kt_topology *guest)
{
	_cleanup_free_ struct kt_bitmap *nodes =
		calloc(guest->n_nodes, sizeof(*nodes));

	assert_non_null(nodes);
	kt_strbuf_add(sb, "LLCs ");
	print_numbers(sb, plan->llcs, plan->n_llcs);
	kt_strbuf_add(sb, ", vCPUs on");
	for (size_t i = 0; i < plan->n_vcpus; i++)
		kt_strbuf_addf(sb, " %u", plan->cpus[i].id);
	kt_strbuf_addf(sb, ", services on %u, memory on", plan->service.id);
	assert_int_equal(kt_pinning_nodes(plan, host, guest, nodes), 0);
	for (uint32_t i = 0; i < guest->n_nodes; i++) {
		kt_strbuf_add_char(sb, ' ');
		kt_cpulist_print(sb, &nodes[i]);
		kt_bitmap_deinit(&nodes[i]);
	}
	kt_strbuf_add_char(sb, '\n');
}

/* What has to hold of every plan, whatever the golden files say. */
static void check_pinning(const struct kt_pinning *plan,
			  const struct kt_topology *guest)
{
	_cleanup_bitmap_ struct kt_bitmap cpus = { 0 };

	for (uint32_t i = 0; i < guest->n_cpus; i++) {
		const struct kt_host_cpu *cpu = &plan->cpus[i];
		uint32_t llc = kt_topology_cpu(guest, i).llc;

		assert_true(cpu->allowed);
		assert_false(kt_bitmap_test(&cpus, cpu->id));
		assert_int_equal(kt_bitmap_set(&cpus, cpu->id), 0);
		assert_int_equal(cpu->llc,
				 plan->cpus[guest->llcs[llc].first_cpu].llc);
	}
	assert_true(plan->service.allowed);
	assert_false(kt_bitmap_test(&cpus, plan->service.id));
	assert_int_equal(plan->n_llcs, guest->n_llcs);
	for (size_t i = 1; i < plan->n_llcs; i++)
		assert_true(plan->llcs[i - 1] < plan->llcs[i]);
}

static void print_pinnings(struct kt_strbuf *sb,
			   const struct kt_host_topology *host, const char *text)
{
	_cleanup_topology_ struct kt_topology *guest = guest_of(text);
	struct ktstr_error err = { 0 };
	uint32_t slots = kt_pinning_slots(host, guest);

	kt_strbuf_addf(sb, "\nperformance %s, slots %u\n", text, slots);
	if (kt_pinning_check(host, guest, &err) < 0)
		print_refusal(sb, "check", &err);
	for (uint32_t slot = 0; slot < slots; slot++) {
		_cleanup_pinning_ struct kt_pinning plan = { 0 };

		if (kt_pinning_plan(host, guest, slot * guest->n_llcs, &plan,
				    &err) < 0) {
			print_refusal(sb, "plan", &err);
			return;
		}
		kt_strbuf_addf(sb, "  slot %u: ", slot);
		print_pinning(sb, &plan, host, guest);
		check_pinning(&plan, guest);
	}
}

static void print_budget(struct kt_strbuf *sb,
			 const struct kt_host_topology *host, uint32_t cap,
			 const char *about, const struct kt_llc_use *use)
{
	_cleanup_budget_plan_ struct kt_budget_plan plan = { 0 };
	struct ktstr_error err = { 0 };

	if (kt_budget_plan(host, cap, use, &plan, &err) < 0) {
		print_refusal(sb, about, &err);
		return;
	}
	kt_strbuf_addf(sb, "  %s: %zu CPUs ", about, plan.n_cpus);
	print_cpus(sb, plan.cpus, plan.n_cpus);
	kt_strbuf_add(sb, ", LLCs ");
	print_numbers(sb, plan.llcs, plan.n_llcs);
	kt_strbuf_add(sb, ", nodes ");
	print_numbers(sb, plan.nodes, plan.n_nodes);
	kt_strbuf_add_char(sb, '\n');
	assert_int_equal(plan.n_cpus,
			 cap == KT_BUDGET_NO_CAP ? kt_budget_default(host) : cap);
}

static void print_budgets(struct kt_strbuf *sb,
			  const struct kt_host_topology *host)
{
	_cleanup_free_ struct kt_llc_use *use =
		calloc(host->n_llcs, sizeof(*use));
	uint32_t last = (uint32_t)host->n_llcs - 1;

	assert_non_null(use);
	kt_strbuf_add(sb, "\nno-perf\n");
	print_budget(sb, host, KT_BUDGET_NO_CAP, "no cap", NULL);
	print_budget(sb, host, 1, "cap 1", NULL);
	print_budget(sb, host, 6, "cap 6", NULL);
	print_budget(sb, host, (uint32_t)host->n_allowed, "all", NULL);
	print_budget(sb, host, (uint32_t)host->n_allowed + 1, "one more", NULL);
	use[last].n_shared = 1;
	print_budget(sb, host, 6, "cap 6, last LLC shared", use);
	use[0].exclusive = true;
	print_budget(sb, host, 6, "and the first held alone", use);
}

static void print_windows(struct kt_strbuf *sb,
			  const struct kt_host_topology *host, uint32_t n_vcpus)
{
	_cleanup_windows_ struct kt_windows windows = { 0 };
	size_t shown;

	assert_int_equal(kt_windows_init(&windows, host, n_vcpus), 0);
	kt_strbuf_addf(sb, "  %u vCPUs, %zu windows:", n_vcpus, windows.n_starts);
	shown = KT_MIN(windows.n_starts, (size_t)8);
	for (size_t i = 0; i < shown; i++) {
		kt_strbuf_add_char(sb, ' ');
		print_cpus(sb, &windows.cpus[windows.starts[i]], n_vcpus);
	}
	kt_strbuf_add(sb, windows.n_starts > shown ? " ...\n" : "\n");
}

/* Slots that fit side by side have no LLC in common: of sixteen. */
static void slots_are_disjoint(const struct kt_host_topology *host)
{
	static const char *const guests[] = { "1n2l4c2t", "2n4l4c1t", "2n2l2c1t" };

	for (size_t g = 0; g < KT_ARRAY_SIZE(guests); g++) {
		_cleanup_topology_ struct kt_topology *guest =
			guest_of(guests[g]);
		_cleanup_bitmap_ struct kt_bitmap seen = { 0 };

		for (uint32_t s = 0; s < kt_pinning_slots(host, guest); s++) {
			_cleanup_pinning_ struct kt_pinning plan = { 0 };

			assert_int_equal(kt_pinning_plan(host, guest,
							 s * guest->n_llcs,
							 &plan, NULL),
					 0);
			for (size_t i = 0; i < plan.n_llcs; i++) {
				assert_false(kt_bitmap_test(&seen, plan.llcs[i]));
				assert_int_equal(
					kt_bitmap_set(&seen, plan.llcs[i]), 0);
			}
		}
		assert_int_equal(kt_bitmap_count(&seen), 16);
	}
}

static void every_machine_is_planned_as_its_golden_file_says(void **state)
{
	static const char *const guests[] = {
		"1n1l1c1t",
		"1n1l2c1t",
		"1n2l2c1t",
		"1n2l4c2t",
		"2n2l2c1t",
		"2n4l4c1t",
		"2n(1l,1G)(0l,1G)2c1t",
	};

	(void)state;
	for (size_t i = 0; i < KT_ARRAY_SIZE(machines); i++) {
		_cleanup_host_topology_ struct kt_host_topology *host =
			read_machine(&machines[i]);
		_cleanup_strbuf_ struct kt_strbuf sb = { 0 };
		char name[64];

		kt_strbuf_addf(&sb, "%s: %s\n", machines[i].name,
			       machines[i].about);
		print_host(&sb, host);
		for (size_t g = 0; g < KT_ARRAY_SIZE(guests); g++)
			print_pinnings(&sb, host, guests[g]);
		print_budgets(&sb, host);
		kt_strbuf_add(&sb, "\ndefault\n");
		for (uint32_t n = 1; n <= 8; n *= 2)
			print_windows(&sb, host, n);
		snprintf(name, sizeof(name), "host/%s.txt", machines[i].name);
		assert_golden(name, kt_strbuf_text(&sb));
		if (strcmp(machines[i].name, "chiplet-nps4") == 0)
			slots_are_disjoint(host);
	}
}

static void an_offset_that_is_no_slot_rotates_too(void **state)
{
	_cleanup_host_topology_ struct kt_host_topology *host =
		read_machine_named("emulated-8x1");
	_cleanup_topology_ struct kt_topology *guest = guest_of("1n3l1c1t");
	_cleanup_pinning_ struct kt_pinning plan = { 0 };

	(void)state;
	assert_int_equal(kt_pinning_plan(host, guest, 7, &plan, NULL), 0);
	assert_int_equal(plan.cpus[0].id, 7);
	assert_int_equal(plan.cpus[1].id, 0);
	assert_int_equal(plan.cpus[2].id, 1);
	assert_int_equal(plan.llcs[0], 0);
	assert_int_equal(plan.llcs[2], 7);
}

static void the_cap_comes_from_the_caller_then_from_the_environment(void **state)
{
	uint32_t cap = 0;
	struct ktstr_error err = { 0 };

	(void)state;
	assert_int_equal(kt_budget_cap(3, "5", &cap, &err), 0);
	assert_int_equal(cap, 3);
	assert_int_equal(kt_budget_cap(KT_BUDGET_NO_CAP, "5", &cap, &err), 0);
	assert_int_equal(cap, 5);
	assert_int_equal(kt_budget_cap(KT_BUDGET_NO_CAP, "", &cap, &err), 0);
	assert_int_equal(cap, KT_BUDGET_NO_CAP);
	assert_int_equal(kt_budget_cap(KT_BUDGET_NO_CAP, NULL, &cap, &err), 0);
	assert_int_equal(cap, KT_BUDGET_NO_CAP);
}

static void a_cap_of_zero_or_nonsense_is_refused(void **state)
{
	static const char *const wrong[] = { "0",  "x",
					     "-1", "3 ",
					     "+2", "99999999999999999999999" };
	struct ktstr_error err = { 0 };
	uint32_t cap = 0;

	(void)state;
	assert_int_equal(kt_budget_cap(0, "5", &cap, &err), -EINVAL);
	assert_int_equal(err.kind, KTSTR_ERROR_INVALID);
	assert_contains(err.message, "is 0");
	for (size_t i = 0; i < KT_ARRAY_SIZE(wrong); i++) {
		assert_int_equal(
			kt_budget_cap(KT_BUDGET_NO_CAP, wrong[i], &cap, &err),
			-EINVAL);
		assert_contains(err.message, "KTSTR_CPU_CAP");
	}
}

static void the_default_budget_is_three_of_ten_rounded_up(void **state)
{
	static const uint32_t expected[][2] = { { 1, 1 },   { 2, 1 },
						{ 3, 1 },   { 4, 2 },
						{ 10, 3 },  { 11, 4 },
						{ 256, 77 } };

	(void)state;
	for (size_t i = 0; i < KT_ARRAY_SIZE(expected); i++) {
		struct kt_host_topology host = { .n_allowed = expected[i][0] };

		assert_int_equal(kt_budget_default(&host), expected[i][1]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_machine_is_planned_as_its_golden_file_says),
		cmocka_unit_test(an_offset_that_is_no_slot_rotates_too),
		cmocka_unit_test(
			the_cap_comes_from_the_caller_then_from_the_environment),
		cmocka_unit_test(a_cap_of_zero_or_nonsense_is_refused),
		cmocka_unit_test(the_default_budget_is_three_of_ten_rounded_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
