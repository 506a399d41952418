// SPDX-License-Identifier: GPL-2.0-only
/*
 * The public calls from build to result, with guests of a few instructions:
 * how a run ends, what it reports, and that nothing is left behind.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <ktstr/vm.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/macro.h"
#include "micro.h"
#include "test.h"

#define MS 1000000ULL

/* What a run of no longer than this takes on a busy machine. */
#define LONG_MS 30000

static char scratch[] = "/tmp/ktstr-vm-test.XXXXXX";

static char *in_scratch(const char *name)
{
	char *path = kt_path_join(scratch, name);

	assert_non_null(path);
	return path;
}

static struct ktstr_vm *build(struct ktstr_vm_config config)
{
	struct ktstr_error err = {};
	struct ktstr_vm *vm = NULL;

	if (ktstr_vm_build(&config, &vm, &err))
		fail_msg("%s", err.message);
	return vm;
}

/* A VM whose kernel is this code, with fields to override. */
#define MICRO_VM(name, code, ...)                                              \
	({                                                                     \
		_cleanup_free_ char *path_ = in_scratch(name);                 \
		micro_write_kernel(path_, code, sizeof(code));                 \
		build(KTSTR_VM_CONFIG(.kernel = path_,                         \
				      .init_binary = "/bin/true",              \
				      .timeout_ms = LONG_MS, __VA_ARGS__));    \
	})

static struct ktstr_vm_result *run(struct ktstr_vm *vm)
{
	struct ktstr_vm_result *result = NULL;
	struct ktstr_error err = {};

	if (ktstr_vm_run(vm, &result, &err))
		fail_msg("%s", err.message);
	return result;
}

static const uint8_t spinning[] = { MICRO_SPIN };
static const uint8_t resetting[] = { MICRO_PUTC('h'), MICRO_PUTC('i'),
				     MICRO_PUTC('\n'), MICRO_RESET, MICRO_SPIN };

static void a_guest_that_restarts_ends_the_run(void **state)
{
	struct ktstr_vm *vm = MICRO_VM("reset", resetting);
	struct ktstr_vm_result *result = run(vm);

	(void)state;
	assert_string_equal(result->console, "hi\n");
	assert_false(result->success);
	assert_int_equal(result->exit_code, -1);
	assert_false(result->timed_out);
	assert_false(result->stopped);
	assert_false(result->ready);
	assert_contains(result->crash, "restarted before its init");
	assert_contains(result->crash, "hi");
	assert_null(result->state);
	ktstr_vm_result_free(result);
	ktstr_vm_destroy(vm);
}

static void a_console_with_a_nul_byte_has_a_length(void **state)
{
	static const uint8_t code[] = { MICRO_PUTC('a'), MICRO_PUTC('\0'),
					MICRO_PUTC('b'), MICRO_RESET,
					MICRO_SPIN };
	struct ktstr_vm *vm = MICRO_VM("nul", code);
	struct ktstr_vm_result *result = run(vm);

	(void)state;
	assert_int_equal(result->console_bytes, 3);
	assert_memory_equal(result->console, "a\0b", 4);
	assert_int_equal(result->output_bytes, 0);
	ktstr_vm_result_free(result);
	ktstr_vm_destroy(vm);
}

static void a_guest_that_powers_off_ends_the_run(void **state)
{
	static const uint8_t code[] = { MICRO_POWER_OFF, MICRO_SPIN };
	struct ktstr_vm *vm = MICRO_VM("off", code);
	struct ktstr_vm_result *result = run(vm);

	(void)state;
	assert_contains(result->crash, "powered off before its init");
	ktstr_vm_result_free(result);
	ktstr_vm_destroy(vm);
}

static void a_triple_fault_is_reported_with_registers(void **state)
{
	static const uint8_t code[] = { MICRO_FAULT };
	struct ktstr_vm *vm = MICRO_VM("fault", code);
	struct ktstr_vm_result *result = run(vm);

	(void)state;
	assert_contains(result->crash, "vCPU 0: triple fault");
	/* What the host's KVM does not tell cannot be shown; it is said then. */
	if (!strstr(result->crash, "registers: lost, KVM had reset the CPU"))
		assert_contains(result->crash, "rip 0000000001000000");
	ktstr_vm_result_free(result);
	ktstr_vm_destroy(vm);
}

