/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

/*
 * The guest's ACPI tables, ACPI 6.3: RSDP, XSDT, FADT, DSDT and MADT always;
 * SRAT, SLIT and HMAT when there is more than one node. Pure, for any host.
 *
 * The machine is a hardware-reduced one: no SCI, no PM timer, no PIT, PIC or
 * RTC that a kernel would go through, so it boots the same with the in-kernel
 * and with the split irqchip and needs no emulation of them. It powers off
 * through the sleep registers and resets through the i8042's port.
 */

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "memory/guest_memory.h"
#include "topology/topology.h"

struct kt_acpi_config {
	const struct kt_topology *topology;
	/* All RAM, as given to KVM; `hva` is not looked at. */
	const struct kt_memory_region *regions;
	size_t n_regions;
	/* virtio-mmio devices 0 .. n-1 of layout.h, at most KT_VIRTIO_MAX. */
	uint32_t n_virtio;
};

/*
 * Writes the tables, with the RSDP as the first byte, into a `buffer` that
 * becomes guest memory at KT_ACPI_GPA; they point to each other by address, so
 * they cannot be moved. `ret_bytes` gets the length used. -E2BIG when they take
 * more than `capacity`.
 */
int kt_acpi_write(const struct kt_acpi_config *config, uint8_t *buffer,
		  size_t capacity, size_t *ret_bytes, struct ktstr_error *err);

/* What the 128 KiB of layout.h are enough for. */
#define KT_ACPI_CPUS_IN_ONE_NODE  8192u
#define KT_ACPI_CPUS_IN_TWO_NODES 3292u
#define KT_ACPI_NODES             148u

/* Whether the tables will fit, with whatever memory. -E2BIG. */
int kt_acpi_check_room(const struct kt_topology *topology,
		       struct ktstr_error *err);
