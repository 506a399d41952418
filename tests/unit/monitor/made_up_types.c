// SPDX-License-Identifier: GPL-2.0-only
#include "made_up_types.h"

#include "test.h"

struct maker {
	struct btf *btf;
	int u32_id, u64_id, s64_id, pointer_id, char_id, name_id;
};

static int good(int id)
{
	assert_true(id >= 0);
	return id;
}

static void field(struct maker *maker, const char *name, int type, uint32_t offset)
{
	good(btf__add_field(maker->btf, name, type, offset * 8, 0));
}

static int begin(struct maker *maker, const char *name, uint32_t bytes)
{
	return good(btf__add_struct(maker->btf, name, bytes));
}

static void add_basics(struct maker *maker)
{
	struct btf *btf = maker->btf;
	int void_pointer = good(btf__add_ptr(btf, 0));

	maker->u32_id = good(btf__add_int(btf, "unsigned int", 4, 0));
	/* As the kernel has them: by name, and through a qualifier. */
	maker->u64_id = good(btf__add_typedef(
		btf, "u64",
		good(btf__add_volatile(
			btf, good(btf__add_int(btf, "long unsigned int", 8, 0))))));
	maker->s64_id = good(btf__add_int(btf, "long int", 8, BTF_INT_SIGNED));
	maker->pointer_id = void_pointer;
	maker->char_id = good(btf__add_int(btf, "char", 1, BTF_INT_SIGNED));
	maker->name_id =
		good(btf__add_array(btf, maker->u32_id, maker->char_id, 16));
}

static const char *const by_idle[] = {
	"lb_count",
	"lb_balanced",
	"lb_failed",
	"lb_imbalance_load",
	"lb_imbalance_util",
	"lb_imbalance_task",
	"lb_imbalance_misfit",
	"lb_gained",
	"lb_hot_gained",
	"lb_nobusyq",
	"lb_nobusyg",
};
static const char *const others[] = {
	"alb_count",        "alb_failed",       "alb_pushed",
	"sbe_count",        "sbe_balanced",     "sbe_pushed",
	"sbf_count",        "sbf_balanced",     "sbf_pushed",
	"ttwu_wake_remote", "ttwu_move_affine", "ttwu_move_balance",
};

/* An older kernel has not all of the numbers. */
static void add_sched_domain(struct maker *maker, enum made_up_kernel kernel)
{
	int three =
		good(btf__add_array(maker->btf, maker->u32_id, maker->u32_id, 3));

	begin(maker, "sched_domain", SD_BYTES);
	field(maker, "parent", maker->pointer_id, SD_PARENT);
	field(maker, "name", maker->pointer_id, SD_NAME);
	field(maker, "flags", maker->u32_id, SD_FLAGS);
	field(maker, "level", maker->u32_id, SD_LEVEL);
	field(maker, "span_weight", maker->u32_id, SD_SPAN_WEIGHT);
	field(maker, "balance_interval", maker->u32_id, SD_INTERVAL);
	field(maker, "nr_balance_failed", maker->u32_id, SD_FAILED);
	field(maker, "max_newidle_lb_cost", maker->u64_id, SD_LB_COST);
	for (uint32_t i = 0; i < 11; i++) {
		if (kernel == KERNEL_OLDER && i == 3)
			continue;
		field(maker, by_idle[i], three, SD_BY_IDLE + 12 * i);
	}
	for (uint32_t i = 0; i < 12; i++)
		field(maker, others[i], maker->u32_id, SD_OTHERS + 4 * i);
	if (kernel == KERNEL_OLDER)
		return;
	field(maker, "newidle_call", maker->u32_id, SD_NEWIDLE);
	field(maker, "newidle_success", maker->u32_id, SD_NEWIDLE + 4);
}

static void add_tasks(struct maker *maker)
{
	int list = begin(maker, "list_head", 16), info;

	field(maker, "next", maker->pointer_id, 0);
	field(maker, "prev", maker->pointer_id, 8);
	info = begin(maker, "thread_info", 4);
	field(maker, "cpu", maker->u32_id, 0);
	begin(maker, "signal_struct", SIGNAL_BYTES);
	field(maker, "thread_head", list, SIGNAL_THREADS);
	begin(maker, "task_struct", TASK_BYTES);
	field(maker, "tasks", list, TASK_TASKS);
	field(maker, "thread_node", list, TASK_THREAD);
	field(maker, "signal", maker->pointer_id, TASK_SIGNAL);
	field(maker, "pid", maker->u32_id, TASK_PID);
	field(maker, "tgid", maker->u32_id, TASK_TGID);
	field(maker, "comm", maker->name_id, TASK_COMM);
	field(maker, "__state", maker->u32_id, TASK_STATE);
	field(maker, "exit_state", maker->u32_id, TASK_EXIT_STATE);
	field(maker, "thread_info", info, TASK_INFO);
	field(maker, "policy", maker->u32_id, TASK_POLICY);
	field(maker, "prio", maker->u32_id, TASK_PRIO);
}

