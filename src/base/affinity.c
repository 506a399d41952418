// SPDX-License-Identifier: GPL-2.0-only
#include "base/affinity.h"

#include <sched.h>
#include <unistd.h>

/* Room for more CPUs than glibc's fixed set. */
#define AFFINITY_SETS 8

uint32_t kt_allowed_cpus(void)
{
	cpu_set_t set[AFFINITY_SETS];
	long n;

	if (sched_getaffinity(0, sizeof(set), set) == 0)
		return (uint32_t)CPU_COUNT_S(sizeof(set), set);
	n = sysconf(_SC_NPROCESSORS_ONLN);
	return n > 0 ? (uint32_t)n : 1;
}