static void a_guest_that_spins_runs_out_of_time(void **state)
{
	struct ktstr_vm *vm = MICRO_VM("spin", spinning, .timeout_ms = 200);
	struct ktstr_vm_result *result = run(vm);

	(void)state;
	assert_true(result->timed_out);
	assert_false(result->stopped);
	assert_int_equal(result->exit_code, -1);
	assert_null(result->crash);
	/* It was entered with its interrupts off. */
	assert_contains(result->state, "vCPU 0: running, rip 0000000001000000");
	assert_contains(result->state, ", IF=0, CPL 0\n");
	assert_contains(result->state, "init: had not come up, ");
	assert_contains(result->state, "queue ktstr.wire to guest: not set up");
	assert_true(result->duration_ns >= 200 * MS);
	ktstr_vm_result_free(result);
	ktstr_vm_destroy(vm);
}

static void a_guest_that_halts_for_ever_runs_out_of_time(void **state)
{
	static const uint8_t code[] = { MICRO_HALT };
	/* Four CPUs: three never woken up, one asleep. */
	struct ktstr_vm *vm = MICRO_VM("halt", code, .timeout_ms = 200,
				       .topology = KTSTR_TOPOLOGY(1, 2, 2, 1));
	struct ktstr_vm_result *result = run(vm);

	(void)state;
	assert_true(result->timed_out);
	assert_contains(result->state,
			"vCPU 0: halted, rip 0000000001000002, IF=0, CPL 0\n"
			"vCPUs 1-3: not started\n");
	assert_null(strstr(result->state, "running"));
	ktstr_vm_result_free(result);
	ktstr_vm_destroy(vm);
}

static void ports_and_memory_of_nobody_read_as_ones(void **state)
{
	static const uint8_t code[] = {
		0x66,        0xba,      0x34, 0x12, /* mov dx, 0x1234 */
		0xed,                               /* in eax, dx */
		0x66,        0xba,      0xf8, 0x03, /* mov dx, 0x3f8 */
		0xee,                               /* out dx, al */
		0xbb,        0x00,      0x00, 0x00,
		0xd8, /* mov ebx, 0xd8000000 */
		0xc7,        0x03,      1,    2,
		3,           4,    /* mov dword [rbx], 0x04030201 */
		0x8b,        0x03, /* mov eax, [rbx] */
		0xee,              /* out dx, al */
		MICRO_RESET, MICRO_SPIN
	};
	struct ktstr_vm *vm = MICRO_VM("nobody", code);
	struct ktstr_vm_result *result = run(vm);

	(void)state;
	assert_string_equal(result->console, "\xff\xff");
	ktstr_vm_result_free(result);
	ktstr_vm_destroy(vm);
}

/* Ids above 254 take the split irqchip, whose IOAPIC is ours. */
static void a_machine_with_wide_apic_ids_has_an_ioapic(void **state)
{
	static const uint8_t code[] = {
		0xbb,        0x00,      0x00, 0xc0,
		0xfe, /* mov ebx, 0xfec00000 */
		0xc7,        0x03,      1,    0,
		0,           0,                     /* mov dword [rbx], 1 */
		0x8b,        0x43,      0x10,       /* mov eax, [rbx + 0x10] */
		0x04,        0x41,                  /* add al, 'A' */
		0x66,        0xba,      0xf8, 0x03, /* mov dx, 0x3f8 */
		0xee,                               /* out dx, al */
		MICRO_RESET, MICRO_SPIN
	};
	/* Five LLCs of 25 CPUs: the highest id is 0x124. */
	struct ktstr_vm *vm =
		MICRO_VM("ioapic", code, .topology = KTSTR_TOPOLOGY(1, 5, 5, 5));
	struct ktstr_vm_result *result = run(vm);

	(void)state;
	assert_string_equal(result->console, "a"); /* 'A' + version 0x20 */
	ktstr_vm_result_free(result);
	ktstr_vm_destroy(vm);
}

static void a_flooded_console_keeps_its_last_bytes(void **state)
{
	static const uint8_t code[] = { 0x66,
					0xba,
					0xf8,
					0x03, /* mov dx, 0x3f8 */
					0xb9,
					0x00,
					0x60,
					0x04,
					0x00, /* mov ecx, 0x46000 */
					0xb0,
					'a',  /* mov al, 'a' */
					0xee, /* out dx, al */
					0xff,
					0xc9, /* dec ecx */
					0x75,
					0xfb, /* jnz to the out */
					MICRO_PUTC('z'),
					MICRO_RESET,
					MICRO_SPIN };
	struct ktstr_vm *vm = MICRO_VM("flood", code, .timeout_ms = 120000);
	struct ktstr_vm_result *result = run(vm);
	size_t length = strlen(result->console);

	(void)state;
	assert_int_equal(length, 256 * 1024);
	assert_int_equal(result->console[length - 1], 'z');
	ktstr_vm_result_free(result);
	ktstr_vm_destroy(vm);
}

