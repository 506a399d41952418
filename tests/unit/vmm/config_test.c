// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "messages.h"
#include "vmm/config.h"

/* A file that is there and no kernel: what comes before it is checked first. */
#define SOME_FILE "/bin/true"

static void assert_refused(struct ktstr_vm_config public, int code,
			   const char *message)
{
	struct ktstr_error err = {};
	struct ktstr_vm *vm = NULL;

	assert_int_equal(ktstr_vm_build(&public, &vm, &err), code);
	assert_null(vm);
	assert_int_equal(err.code, code);
	assert_contains(err.message, message);
	message_seen(err.message);
}

static void the_defaults_are_the_documented_ones(void **state)
{
	struct ktstr_vm_config c = KTSTR_VM_CONFIG();

	(void)state;
	assert_int_equal(c.memory_mib, 256);
	assert_int_equal(c.timeout_ms, 12000);
	assert_int_equal(c.topology.numa_nodes, 1);
	assert_int_equal(c.topology.llcs, 1);
	assert_int_equal(c.topology.cores_per_llc, 1);
	assert_int_equal(c.topology.threads_per_core, 1);
	assert_int_equal(c.stdio.input_fd, -1);
	assert_int_equal(c.stdio.output_fd, -1);
	assert_int_equal(c.stdio.error_fd, -1);
	assert_null(c.kernel);
	assert_null(c.exec_cmd);
	assert_false(c.busybox);
	assert_false(c.dmesg);
	assert_false(c.memory_deferred);
}

static void fields_override_the_defaults(void **state)
{
	struct ktstr_vm_config c =
		KTSTR_VM_CONFIG(.topology = KTSTR_TOPOLOGY(1, 2, 2, 2),
				.memory_mib = 4096, .cmdline = "root=/dev/sda",
				.timeout_ms = 300000);

	(void)state;
	assert_int_equal(c.memory_mib, 4096);
	assert_int_equal(c.topology.llcs * c.topology.cores_per_llc *
				 c.topology.threads_per_core,
			 8);
	assert_string_equal(c.cmdline, "root=/dev/sda");
	assert_int_equal(c.timeout_ms, 300000);
}

static void a_kernel_is_required(void **state)
{
	(void)state;
	assert_refused(KTSTR_VM_CONFIG(), -EINVAL, "kernel path required");
	assert_refused(KTSTR_VM_CONFIG(.kernel = ""), -EINVAL,
		       "kernel path required");
}

static void a_kernel_that_is_not_there_is_named(void **state)
{
	(void)state;
	assert_refused(KTSTR_VM_CONFIG(.kernel = "/nonexistent/vmlinuz"),
		       -ENOENT, "kernel not found: /nonexistent/vmlinuz");
}

static void kernel_dir_means_the_built_image_in_it(void **state)
{
	(void)state;
	assert_refused(KTSTR_VM_CONFIG(.kernel_dir = "/some/linux"), -ENOENT,
		       "kernel not found: "
		       "/some/linux/arch/x86/boot/bzImage");
}

static void kernel_and_kernel_dir_exclude_each_other(void **state)
{
	(void)state;
	assert_refused(KTSTR_VM_CONFIG(.kernel = SOME_FILE,
				       .kernel_dir = "/some/linux"),
		       -EINVAL, "exclude each other");
}

