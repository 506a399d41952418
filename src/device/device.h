/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

/*
 * What a device is to the bus. It knows guest memory and an interrupt line,
 * never KVM. The bus calls with an offset inside the device's range and a
 * length of 1, 2, 4 or 8; calls come from any vCPU thread at the same time,
 * so a device locks what it shares.
 */

#include <stdint.h>

struct kt_device_ops {
	const char *name;
	/* Fills all of `data`; what does not exist reads as the bus floats. */
	void (*read)(void *device, uint64_t offset, void *data, uint32_t length);
	void (*write)(void *device, uint64_t offset, const void *data,
		      uint32_t length);
};

/*
 * An edge-triggered interrupt line: each write of 1 to the eventfd is one
 * edge (KVM_IRQFD behind it). Borrowed; -1 means that nobody listens.
 */
struct kt_irq_line {
	int eventfd;
};

void kt_irq_line_raise(const struct kt_irq_line *line);