/* Says so on its console when it runs, and then never ends. */
static const uint8_t announcing[] = { MICRO_PUTC('u'), MICRO_PUTC('p'),
				      MICRO_PUTC('\n'), MICRO_SPIN };

static void post(void *userdata, enum ktstr_log_level level, const char *message)
{
	(void)level;
	if (strcmp(message, "up") == 0)
		sem_post(userdata);
}

struct stopper {
	struct ktstr_vm *vm;
	sem_t up;
};

static void *stop_when_up(void *arg)
{
	struct stopper *stopper = arg;

	while (sem_wait(&stopper->up) < 0)
		;
	ktstr_vm_stop(stopper->vm);
	return NULL;
}

static void another_thread_may_stop_a_run(void **state)
{
	struct stopper stopper;
	const struct ktstr_log log = { .emit = post, .userdata = &stopper.up };
	struct ktstr_vm_result *result;
	pthread_t thread;

	(void)state;
	sem_init(&stopper.up, 0, 0);
	stopper.vm = MICRO_VM("up", announcing, .dmesg = true, .log = &log);
	assert_int_equal(pthread_create(&thread, NULL, stop_when_up, &stopper),
			 0);
	result = run(stopper.vm);
	pthread_join(thread, NULL);
	assert_true(result->stopped);
	assert_false(result->timed_out);
	assert_null(result->crash);
	assert_string_equal(result->console, "up\n");
	ktstr_vm_result_free(result);
	ktstr_vm_destroy(stopper.vm);
	sem_destroy(&stopper.up);
}

static struct ktstr_vm *vm_of_handler;

static void on_signal(int signal)
{
	(void)signal;
	ktstr_vm_stop(vm_of_handler);
}

static void signal_this_process(void *userdata, enum ktstr_log_level level,
				const char *message)
{
	(void)userdata;
	(void)level;
	if (strcmp(message, "up") == 0)
		kill(getpid(), SIGUSR1);
}

static void a_signal_handler_may_stop_a_run(void **state)
{
	const struct ktstr_log log = { .emit = signal_this_process };
	const struct sigaction action = { .sa_handler = on_signal };
	struct ktstr_vm *vm =
		MICRO_VM("up", announcing, .dmesg = true, .log = &log);
	struct ktstr_vm_result *result;

	(void)state;
	vm_of_handler = vm;
	sigaction(SIGUSR1, &action, NULL);
	result = run(vm);
	signal(SIGUSR1, SIG_DFL);
	assert_true(result->stopped);
	ktstr_vm_result_free(result);
	ktstr_vm_destroy(vm);
}

static void a_run_that_was_stopped_before_never_starts(void **state)
{
	struct ktstr_vm *vm = MICRO_VM("reset", resetting);
	struct ktstr_vm_result *result;

	(void)state;
	ktstr_vm_stop(vm);
	ktstr_vm_stop(vm);
	result = run(vm);
	assert_true(result->stopped);
	assert_string_equal(result->console, "");
	assert_int_equal(result->console_bytes, 0);
	assert_null(result->crash);
	/* Not even what comes before the guest was made. */
	assert_int_equal(result->timings.setup_initramfs_ns, 0);
	assert_int_equal(result->timings.setup_memory_ns, 0);
	ktstr_vm_result_free(result);
	ktstr_vm_destroy(vm);
}

static void a_vm_runs_once(void **state)
{
	struct ktstr_vm *vm = MICRO_VM("reset", resetting);
	struct ktstr_vm_result *result = run(vm), *again = NULL;
	struct ktstr_error err = {};

	(void)state;
	assert_int_equal(ktstr_vm_run(vm, &again, &err), -EINVAL);
	assert_null(again);
	assert_contains(err.message, "has run already");
	ktstr_vm_result_free(result);
	ktstr_vm_destroy(vm);
}

static void *run_on_a_thread(void *vm)
{
	return run(vm);
}

