// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the runner costs: the time of `ktstr test` over tests that do nothing,
 * so that all of it is listing, set-up, boot, hand-over and report. The other
 * side is a loop of a shell over QEMU microvm, which boots the same kernel as
 * often with an init that only says that it is there; it collects no result.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "bench.h"
#include "host.h"

#define N_TESTS 8
#define ROUNDS  3

#define QEMU_BOUND_S     60
#define QEMU_FAILED      9
#define MAX_FRESH_STARTS 4

struct cost {
	double wall_s;
	double cpu_s;
};

static double seconds(struct timeval t)
{
	return (double)t.tv_sec + (double)t.tv_usec / 1e6;
}

/*
 * Runs a child to its end; its output goes to our stderr. Whether it succeeded;
 * it may also end with `failed`, and with nothing else.
 */
static bool time_child(void (*become)(void *userdata), void *userdata,
		       int failed, struct cost *ret)
{
	uint64_t start = kt_now_ns();
	struct rusage usage;
	int status;
	pid_t pid;

	pid = fork();
	if (pid < 0)
		bench_fail("fork: %s", strerror(errno));
	if (!pid) {
		dup2(STDERR_FILENO, STDOUT_FILENO);
		become(userdata);
		_exit(127);
	}
	if (wait4(pid, &status, 0, &usage) < 0)
		bench_fail("wait4: %s", strerror(errno));
	ret->wall_s = (double)(kt_now_ns() - start) / 1e9;
	ret->cpu_s = seconds(usage.ru_utime) + seconds(usage.ru_stime);
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return true;
	if (WIFEXITED(status) && WEXITSTATUS(status) == failed)
		return false;
	bench_fail("a side ended with wait status %#x", status);
}

struct tests {
	const char *ktstr;
	const char *binary;
	const char *pattern; /* NULL: all */
};

static void become_ktstr(void *userdata)
{
	const struct tests *tests = userdata;

	execl(tests->ktstr, tests->ktstr, "test", tests->binary, "--accel",
	      "kvm", "--kernel", bench_kernel(), tests->pattern ? "-k" : NULL,
	      tests->pattern, NULL);
}

static struct cost time_ktstr(struct tests *tests)
{
	struct cost cost;

	(void)time_child(become_ktstr, tests, 0, &cost);
	return cost;
}

/*
 * One boot as a script does it. Its guest reboots by a triple fault: microvm
 * has no keyboard controller, for which the kernel waits half a minute.
 */
static void become_shell(void *userdata)
{
	const struct bench_qemu *qemu = userdata;
	_cleanup_free_ char *script = NULL;

	if (asprintf(&script,
		     "log=$(mktemp) && trap 'rm -f $log' EXIT; "
		     "timeout -k 1 %d qemu-system-x86_64 "
		     "-M microvm,acpi=on,isa-serial=on,rtc=on,pit=on,pic=on "
		     "-accel kvm -cpu host -smp 2 -m 256 -kernel %s -initrd %s "
		     "-append '%s reboot=t' -nodefaults -no-user-config "
		     "-display none "
		     "-no-reboot -serial stdio </dev/null >$log 2>&1 && "
		     "grep -q 'init is up' $log || "
		     "{ echo 'a boot of QEMU that did not end:'; cat $log; "
		     "exit %d; }",
		     QEMU_BOUND_S, qemu->bzimage, qemu->initrd, qemu->cmdline,
		     QEMU_FAILED) < 0)
		return;
	execl("/bin/sh", "sh", "-c", script, NULL);
}

/*
 * Seconds for N_TESTS boots that ended. One that hangs costs a fresh start,
 * which is counted, and not its time: the comparison is of what works.
 */
static double time_qemu(struct bench_qemu *qemu, unsigned *fresh_starts)
{
	double total = 0;

	for (int good = 0; good < N_TESTS;) {
		struct cost cost;

		if (time_child(become_shell, qemu, QEMU_FAILED, &cost)) {
			total += cost.wall_s;
			good++;
		} else if (++*fresh_starts > MAX_FRESH_STARTS) {
			bench_fail("%u boots of QEMU did not end within %d s",
				   *fresh_starts, QEMU_BOUND_S);
		}
	}
	return total;
}

static void measure(void)
{
	_cleanup_free_ char *ktstr = bench_beside("../ktstr");
	_cleanup_free_ char *binary = bench_beside("guest/runner-tests");
	_cleanup_free_ char *init = bench_beside("guest/boot-init");
	struct tests one = { ktstr, binary, "one" },
		     all = { ktstr, binary, NULL };
	struct bench_samples wall_1 = { 0 }, cpu_1 = { 0 }, wall_8 = { 0 },
			     cpu_8 = { 0 }, theirs = { 0 };
	char runs[] = "/tmp/ktstr-bench-XXXXXX";
	unsigned fresh_starts = 0;
	struct bench_qemu qemu;

	if (!mkdtemp(runs))
		bench_fail("%s: %s", runs, strerror(errno));
	setenv("KTSTR_RUN_DIR", runs, 1);
	bench_qemu_prepare(init, &qemu);
	(void)time_ktstr(&one); /* warms the caches */
	for (int i = 0; i < ROUNDS; i++) {
		struct cost cost = time_ktstr(&one);

		bench_add(&wall_1, cost.wall_s);
		bench_add(&cpu_1, cost.cpu_s);
		cost = time_ktstr(&all);
		bench_add(&wall_8, cost.wall_s / N_TESTS);
		bench_add(&cpu_8, cost.cpu_s / N_TESTS);
		bench_add(&theirs, time_qemu(&qemu, &fresh_starts) / N_TESTS);
		fprintf(stderr,
			"runner: round %d of %d, fresh starts of QEMU: %u\n",
			i + 1, ROUNDS, fresh_starts);
	}
	kt_remove_tree(runs);
	bench_print_value("test_overhead_wall_s_1", bench_median(&wall_1), "s");
	bench_print_value("test_overhead_cpu_s_1", bench_median(&cpu_1), "s");
	bench_print_value("test_overhead_wall_s_8", bench_median(&wall_8), "s");
	bench_print_value("test_overhead_cpu_s_8", bench_median(&cpu_8), "s");
	bench_print_value("tests_per_minute", 60 / bench_median(&wall_8),
			  "1/min");
	bench_print_ratio("test_overhead_vs_qemu_microvm", &wall_8, &theirs, "s");
}

int main(int argc, char **argv)
{
	_cleanup_free_ char *self = bench_beside(NULL);

	if (argc == 2 && !strcmp(argv[1], "--inside")) {
		measure();
		return 0;
	}
	return bench_where_kvm_works(self, "--inside");
}