static void add_tables(struct maker *maker)
{
	int slots = good(btf__add_array(maker->btf, maker->u32_id,
					maker->pointer_id, XA_SLOTS));
	int array = begin(maker, "xarray", 16);

	field(maker, "xa_head", maker->pointer_id, IDR_HEAD);
	begin(maker, "idr", 24);
	field(maker, "idr_rt", array, 0);
	field(maker, "idr_base", maker->u32_id, IDR_BASE);
	begin(maker, "xa_node", XA_NODE_SLOTS + XA_SLOTS * 8);
	field(maker, "shift", maker->char_id, XA_NODE_SHIFT);
	field(maker, "slots", slots, XA_NODE_SLOTS);
}

static void add_maps(struct maker *maker)
{
	int head, bucket, bytes, map = begin(maker, "bpf_map", MAP_BYTES);

	field(maker, "map_type", maker->u32_id, MAP_TYPE);
	field(maker, "key_size", maker->u32_id, MAP_KEY_SIZE);
	field(maker, "value_size", maker->u32_id, MAP_VALUE_SIZE);
	field(maker, "max_entries", maker->u32_id, MAP_ENTRIES);
	field(maker, "map_flags", maker->u32_id, MAP_FLAGS);
	field(maker, "id", maker->u32_id, MAP_ID);
	field(maker, "btf_key_type_id", maker->u32_id, MAP_KEY_TYPE);
	field(maker, "btf_value_type_id", maker->u32_id, MAP_VALUE_TYPE);
	field(maker, "btf", maker->pointer_id, MAP_BTF);
	field(maker, "name", maker->name_id, MAP_NAME);
	bytes = good(btf__add_array(maker->btf, maker->u32_id, maker->char_id, 0));
	begin(maker, "bpf_array", ARRAY_VALUE);
	field(maker, "map", map, 0);
	field(maker, "elem_size", maker->u32_id, ARRAY_ELEMENT);
	field(maker, "value", bytes, ARRAY_VALUE);
	head = begin(maker, "hlist_nulls_head", 8);
	field(maker, "first", maker->pointer_id, 0);
	bucket = begin(maker, "bucket", BUCKET_BYTES);
	field(maker, "head", head, 0);
	bucket = good(btf__add_ptr(maker->btf, bucket));
	begin(maker, "bpf_htab", 80);
	field(maker, "map", map, 0);
	field(maker, "buckets", bucket, HTAB_BUCKETS);
	field(maker, "n_buckets", maker->u32_id, HTAB_N_BUCKETS);
	head = begin(maker, "hlist_nulls_node", 16);
	field(maker, "next", maker->pointer_id, 0);
	begin(maker, "htab_elem", ELEMENT_KEY);
	field(maker, "hash_node", head, 0);
	field(maker, "key", bytes, ELEMENT_KEY);
	begin(maker, "btf", 16);
	field(maker, "data", maker->pointer_id, BTF_DATA);
	field(maker, "data_size", maker->u32_id, BTF_SIZE);
	field(maker, "kernel_btf", maker->char_id, BTF_KERNEL);
}

static void add_programs(struct maker *maker)
{
	begin(maker, "bpf_prog_stats", 24);
	field(maker, "cnt", maker->u64_id, STATS_CNT);
	field(maker, "nsecs", maker->u64_id, STATS_NSECS);
	field(maker, "misses", maker->u64_id, STATS_MISSES);
	begin(maker, "bpf_prog_aux", 40);
	field(maker, "id", maker->u32_id, AUX_ID);
	field(maker, "verified_insns", maker->u32_id, AUX_VERIFIED);
	field(maker, "name", maker->name_id, AUX_NAME);
	field(maker, "func", maker->pointer_id, AUX_PARTS);
	field(maker, "func_cnt", maker->u32_id, AUX_N_PARTS);
	begin(maker, "bpf_prog", 32);
	field(maker, "type", maker->u32_id, PROG_TYPE);
	field(maker, "len", maker->u32_id, PROG_LEN);
	field(maker, "jited_len", maker->u32_id, PROG_JITED);
	field(maker, "stats", maker->pointer_id, PROG_STATS);
	field(maker, "aux", maker->pointer_id, PROG_AUX);
}