static void every_dimension_must_be_positive(void **state)
{
	static const struct {
		struct ktstr_topology topology;
		const char *message;
	} cases[] = {
		{ { 1, 0, 2, 2, NULL, NULL }, "llcs must be > 0" },
		{ { 1, 2, 0, 2, NULL, NULL }, "cores_per_llc must be > 0" },
		{ { 1, 2, 2, 0, NULL, NULL }, "threads_per_core must be > 0" },
		{ { 0, 2, 2, 2, NULL, NULL }, "numa_nodes must be > 0" },
		/* The first in the order of the seed is the one named. */
		{ { 0, 0, 0, 0, NULL, NULL }, "llcs must be > 0" },
		{ { 0, 1, 0, 0, NULL, NULL }, "cores_per_llc must be > 0" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_refused(KTSTR_VM_CONFIG(.kernel = SOME_FILE,
					       .topology = cases[i].topology),
			       -EINVAL, cases[i].message);
}

static void a_missing_kernel_comes_before_a_bad_topology(void **state)
{
	(void)state;
	assert_refused(KTSTR_VM_CONFIG(.kernel = "/nonexistent/vmlinuz",
				       .topology = KTSTR_TOPOLOGY(1, 0, 1, 1),
				       .memory_mib = 0),
		       -ENOENT, "kernel not found");
}

static void explicit_zero_memory_is_refused_by_name(void **state)
{
	(void)state;
	assert_refused(KTSTR_VM_CONFIG(.kernel = SOME_FILE, .memory_mib = 0,
				       .init_binary = SOME_FILE),
		       -EINVAL, "memory_mib must be > 0");
	assert_refused(KTSTR_VM_CONFIG(.kernel = SOME_FILE, .memory_mib = 0,
				       .init_binary = SOME_FILE),
		       -EINVAL, "zero memory cannot boot");
}

static void deferred_memory_needs_no_size(void **state)
{
	(void)state;
	/* Refused later, since the file is no kernel: memory was fine. */
	assert_refused(KTSTR_VM_CONFIG(.kernel = SOME_FILE, .memory_mib = 0,
				       .memory_deferred = true,
				       .init_binary = "/nonexistent/init"),
		       -ENOENT, "init binary not found");
	assert_refused(KTSTR_VM_CONFIG(.kernel = SOME_FILE, .memory_mib = 0,
				       .memory_deferred_min_mib = 512,
				       .init_binary = "/nonexistent/init"),
		       -ENOENT, "init binary not found");
}

static void memory_of_nodes_must_sum_to_the_whole(void **state)
{
	static const struct ktstr_numa_node nodes[] = {
		{ .llcs = 1, .memory_mib = 512 },
		{ .llcs = 0, .memory_mib = 256 },
	};
	struct ktstr_vm_config c =
		KTSTR_VM_CONFIG(.kernel = SOME_FILE,
				.topology = KTSTR_TOPOLOGY_NODES(nodes, 2, 1),
				.memory_mib = 1024);

	(void)state;
	assert_refused(c, -EINVAL, "768");
	c.memory_mib = 768;
	c.init_binary = "/nonexistent/init";
	assert_refused(c, -ENOENT, "init binary not found");
	c.memory_deferred_min_mib = 1024;
	assert_refused(c, -EINVAL, "memory_deferred_min_mib (1024)");
	c.memory_deferred_min_mib = 700;
	assert_refused(c, -ENOENT, "init binary not found");
}

static void an_init_binary_must_be_there(void **state)
{
	(void)state;
	assert_refused(KTSTR_VM_CONFIG(.kernel = SOME_FILE,
				       .init_binary = "/nonexistent/binary"),
		       -ENOENT, "init binary not found: /nonexistent/binary");
	assert_refused(
		KTSTR_VM_CONFIG(.kernel = SOME_FILE, .init_binary = "/tmp"),
		-EINVAL, "not a regular file: /tmp");
}

static void an_init_binary_below_proc_is_not_looked_for(void **state)
{
	struct ktstr_vm_config c =
		KTSTR_VM_CONFIG(.kernel = SOME_FILE,
				.init_binary = "/proc/nonexistent/exe",
				.timeout_ms = 0);

	(void)state;
	/* It got as far as the next check. */
	assert_refused(c, -EINVAL, "timeout_ms");
}

static void our_own_init_is_found_by_its_variable(void **state)
{
	_cleanup_free_ char *path = NULL, *missing = NULL;
	struct ktstr_error err = {};

	(void)state;
	setenv("KTSTR_INIT", SOME_FILE, 1);
	assert_int_equal(kt_config_find_init(&path, &err), 0);
	assert_string_equal(path, SOME_FILE);
	setenv("KTSTR_INIT", "/nonexistent/init", 1);
	assert_refused(KTSTR_VM_CONFIG(.kernel = SOME_FILE, .busybox = true),
		       -ENOENT, "/nonexistent/init (KTSTR_INIT)");
	unsetenv("KTSTR_INIT");
	/* It names where this was built and where it is to be installed. */
	assert_int_equal(kt_config_find_init(&missing, &err), -ENOENT);
	assert_null(missing);
	assert_contains(err.message, "ktstr's own init is neither ");
	assert_contains(err.message, "/ktstr-init; name it with KTSTR_INIT or "
				     "set init_binary");
}

static void a_disk_has_to_make_sense(void **state)
{
	struct ktstr_disk disk = KTSTR_DISK_CONFIG(.size_mib = 0);
	struct ktstr_vm_config c =
		KTSTR_VM_CONFIG(.kernel = SOME_FILE, .init_binary = "/proc/1/exe",
				.disk = &disk);

	(void)state;
	assert_refused(c, -EINVAL, "disk.size_mib must be > 0");
	disk.size_mib = 64;
	/* As far as SOME_FILE, which is no kernel. */
	assert_refused(c, -ENOEXEC, SOME_FILE);
}

static void a_network_has_eight_pairs_at_most(void **state)
{
	struct ktstr_network network = KTSTR_NETWORK_CONFIG(.queue_pairs = 9);
	struct ktstr_vm_config c =
		KTSTR_VM_CONFIG(.kernel = SOME_FILE, .init_binary = "/proc/1/exe",
				.network = &network);

	(void)state;
	assert_refused(c, -EINVAL,
		       "network.queue_pairs must be 8 at most, not 9");
	network.queue_pairs = 8;
	assert_refused(c, -ENOEXEC, SOME_FILE);
}

/* What the seed calls builder_monitor_thresholds_sets, and what it lacks. */
static void thresholds_are_the_defaults_or_the_callers(void **state)
{
	struct ktstr_monitor_thresholds thresholds =
		KTSTR_MONITOR_THRESHOLDS(.max_imbalance_ratio = 2.5,
					 .fail_on_stall = false);
	struct ktstr_vm_config c =
		KTSTR_VM_CONFIG(.kernel = SOME_FILE, .init_binary = "/proc/1/exe",
				.monitor_thresholds = &thresholds);

	(void)state;
	assert_true(c.monitor);
	assert_float_equal(thresholds.max_imbalance_ratio, 2.5, 0);
	assert_false(thresholds.fail_on_stall);
	assert_int_equal(thresholds.max_local_dsq_depth, 50);
	assert_int_equal(thresholds.sustained_samples, 5);
	assert_float_equal(thresholds.max_fallback_rate, 200, 0);
	assert_float_equal(thresholds.max_keep_last_rate, 100, 0);
	/* As far as SOME_FILE, which is no kernel. */
	assert_refused(c, -ENOEXEC, SOME_FILE);
	thresholds.sustained_samples = 0;
	assert_refused(c, -EINVAL, "sustained_samples must be > 0");
	c.monitor = false;
	assert_refused(c, -EINVAL,
		       "monitor_thresholds are set but monitor is not");
}

static void a_memory_image_has_to_have_a_place(void **state)
{
	struct ktstr_vm_config c =
		KTSTR_VM_CONFIG(.kernel = SOME_FILE, .init_binary = "/proc/1/exe",
				.memory_image = "/no/such/image");

	(void)state;
	assert_refused(c, -ENOENT, "\"/no/such/image\"");
	c.memory_image = "/tmp/image";
	assert_refused(c, -ENOEXEC, SOME_FILE);
	c.memory_image = "/dev/null/image";
	assert_refused(c, -ENOTDIR, "/dev/null/image");
	c.monitor = false;
	assert_refused(c, -EINVAL, "memory_image needs the monitor");
}

static void the_watchdogs_time_is_five_seconds_unless_set(void **state)
{
	struct ktstr_vm_config c = KTSTR_VM_CONFIG(.kernel = SOME_FILE);

	(void)state;
	assert_int_equal(c.watchdog_timeout_ms, 5000);
	c = KTSTR_VM_CONFIG(.kernel = SOME_FILE, .watchdog_timeout_ms = 7000);
	assert_int_equal(c.watchdog_timeout_ms, 7000);
}

static void a_scheduler_has_to_be_there(void **state)
{
	const char *const args[] = { "--enable-borrow", NULL };
	struct ktstr_vm_config c =
		KTSTR_VM_CONFIG(.kernel = SOME_FILE, .init_binary = "/proc/1/exe",
				.exec_cmd = "true", .busybox = true,
				.scheduler_binary = "/nonexistent/scheduler");

	(void)state;
	assert_refused(c, -ENOENT, "/nonexistent/scheduler");
	c.scheduler_binary = SOME_FILE;
	c.sched_args = args;
	assert_refused(c, -ENOEXEC, SOME_FILE);
	c.exec_cmd = NULL;
	assert_refused(c, -EINVAL,
		       "a scheduler needs something to run under it");
	c.scheduler_binary = NULL;
	assert_refused(c, -EINVAL, "sched_args need a scheduler_binary");
}

static void a_built_in_scheduler_needs_a_shell(void **state)
{
	const char *const lines[] = { "echo 1 > /proc/knob", NULL };
	struct ktstr_vm_config c =
		KTSTR_VM_CONFIG(.kernel = SOME_FILE, .init_binary = "/proc/1/exe",
				.run_args = lines, .sched_enable_cmds = lines);

	(void)state;
	assert_refused(c, -EINVAL,
		       "sched_enable_cmds and sched_disable_cmds need a shell");
	c.sched_enable_cmds = NULL;
	c.sched_disable_cmds = lines;
	assert_refused(c, -EINVAL,
		       "sched_enable_cmds and sched_disable_cmds need a shell");
	c.busybox = true;
	assert_refused(c, -ENOEXEC, SOME_FILE);
}

static void map_writes_have_one_place(void **state)
{
	struct ktstr_bpf_map_write writes[] = {
		{ .map = ".bss", .offset = 4, .value = 1 },
		{ .map = ".bss", .variable = "stall", .value = 2 },
	};
	struct ktstr_vm_config c =
		KTSTR_VM_CONFIG(.kernel = SOME_FILE, .init_binary = "/proc/1/exe",
				.bpf_map_writes = writes, .n_bpf_map_writes = 2);

	(void)state;
	assert_refused(c, -ENOEXEC, SOME_FILE);
	writes[1].offset = 8;
	assert_refused(c, -EINVAL,
		       "bpf_map_writes[1] has both a variable, \"stall\", and "
		       "an offset, 8");
	writes[0].map = "";
	assert_refused(c, -EINVAL, "bpf_map_writes[0] names no map");
	c.monitor = false;
	assert_refused(c, -EINVAL, "bpf_map_writes need the monitor");
}

static void run_args_need_an_init_binary(void **state)
{
	const char *const args[] = { "run", "--json", NULL };

	(void)state;
	assert_refused(KTSTR_VM_CONFIG(.kernel = SOME_FILE, .run_args = args,
				       .busybox = true),
		       -EINVAL, "run_args need an init_binary");
}

static void exec_cmd_needs_busybox(void **state)
{
	(void)state;
	assert_refused(KTSTR_VM_CONFIG(.kernel = SOME_FILE, .exec_cmd = "ls",
				       .init_binary = SOME_FILE),
		       -EINVAL, "set busybox");
	assert_refused(KTSTR_VM_CONFIG(.kernel = SOME_FILE, .exec_cmd = "",
				       .init_binary = SOME_FILE, .busybox = true),
		       -EINVAL, "exec_cmd is empty");
}

static void a_guest_with_nothing_to_run_is_refused(void **state)
{
	(void)state;
	setenv("KTSTR_INIT", SOME_FILE, 1);
	assert_refused(KTSTR_VM_CONFIG(.kernel = SOME_FILE), -EINVAL,
		       "nothing to run");
	unsetenv("KTSTR_INIT");
}

static void a_zero_timeout_is_refused(void **state)
{
	(void)state;
	assert_refused(KTSTR_VM_CONFIG(.kernel = SOME_FILE, .timeout_ms = 0,
				       .init_binary = SOME_FILE),
		       -EINVAL, "timeout_ms must be > 0");
}

static void include_files_are_checked_one_by_one(void **state)
{
	static const struct {
		struct ktstr_include_file file;
		int code;
		const char *message;
	} cases[] = {
		{ { "a", "/nonexistent/a" },
		  -ENOENT,
		  "included file not found: /nonexistent/a" },
		{ { "a", "/tmp" }, -EINVAL, "not a regular file: /tmp" },
		{ { "/a", SOME_FILE }, -EINVAL, "\"/a\" must be relative" },
		{ { "", SOME_FILE }, -EINVAL, "must be relative" },
		{ { "../a", SOME_FILE }, -EINVAL, "must not contain \"..\"" },
		{ { "a/../b", SOME_FILE }, -EINVAL, "must not contain \"..\"" },
		{ { "a/..", SOME_FILE }, -EINVAL, "must not contain \"..\"" },
		{ { NULL, SOME_FILE }, -EINVAL, "lacks a path" },
		{ { "a", NULL }, -EINVAL, "lacks a path" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_refused(KTSTR_VM_CONFIG(.kernel = SOME_FILE,
					       .init_binary = SOME_FILE,
					       .include_files = &cases[i].file,
					       .n_include_files = 1),
			       cases[i].code, cases[i].message);
}

static void jemalloc_binaries_must_be_there(void **state)
{
	(void)state;
	assert_refused(KTSTR_VM_CONFIG(.kernel = SOME_FILE,
				       .init_binary = SOME_FILE,
				       .jemalloc_probe_binary = "/none/p"),
		       -ENOENT, "jemalloc_probe_binary not found: /none/p");
	assert_refused(
		KTSTR_VM_CONFIG(.kernel = SOME_FILE, .init_binary = SOME_FILE,
				.jemalloc_alloc_worker_binary = "/none/w"),
		-ENOENT, "jemalloc_alloc_worker_binary not found: /none/w");
}

static void a_configuration_of_another_size_is_refused(void **state)
{
	struct ktstr_vm_config c = KTSTR_VM_CONFIG(.kernel = SOME_FILE);

	(void)state;
	c.size = 0;
	assert_refused(c, -EINVAL, "KTSTR_VM_CONFIG()");
	c.size = sizeof(c) + 8;
	assert_refused(c, -EINVAL, "another version of libktstr");
}

static void a_file_that_is_no_kernel_is_refused_last(void **state)
{
	struct ktstr_error err = {};
	struct ktstr_vm *vm = NULL;
	struct ktstr_vm_config c =
		KTSTR_VM_CONFIG(.kernel = SOME_FILE, .init_binary = SOME_FILE);

	(void)state;
	assert_true(ktstr_vm_build(&c, &vm, &err) < 0);
	assert_null(vm);
	assert_contains(err.message, SOME_FILE);
	message_seen(err.message);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_defaults_are_the_documented_ones),
		cmocka_unit_test(fields_override_the_defaults),
		cmocka_unit_test(a_kernel_is_required),
		cmocka_unit_test(a_kernel_that_is_not_there_is_named),
		cmocka_unit_test(kernel_dir_means_the_built_image_in_it),
		cmocka_unit_test(kernel_and_kernel_dir_exclude_each_other),
		cmocka_unit_test(every_dimension_must_be_positive),
		cmocka_unit_test(a_missing_kernel_comes_before_a_bad_topology),
		cmocka_unit_test(explicit_zero_memory_is_refused_by_name),
		cmocka_unit_test(deferred_memory_needs_no_size),
		cmocka_unit_test(memory_of_nodes_must_sum_to_the_whole),
		cmocka_unit_test(an_init_binary_must_be_there),
		cmocka_unit_test(an_init_binary_below_proc_is_not_looked_for),
		cmocka_unit_test(our_own_init_is_found_by_its_variable),
		cmocka_unit_test(thresholds_are_the_defaults_or_the_callers),
		cmocka_unit_test(a_disk_has_to_make_sense),
		cmocka_unit_test(a_network_has_eight_pairs_at_most),
		cmocka_unit_test(a_memory_image_has_to_have_a_place),
		cmocka_unit_test(a_scheduler_has_to_be_there),
		cmocka_unit_test(a_built_in_scheduler_needs_a_shell),
		cmocka_unit_test(map_writes_have_one_place),
		cmocka_unit_test(the_watchdogs_time_is_five_seconds_unless_set),
		cmocka_unit_test(run_args_need_an_init_binary),
		cmocka_unit_test(exec_cmd_needs_busybox),
		cmocka_unit_test(a_guest_with_nothing_to_run_is_refused),
		cmocka_unit_test(a_zero_timeout_is_refused),
		cmocka_unit_test(include_files_are_checked_one_by_one),
		cmocka_unit_test(jemalloc_binaries_must_be_there),
		cmocka_unit_test(a_configuration_of_another_size_is_refused),
		cmocka_unit_test(a_file_that_is_no_kernel_is_refused_last),
		messages_test("vmm_config"),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
