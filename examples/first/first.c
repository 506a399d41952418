// SPDX-License-Identifier: GPL-2.0-only
#include <ktstr/test.h>
#include <sched.h>
#include <unistd.h>

KTSTR_TEST(every_cpu_takes_a_task, .llcs = 2, .cores = 2)
{
	for (int cpu = 0; cpu < sysconf(_SC_NPROCESSORS_ONLN); cpu++) {
		cpu_set_t set;

		CPU_ZERO(&set);
		CPU_SET(cpu, &set);
		KTSTR_REQUIRE(ctx, sched_setaffinity(0, sizeof(set), &set) == 0);
		KTSTR_REQUIRE(ctx, sched_getcpu() == cpu);
	}
	return KTSTR_PASS;
}
