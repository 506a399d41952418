// SPDX-License-Identifier: GPL-2.0-only
#include "made_up.h"

#define T(text) ((char *)(text))

static struct kt_scheduler scheduler = { .name = T("scx_mine") };

static const struct kt_test tests[MADE_UP_RUNS] = {
	{ .name = T("everyone_runs"), .file = T("t.c"), .line = 3 },
	{ .name = T("wakes_in_time"),
	  .file = T("t.c"),
	  .line = 30,
	  .duration_s = 12,
	  .timeout_s = 60,
	  .expect_err = true },
	{ .name = T("needs_smt"), .file = T("t.c"), .line = 50 },
	{ .name = T("fair_share"), .file = T("t.c"), .line = 70 },
	{ .name = T("boots"), .file = T("t.c"), .line = 90 },
	{ .name = T("survives"),
	  .file = T("t.c"),
	  .line = 110,
	  .scheduler = &scheduler },
};

/* A terminal's escape, a C1 control, XML's own letters, a second line. */
static char *fail_notes[] = {
	T("worker 3 \"stuck\" 3500 ms on cpu1 at +1200 ms"),
	T("\033[2J<b>&amp;</b>\302\233\357\277\277 "
	  "caf\303\251\nsecond\tline\n"),
};
static struct kt_metric fail_metrics[] = {
	{ T("p99_wake"), 12.5, T("us") },
	{ T("<share>"), 1e-9, T("") },
};
static char *skip_notes[] = {
	T("2 CPUs are there"),
	T("the machine has no SMT"),
};

static struct ktstr_kvm_stat stats[] = {
	{ "exits", 0, 1234 },
	{ "pages_4k", -1, UINT64_MAX },
};

static struct ktstr_vm_event events[] = {
	{ .kind = T("cpuset"),
	  .step = T("narrow"),
	  .detail = T("back: 0-3 \033[2J caf\303\251\n"),
	  .guest_ns = 1500000000,
	  .received_ns = 7001000000,
	  .placed = true,
	  .host_ns = 7000000000,
	  .host_error_ns = 200000 },
	{ .kind = T("end"),
	  .step = T(""),
	  .detail = T(""),
	  .guest_ns = INT64_MAX,
	  .received_ns = 8001000000 },
};
static struct ktstr_vcpu_steal vcpu_steal[] = {
	{ .lived_ns = 4000000000, .ran_ns = 2000000000, .stolen_ns = 1000000000 },
	{ .lived_ns = 0 },
};

static struct ktstr_cpu_sample sampled_cpus[2][2] = {
	{ { .nr_running = 1, .rq_clock_ns = 100 },
	  { .nr_running = 7, .rq_clock_ns = 101 } },
	{ { .nr_running = 2,
	    .rq_clock_ns = 200,
	    .scx_nr_running = 2,
	    .local_dsq_depth = 3,
	    .scx_flags = 1,
	    .schedstat = { 1, 2, 3, 4, 5, 6, 7, 8 },
	    .vcpu_ran_ns = 50,
	    .vcpu_stolen_ns = 60 },
	  { .nr_running = 8, .rq_clock_ns = 101 } },
};
static struct ktstr_monitor_sample samples[] = {
	{ .host_ns = 7000000000, .took_ns = 40000, .cpus = sampled_cpus[0] },
	{ .host_ns = 7100000000,
	  .took_ns = 50000,
	  .has = KTSTR_SAMPLE_SCX | KTSTR_SAMPLE_SCHEDSTAT |
		 KTSTR_SAMPLE_VCPU_TIME | KTSTR_SAMPLE_COUNTERS,
	  .cpus = sampled_cpus[1],
	  .counters = { 5, -6 } },
};
static struct ktstr_monitor_violation violations[] = {
	{ .rule = KTSTR_RULE_STALL,
	  .cpu = 1,
	  .from_ns = 7000000000,
	  .until_ns = 7500000000,
	  .n_samples = 5,
	  .worst = 500 },
	{ .rule = KTSTR_RULE_IMBALANCE,
	  .cpu = -1,
	  .from_ns = 7000000000,
	  .until_ns = 7600000000,
	  .n_samples = 6,
	  .worst = 7.5,
	  .limit = 4 },
};
static uint32_t n_domains[] = { 2, 0 };
static struct ktstr_sched_domain domains[] = {
	{ .name = "SMT", .span_weight = 1, .level = 0, .flags = 1 },
	{ .name = "MC",
	  .span_weight = 2,
	  .level = 1,
	  .flags = UINT32_MAX,
	  .has_newidle = true,
	  .newidle_call = 7,
	  .has_stats = true,
	  .stats = { 1, 2, 3 } },
};
static struct ktstr_domain_snapshot snapshots[] = {
	{ .host_ns = 7000000000,
	  .took_ns = 1000,
	  .n_domains = n_domains,
	  .domains = domains },
};
static struct ktstr_monitor_report seen = {
	.verdict = KTSTR_FAIL,
	.summary = { .n_samples = 2,
		     .n_dropped = 1,
		     .has = KTSTR_SAMPLE_SCX | KTSTR_SAMPLE_SCHEDSTAT |
			    KTSTR_SAMPLE_VCPU_TIME | KTSTR_SAMPLE_COUNTERS,
		     .max_imbalance_ratio = 7.5,
		     .avg_imbalance_ratio = 5,
		     .max_local_dsq_depth = 3,
		     .avg_local_dsq_depth = 1.5,
		     .avg_nr_running = 4.5,
		     .max_took_ns = 50000,
		     .avg_took_ns = 45000,
		     .stolen_share = 0.125,
		     .counters = { 4, 0 },
		     .counter_rates = { 40, 0 } },
	.watchdog = { .expected_jiffies = 1250,
		      .observed_jiffies = 1249,
		      .hz = 250,
		      .n_writes = 2 },
	.violations = violations,
	.n_violations = 2,
	.n_violations_lost = 1,
	.samples = samples,
	.n_samples = 2,
	.domain_snapshots = snapshots,
	.n_domain_snapshots = 1,
	.n_cpus = 2,
	.counter_names = { T("SCX_EV_ONE"), T("SCX_EV_TWO") },
	.n_counters = 2,
};
static struct ktstr_monitor_report unseen = {
	.verdict = KTSTR_INCONCLUSIVE,
	.unavailable = T("the guest reported no address of phys_base"),
};