static void two_vms_run_at_once(void **state)
{
	struct ktstr_vm *first = MICRO_VM("reset", resetting,
					  .share_when_busy = true);
	struct ktstr_vm *second = MICRO_VM("spin", spinning, .timeout_ms = 300,
					   .share_when_busy = true);
	pthread_t threads[2];
	void *results[2];

	(void)state;
	pthread_create(&threads[0], NULL, run_on_a_thread, first);
	pthread_create(&threads[1], NULL, run_on_a_thread, second);
	pthread_join(threads[0], &results[0]);
	pthread_join(threads[1], &results[1]);
	assert_string_equal(((struct ktstr_vm_result *)results[0])->console,
			    "hi\n");
	assert_true(((struct ktstr_vm_result *)results[1])->timed_out);
	for (size_t i = 0; i < 2; i++)
		ktstr_vm_result_free(results[i]);
	ktstr_vm_destroy(first);
	ktstr_vm_destroy(second);
}

static void statistics_and_timings_are_there(void **state)
{
	struct ktstr_vm *vm = MICRO_VM("reset", resetting,
				       .topology = KTSTR_TOPOLOGY(1, 1, 2, 1));
	struct ktstr_vm_result *result = run(vm);
	const struct ktstr_vm_timings *t = &result->timings;
	bool exits[2] = {}, whole = false;

	(void)state;
	for (size_t i = 0; i < result->n_kvm_stats; i++) {
		const struct ktstr_kvm_stat *s = &result->kvm_stats[i];

		if (s->vcpu < 0)
			whole = true;
		else if (strcmp(s->name, "exits") == 0)
			exits[s->vcpu] = true;
		if (s->vcpu == 0 && strcmp(s->name, "exits") == 0)
			assert_true(s->value >= 4); /* three bytes, a reset */
	}
	assert_true(whole && exits[0] && exits[1]);
	assert_true(t->setup_total_ns >= t->setup_memory_ns + t->setup_vcpus_ns);
	assert_true(t->setup_memory_ns && t->setup_kernel_ns &&
		    t->setup_initramfs_ns && t->setup_vcpus_ns);
	assert_true(t->setup_cpu_ns > 0);
	assert_int_equal(t->boot_ns, 0); /* it never became ready */
	ktstr_vm_result_free(result);
	ktstr_vm_destroy(vm);
}

static void each_vcpu_accounts_for_its_time(void **state)
{
	struct ktstr_vm *vm = MICRO_VM("account", spinning, .timeout_ms = 500,
				       .topology = KTSTR_TOPOLOGY(1, 1, 2, 1));
	struct ktstr_vm_result *result = run(vm);
	const struct ktstr_vcpu_steal *spins = &result->vcpu_steal[0];

	(void)state;
	assert_true(result->timed_out);
	assert_int_equal(result->n_vcpu_steal, 2);
	for (size_t i = 0; i < 2; i++) {
		const struct ktstr_vcpu_steal *steal = &result->vcpu_steal[i];

		assert_in_range(steal->lived_ns, 400 * MS, result->duration_ns);
		assert_true(steal->ran_ns + steal->stolen_ns <=
			    steal->lived_ns + 100 * MS);
	}
	/* One has something to do at any time, the other was never started. */
	assert_true(spins->ran_ns + spins->stolen_ns > spins->lived_ns / 2);
	assert_true(result->vcpu_steal[1].ran_ns < 100 * MS);
	/* No test asked for anything. */
	assert_int_equal(result->n_steal_samples, 0);
	assert_int_equal(result->n_events, 0);
	ktstr_vm_result_free(result);
	ktstr_vm_destroy(vm);
}

static void deferred_memory_is_enough_to_start(void **state)
{
	struct ktstr_vm *vm =
		MICRO_VM("reset", resetting, .memory_deferred = true);
	struct ktstr_vm_result *result = run(vm);

	(void)state;
	assert_string_equal(result->console, "hi\n");
	ktstr_vm_result_free(result);
	ktstr_vm_destroy(vm);
}

static void small_nodes_hold_a_kernel_together(void **state)
{
	/* 3 MiB each: the initramfs fits no node alone. */
	struct ktstr_vm *vm = MICRO_VM("reset", resetting, .memory_mib = 24,
				       .topology = KTSTR_TOPOLOGY(8, 8, 1, 1));
	struct ktstr_vm_result *result = run(vm);

	(void)state;
	assert_string_equal(result->console, "hi\n");
	ktstr_vm_result_free(result);
	ktstr_vm_destroy(vm);
}