static int add_scx_rq(struct maker *maker)
{
	int dsq = begin(maker, "scx_dispatch_q", 48), id;

	field(maker, "nr", maker->u32_id, DSQ_NR);
	id = begin(maker, "scx_rq", 128);
	field(maker, "nr_running", maker->u32_id, SCX_RQ_NR_RUNNING);
	field(maker, "flags", maker->u32_id, SCX_RQ_FLAGS);
	field(maker, "local_dsq", dsq, SCX_RQ_LOCAL_DSQ);
	return id;
}

static void add_rq(struct maker *maker, enum made_up_kernel kernel)
{
	int scx = kernel == KERNEL_NO_SCX ? 0 : add_scx_rq(maker);
	int info = begin(maker, "sched_info", 24);

	field(maker, "pcount", maker->u64_id, 0);
	field(maker, "run_delay", maker->u64_id, 8);
	begin(maker, "rq", RQ_BYTES);
	field(maker, "nr_running", maker->u32_id, RQ_NR_RUNNING);
	if (kernel != KERNEL_NO_CLOCK)
		field(maker, "clock", maker->u64_id, RQ_CLOCK);
	field(maker, "sd", maker->pointer_id, RQ_SD);
	if (scx)
		field(maker, "scx", scx, RQ_SCX);
	field(maker, "rq_sched_info", info, RQ_SCHED_INFO);
	field(maker, "rq_cpu_time", maker->u64_id, RQ_CPU_TIME);
	field(maker, "yld_count", maker->u32_id, RQ_YLD_COUNT);
	field(maker, "sched_count", maker->u32_id, RQ_SCHED_COUNT);
	field(maker, "sched_goidle", maker->u32_id, RQ_SCHED_GOIDLE);
	field(maker, "ttwu_count", maker->u32_id, RQ_TTWU_COUNT);
	field(maker, "ttwu_local", maker->u32_id, RQ_TTWU_LOCAL);
}

static void add_scx_sched(struct maker *maker, enum made_up_kernel kernel)
{
	int stats, ops, both = 0;

	stats = begin(maker, "scx_event_stats", COUNTERS_BYTES);
	field(maker, "SCX_EV_SELECT_CPU_FALLBACK", maker->s64_id, 0);
	/* What is no counter must not be taken for one. */
	field(maker, "flags", maker->u32_id, 8);
	field(maker, "SCX_EV_DISPATCH_KEEP_LAST", maker->s64_id, 16);
	field(maker, "SCX_EV_BYPASS_DURATION", maker->s64_id, 24);
	if (kernel == KERNEL_NEW) {
		begin(maker, "scx_sched_pcpu", 128);
		field(maker, "event_stats", stats, SCX_PCPU_STATS);
	}
	ops = begin(maker, "sched_ext_ops", 32);
	field(maker, "name", maker->name_id, 8);
	field(maker, "timeout_ms", maker->u32_id, SCX_SCHED_TIMEOUT_MS);
	if (kernel == KERNEL_NEW) {
		both = good(btf__add_union(maker->btf, NULL, 32));
		field(maker, "ops", ops, 0);
	}
	begin(maker, "scx_sched", 64);
	field(maker, kernel == KERNEL_NEW ? NULL : "ops", both ? both : ops, 0);
	field(maker, kernel == KERNEL_NEW ? "pcpu" : "event_stats_cpu",
	      maker->pointer_id, SCX_SCHED_COUNTERS);
	if (kernel == KERNEL_NEW)
		field(maker, "watchdog_timeout", maker->u64_id,
		      SCX_SCHED_WATCHDOG);
	field(maker, "exit_kind", maker->u32_id, SCX_SCHED_EXIT_KIND);
}

struct btf *made_up_types(enum made_up_kernel kernel)
{
	struct maker maker = { .btf = btf__new_empty() };

	assert_non_null(maker.btf);
	add_basics(&maker);
	add_rq(&maker, kernel);
	if (kernel != KERNEL_NO_CLOCK)
		add_tasks(&maker);
	if (kernel != KERNEL_NO_CLOCK)
		add_sched_domain(&maker, kernel);
	if (kernel != KERNEL_NO_SCX)
		add_scx_sched(&maker, kernel);
	if (kernel != KERNEL_NO_CLOCK) {
		add_tables(&maker);
		add_maps(&maker);
		add_programs(&maker);
	}
	return maker.btf;
}
