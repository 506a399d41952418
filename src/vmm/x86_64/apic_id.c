// SPDX-License-Identifier: GPL-2.0-only
#include "vmm/x86_64/apic_id.h"

/* The number of bits that tell `n` things apart. */
static unsigned int bits_for(uint32_t n)
{
	return n > 1 ? 32 - (unsigned int)__builtin_clz(n - 1) : 0;
}

unsigned int kt_apic_core_shift(const struct kt_topology *topology)
{
	return bits_for(topology->max_threads_per_core);
}

unsigned int kt_apic_llc_shift(const struct kt_topology *topology)
{
	return bits_for(topology->max_cores_per_llc) +
	       kt_apic_core_shift(topology);
}

uint32_t kt_apic_id(const struct kt_topology *topology, uint32_t cpu)
{
	struct kt_topology_place place = kt_topology_cpu(topology, cpu);

	return place.llc << kt_apic_llc_shift(topology) |
	       place.core << kt_apic_core_shift(topology) | place.thread;
}

uint32_t kt_apic_id_max(const struct kt_topology *topology)
{
	return kt_apic_id(topology, topology->n_cpus - 1);
}