static struct ktstr_disk_counters disk = { .reads = 11,
					   .delayed_ns = 12 };
static struct ktstr_network_counters network = { .sent = 13,
						 .dropped_header = 14 };

static struct ktstr_vm_result good_machine = {
	.success = true,
	.ready = true,
	.duration_ns = 5000000000,
	.console = T("a log"),
	.output = T(""),
	.kvm_stats = stats,
	.n_kvm_stats = 2,
	.events = events,
	.n_events = 2,
	.n_events_lost = 3,
	.vcpu_steal = vcpu_steal,
	.n_vcpu_steal = 2,
	.n_steal_samples = 31,
	.steal_error_ns = 210000,
	.started_ns = 5000000000,
	.monitor = &seen,
	.disk = &disk,
	.network = &network,
	.timings = { .setup_total_ns = 1000, .setup_cpu_ns = 900, .boot_ns = 2000 },
};
static struct ktstr_vm_result crashed_machine = {
	.exit_code = -1,
	.ready = true,
	.duration_ns = 6000000000,
	.console = T("a log that is no UTF-8: \xff\n"),
	.output = T("said\n"),
	.output_bytes = 5,
	.crash = T("BUG: unable to handle\n"),
	.wire_error = T("1 byte that is no frame"),
	.monitor = &unseen,
	.scheduler_log = T("attached \xff\n"),
};
static struct ktstr_vm_result early_machine = {
	.exit_code = -1,
	.duration_ns = 6000000000,
	.console = T(""),
	.output = T(""),
	.timed_out = true,
};

#define MACHINE(topology_, nodes_, llcs_, cpus_)                               \
	.binary = "dir/mytests", .nth = 1, .of = 1, .topology = T(topology_),  \
	.numa_nodes = (nodes_), .llcs = (llcs_), .n_cpus = (cpus_),            \
	.memory_mib = 2048, .started = 1700000000, .wall_ns = 6500000000

struct kt_test_run made_up_runs[MADE_UP_RUNS] = {
	{
		.test = &tests[0],
		MACHINE("1n2l2c1t", 1, 2, 4),
		.machine = &good_machine,
		.outcome = { .verdict = KTSTR_PASS,
			     .has_duration = true,
			     .duration_ns = 3210000000,
			     .metrics = fail_metrics,
			     .n_metrics = 1 },
	},
	{
		.test = &tests[1],
		MACHINE("2n4l2c1t", 2, 4, 8),
		.machine = &good_machine,
		.outcome = { .verdict = KTSTR_FAIL,
			     .has_duration = true,
			     .duration_ns = 1000000000,
			     .notes = fail_notes,
			     .n_notes = 2,
			     .metrics = fail_metrics,
			     .n_metrics = 2 },
	},
	{
		.test = &tests[2],
		MACHINE("1n1l2c1t", 1, 1, 2),
		.machine = &good_machine,
		.outcome = { .verdict = KTSTR_SKIP,
			     .has_duration = true,
			     .notes = skip_notes,
			     .n_notes = 2 },
	},
	{
		.test = &tests[3],
		MACHINE("1n1l2c1t", 1, 1, 2),
		.machine = &good_machine,
		.outcome = { .verdict = KTSTR_INCONCLUSIVE,
			     .has_duration = true,
			     .duration_ns = 50000000,
			     .reason = T("the host took 40 % # of\nthe time") },
	},
	{
		.test = &tests[4],
		MACHINE("1n1l2c1t", 1, 1, 2),
		.machine = &early_machine,
		.outcome = { .broken = true,
			     .verdict = KTSTR_FAIL,
			     .reason =
				     T("the guest had not booted after 90 s") },
	},
	{
		.test = &tests[5],
		MACHINE("1n1l2c1t", 1, 1, 2),
		.machine = &crashed_machine,
		.outcome = { .verdict = KTSTR_FAIL,
			     .reason = T("the guest crashed: BUG: unable to "
					 "handle") },
	},
};
