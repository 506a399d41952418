// SPDX-License-Identifier: GPL-2.0-only
/*
 * Boot times: where ours go, and the same kernel, command line and init under
 * QEMU, from process start to init's first line, in pairs.
 *
 * The set-up figure is taken on the machine itself; what boots a kernel runs
 * where KVM can do that, if need be inside the emulated machine, both sides in
 * the same one.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <ktstr/vm.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/strbuf.h"
#include "bench.h"
#include "host.h"

#define FIRST_LINE    "ktstr-bench: init is up"
#define MEMORY_MIB    256
#define VCPUS         2
#define BOOT_BOUND_MS 60000

enum side {
	OURS,
	QEMU_MICROVM,
	QEMU_MICROVM_ELF,
	QEMU_Q35,
	N_SIDES,
};

struct bench_files {
	const char *self; /* this program */
	const char *init;
	struct bench_qemu qemu;
};

static void to_stdout(void *userdata, enum ktstr_log_level level,
		      const char *message)
{
	(void)userdata;
	(void)level;
	puts(message);
	fflush(stdout);
}

/*
 * One VM as a user's program would run it. With `show_log`, the kernel log goes
 * to stdout, as it does under QEMU with the serial port there.
 */
static struct ktstr_vm_result *run_vm(const char *init, bool show_log,
				      const char *exec_cmd, uint32_t timeout_ms)
{
	static const struct ktstr_log log = { .emit = to_stdout };
	struct ktstr_vm_result *result = NULL;
	struct ktstr_error err = { 0 };
	struct ktstr_vm *vm = NULL;
	struct ktstr_vm_config config =
		KTSTR_VM_CONFIG(.kernel = bench_kernel(), .init_binary = init,
				.topology = KTSTR_TOPOLOGY(1, 1, VCPUS, 1),
				.memory_mib = MEMORY_MIB,
				.timeout_ms = timeout_ms, .dmesg = show_log,
				.monitor = false, /* QEMU has none */
				.cmdline = "loglevel=0",
				.busybox = exec_cmd != NULL,
				.exec_cmd = exec_cmd);

	if (show_log)
		config.log = &log;
	if (ktstr_vm_build(&config, &vm, &err) || ktstr_vm_run(vm, &result, &err))
		bench_fail("%s", err.message);
	ktstr_vm_destroy(vm);
	return result;
}

/* The split of the set-up; the guest's own progress does not matter here. */
static void measure_setup(const struct bench_files *files)
{
	struct bench_samples cpu = { .n = 0 }, memory = cpu, kernel = cpu,
			     initramfs = cpu, vcpus = cpu, total = cpu;

	for (int i = 0; i < 12; i++) {
		struct ktstr_vm_result *result =
			run_vm(files->init, false, NULL, 50);
		const struct ktstr_vm_timings *t = &result->timings;

		/* The first two warm the caches. */
		if (i >= 2) {
			bench_add(&cpu, (double)t->setup_cpu_ns / 1e6);
			bench_add(&memory, (double)t->setup_memory_ns / 1e6);
			bench_add(&kernel, (double)t->setup_kernel_ns / 1e6);
			bench_add(&initramfs,
				  (double)t->setup_initramfs_ns / 1e6);
			bench_add(&vcpus, (double)t->setup_vcpus_ns / 1e6);
			bench_add(&total, (double)t->setup_total_ns / 1e6);
		}
		ktstr_vm_result_free(result);
	}
	bench_print_value("setup_cpu_ms", bench_median(&cpu), "ms");
	bench_print_value("setup_total_ms", bench_median(&total), "ms");
	bench_print_value("setup_memory_ms", bench_median(&memory), "ms");
	bench_print_value("setup_kernel_ms", bench_median(&kernel), "ms");
	bench_print_value("setup_initramfs_ms", bench_median(&initramfs), "ms");
	bench_print_value("setup_vcpus_ms", bench_median(&vcpus), "ms");
}

