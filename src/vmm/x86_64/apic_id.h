/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

/*
 * How APIC ids name the CPUs of a topology. An id is made of bit fields,
 *
 *	llc | core | thread
 *
 * the two lower ones just wide enough for the largest LLC and core there is,
 * so counts that are no power of two leave holes in the id space. Every level
 * that CPUID describes is a shift of this id; an LLC is a package.
 */

#include <stdint.h>

#include "topology/topology.h"

/* Ids from here on need x2APIC entries in ACPI: 255 is xAPIC's broadcast. */
#define KT_APIC_ID_X2APIC 255u

/* Width of the thread field: bits to shift an id by to name the core. */
unsigned int kt_apic_core_shift(const struct kt_topology *topology);

/* Both lower fields: bits to shift an id by to name the LLC. */
unsigned int kt_apic_llc_shift(const struct kt_topology *topology);

/* The id of a CPU, which is also its vCPU id for KVM; `cpu` below n_cpus. */
uint32_t kt_apic_id(const struct kt_topology *topology, uint32_t cpu);

/* The highest id in use, that of the last CPU. */
uint32_t kt_apic_id_max(const struct kt_topology *topology);
