/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

/*
 * The MP table of the MultiProcessor Specification 1.4: CPUs and interrupt
 * wiring for kernels that were built without ACPI. It has no words for nodes
 * or memory, nor for APIC ids beyond a byte.
 */

#include <stdbool.h>
#include <stdint.h>

#include "topology/topology.h"
#include "vmm/x86_64/layout.h"

/* From the table at KT_MP_TABLE_GPA to past the pointer to it. */
#define KT_MP_BYTES (KT_BASE_MEMORY_TOP - KT_MP_TABLE_GPA)

/*
 * Fills a buffer of KT_MP_BYTES that becomes guest memory at KT_MP_TABLE_GPA.
 * False, with the buffer left alone, when some CPU's APIC id is above 254:
 * such a machine has no MP table.
 */
bool kt_mptable_write(const struct kt_topology *topology, uint8_t *buffer);