static void what_cannot_boot_is_not_built(void **state)
{
	_cleanup_free_ char *path = in_scratch("reset");
	struct ktstr_vm_config config =
		KTSTR_VM_CONFIG(.kernel = path, .init_binary = "/bin/true",
				.memory_mib = 8);
	struct ktstr_error err = {};
	struct ktstr_vm *vm = NULL;
	char extra[3000];

	(void)state;
	micro_write_kernel(path, resetting, sizeof(resetting));
	assert_int_equal(ktstr_vm_build(&config, &vm, &err), -ENOSPC);
	assert_contains(err.message, "guest's memory of 8 MiB");
	assert_contains(err.message, "give it more (memory_mib, --memory)");

	memset(extra, 'x', sizeof(extra) - 1);
	extra[sizeof(extra) - 1] = '\0';
	config.memory_mib = 256;
	config.cmdline = extra;
	assert_int_equal(ktstr_vm_build(&config, &vm, &err), -EINVAL);
	assert_contains(err.message, "command line is 3");
	assert_null(vm);
}

static void count_line(void *userdata, enum ktstr_log_level level,
		       const char *message)
{
	(void)level;
	if (strcmp(message, "hi") == 0)
		++*(int *)userdata;
}

static void dmesg_streams_the_kernel_log_by_lines(void **state)
{
	int lines = 0;
	const struct ktstr_log log = { .emit = count_line, .userdata = &lines };
	struct ktstr_vm *vm =
		MICRO_VM("reset", resetting, .dmesg = true, .log = &log);

	(void)state;
	ktstr_vm_result_free(run(vm));
	assert_int_equal(lines, 1);
	ktstr_vm_destroy(vm);
}

static size_t count_entries(const char *directory)
{
	DIR *dir = opendir(directory);
	size_t n = 0;

	assert_non_null(dir);
	while (readdir(dir))
		n++;
	closedir(dir);
	return n;
}

static void nothing_is_left_behind(void **state)
{
	size_t fds, threads;

	(void)state;
	ktstr_vm_destroy(MICRO_VM("reset", resetting));
	fds = count_entries("/proc/self/fd");
	threads = count_entries("/proc/self/task");
	for (int i = 0; i < 10; i++) {
		struct ktstr_vm *vm =
			MICRO_VM("reset", resetting,
				 .topology = KTSTR_TOPOLOGY(2, 2, 2, 1));

		ktstr_vm_result_free(run(vm));
		ktstr_vm_destroy(vm);
	}
	ktstr_vm_destroy(NULL);
	ktstr_vm_result_free(NULL);
	assert_int_equal(count_entries("/proc/self/fd"), fds);
	assert_int_equal(count_entries("/proc/self/task"), threads);
}

static int set_up(void **state)
{
	(void)state;
	if (!mkdtemp(scratch))
		return -1;
	return setenv("KTSTR_CACHE_DIR", scratch, 1);
}

static int tear_down(void **state)
{
	(void)state;
	return kt_remove_tree(scratch);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_guest_that_restarts_ends_the_run),
		cmocka_unit_test(a_console_with_a_nul_byte_has_a_length),
		cmocka_unit_test(a_guest_that_powers_off_ends_the_run),
		cmocka_unit_test(a_triple_fault_is_reported_with_registers),
		cmocka_unit_test(a_guest_that_spins_runs_out_of_time),
		cmocka_unit_test(a_guest_that_halts_for_ever_runs_out_of_time),
		cmocka_unit_test(ports_and_memory_of_nobody_read_as_ones),
		cmocka_unit_test(a_machine_with_wide_apic_ids_has_an_ioapic),
		cmocka_unit_test(a_flooded_console_keeps_its_last_bytes),
		cmocka_unit_test(another_thread_may_stop_a_run),
		cmocka_unit_test(a_signal_handler_may_stop_a_run),
		cmocka_unit_test(a_run_that_was_stopped_before_never_starts),
		cmocka_unit_test(a_vm_runs_once),
		cmocka_unit_test(two_vms_run_at_once),
		cmocka_unit_test(statistics_and_timings_are_there),
		cmocka_unit_test(each_vcpu_accounts_for_its_time),
		cmocka_unit_test(deferred_memory_is_enough_to_start),
		cmocka_unit_test(small_nodes_hold_a_kernel_together),
		cmocka_unit_test(what_cannot_boot_is_not_built),
		cmocka_unit_test(dmesg_streams_the_kernel_log_by_lines),
		cmocka_unit_test(nothing_is_left_behind),
	};

	/* Said aloud: without KVM there is nothing to test here. */
	if (access("/dev/kvm", R_OK | W_OK) < 0) {
		printf("SKIP: no usable /dev/kvm: %s\n", strerror(errno));
		return 77;
	}
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
