/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

/*
 * An address space of devices: one bus for ports, one for MMIO. Ranges are
 * added before the vCPUs start and never change afterwards, so accesses take
 * no lock. What no device claims reads as all ones, and writes to it vanish.
 */

#include <stddef.h>
#include <stdint.h>

#include "device/device.h"

#define KT_BUS_MAX_RANGES 32

struct kt_bus_range {
	uint64_t base;
	uint64_t size_bytes;
	const struct kt_device_ops *ops;
	void *device;
};

struct kt_bus {
	struct kt_bus_range ranges[KT_BUS_MAX_RANGES];
	size_t n_ranges;
};

/*
 * Claims a range. -EINVAL for an empty or wrapping one, -EEXIST when it
 * overlaps another, -ENOSPC when the table is full. `device` is borrowed.
 */
int kt_bus_add(struct kt_bus *bus, uint64_t base, uint64_t size_bytes,
	       const struct kt_device_ops *ops, void *device);

/*
 * One access by a vCPU, of 1 to 8 bytes. Devices see lengths of 1, 2, 4 and 8
 * only: any other length, and one that crosses a range's border, is done byte
 * by byte.
 */
void kt_bus_read(const struct kt_bus *bus, uint64_t address, void *data,
		 uint32_t length);
void kt_bus_write(const struct kt_bus *bus, uint64_t address, const void *data,
		  uint32_t length);
