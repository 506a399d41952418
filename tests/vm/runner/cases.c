// SPDX-License-Identifier: GPL-2.0-only
/* Every way in which a test can end, for runner.sh to look at. */
#include <ktstr/test.h>

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

KTSTR_TEST(passes, .llcs = 2, .cores = 2, .memory_mib = 256)
{
	long cpus = sysconf(_SC_NPROCESSORS_ONLN);

	for (int cpu = 0; cpu < cpus; cpu++) {
		cpu_set_t set;

		CPU_ZERO(&set);
		CPU_SET(cpu, &set);
		KTSTR_REQUIRE(ctx, sched_setaffinity(0, sizeof(set), &set) == 0);
		KTSTR_REQUIRE(ctx, sched_getcpu() == cpu);
	}
	KTSTR_REQUIRE(ctx, cpus == 4);
	ktstr_metric(ctx, "cpus", (double)cpus, "CPUs");
	return KTSTR_PASS;
}

KTSTR_TEST(fails, .cores = 1, .memory_mib = 256)
{
	ktstr_note(ctx, "stuck 3500ms on cpu0 at +1200ms");
	return KTSTR_FAIL;
}

KTSTR_TEST(skips, .cores = 1, .memory_mib = 256)
{
	ktstr_note(ctx, "this machine has no SMT");
	return KTSTR_SKIP;
}

KTSTR_TEST(proves_nothing, .cores = 1, .memory_mib = 256)
{
	ktstr_note(ctx, "the host took 40 percent of the time");
	return KTSTR_INCONCLUSIVE;
}

KTSTR_TEST(fails_as_expected, .cores = 1, .memory_mib = 256, .expect_err = true)
{
	return KTSTR_FAIL;
}

KTSTR_TEST(crashes, .cores = 1, .memory_mib = 256)
{
	ktstr_note(ctx, "about to crash");
	raise(SIGSEGV);
	return KTSTR_PASS;
}

KTSTR_TEST(hangs, .cores = 1, .memory_mib = 256, .timeout_s = 3)
{
	while (ktstr_current(ctx))
		pause();
	return KTSTR_PASS;
}

/* The kernel goes down with it: a crash of the guest, not of the test. */
KTSTR_TEST(panics, .cores = 1, .memory_mib = 256)
{
	int fd = open("/proc/sysrq-trigger", O_WRONLY);

	KTSTR_REQUIRE(ctx, fd >= 0);
	KTSTR_REQUIRE(ctx, write(fd, "c", 1) == 1);
	return KTSTR_PASS;
}

KTSTR_TEST(prints_a_lot, .cores = 1, .memory_mib = 256)
{
	char line[1024];

	memset(line, 'x', sizeof(line) - 1);
	line[sizeof(line) - 1] = '\n';
	for (int i = 0; i < 8 * 1024; i++)
		KTSTR_REQUIRE(ctx, fwrite(line, sizeof(line), 1, stdout) == 1);
	return KTSTR_PASS;
}

/* On its own machine, and in a gauntlet on the two presets of four CPUs. */
KTSTR_TEST(roams, .cores = 1, .memory_mib = 256, .duration_s = 1, .max_cpus = 4)
{
	long cpus = sysconf(_SC_NPROCESSORS_ONLN);
	struct utsname name;

	KTSTR_REQUIRE(ctx, uname(&name) == 0);
	KTSTR_REQUIRE(ctx, cpus == 1 || cpus == 4);
	ktstr_note(ctx, "kernel %s", name.release);
	ktstr_metric(ctx, "cpus", (double)cpus, "CPUs");
	return KTSTR_PASS;
}