static void exec_side(const struct bench_files *files, enum side side)
{
	if (side != OURS)
		bench_qemu_exec(&files->qemu, side == QEMU_Q35,
				side == QEMU_MICROVM_ELF);
	execl(files->self, files->self, "--one", files->init, NULL);
	_exit(127);
}

/* Seconds from fork to init's first line on the child's standard output. */
static double time_one(const struct bench_files *files, enum side side)
{
	uint64_t start = kt_now_ns(), deadline_ms;
	_cleanup_strbuf_ struct kt_strbuf seen = { 0 };
	double seconds = 0;
	int pipe_fds[2];
	pid_t pid;

	if (pipe2(pipe_fds, O_CLOEXEC) < 0)
		bench_fail("pipe: %s", strerror(errno));
	pid = fork();
	if (pid < 0)
		bench_fail("fork: %s", strerror(errno));
	if (!pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		dup2(pipe_fds[1], STDOUT_FILENO);
		exec_side(files, side);
	}
	close(pipe_fds[1]);

	deadline_ms = start / 1000000 + BOOT_BOUND_MS;
	while (!seconds) {
		struct pollfd p = { .fd = pipe_fds[0], .events = POLLIN };
		uint64_t now_ms = kt_now_ns() / 1000000;
		char piece[4096];
		ssize_t n;

		if (now_ms >= deadline_ms ||
		    poll(&p, 1, (int)(deadline_ms - now_ms)) <= 0)
			break;
		n = read(pipe_fds[0], piece, sizeof(piece));
		if (n <= 0)
			break;
		kt_strbuf_add_bytes(&seen, piece, (size_t)n);
		if (seen.length && strstr(kt_strbuf_text(&seen), FIRST_LINE))
			seconds = (double)(kt_now_ns() - start) / 1e9;
	}
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	close(pipe_fds[0]);
	if (!seconds)
		bench_fail("side %d: no line from init; its output: %.500s",
			   (int)side, kt_strbuf_text(&seen));
	return seconds;
}

static void measure_boot(struct bench_files *files, int rounds)
{
	struct bench_samples times[N_SIDES] = { 0 };
	struct bench_samples boot = { .n = 0 };
	struct ktstr_vm_result *result;

	bench_qemu_prepare(files->init, &files->qemu);
	for (int i = 0; i < rounds; i++) {
		for (enum side side = OURS; side < N_SIDES; side++)
			bench_add(&times[side], time_one(files, side));
		result = run_vm(NULL, false, "true", BOOT_BOUND_MS);
		bench_add(&boot, (double)result->timings.boot_ns / 1e9);
		ktstr_vm_result_free(result);
		fprintf(stderr, "boot: round %d of %d\n", i + 1, rounds);
	}

	bench_print_value("boot_to_ready_s", bench_median(&boot), "s");
	bench_print_ratio("boot_vs_qemu_microvm", &times[OURS],
			  &times[QEMU_MICROVM], "s");
	bench_print_ratio("boot_vs_qemu_microvm_elf", &times[OURS],
			  &times[QEMU_MICROVM_ELF], "s");
	bench_print_ratio("boot_vs_qemu_q35", &times[OURS], &times[QEMU_Q35],
			  "s");
}

int main(int argc, char **argv)
{
	_cleanup_free_ char *self = bench_beside(NULL);
	_cleanup_free_ char *init = bench_beside("guest/boot-init");
	struct bench_files files = { .self = self, .init = init };

	if (argc == 3 && !strcmp(argv[1], "--one")) {
		ktstr_vm_result_free(run_vm(argv[2], true, NULL, BOOT_BOUND_MS));
		return 0;
	}
	if (argc == 2 && !strcmp(argv[1], "--pairs")) {
		measure_boot(&files, 7);
		return 0;
	}
	measure_setup(&files);
	return bench_where_kvm_works(self, "--pairs");
}
