// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "vmm/bus.h"

int kt_bus_add(struct kt_bus *bus, uint64_t base, uint64_t size_bytes,
	       const struct kt_device_ops *ops, void *device)
{
	if (!size_bytes || base + (size_bytes - 1) < base)
		return -EINVAL;
	for (size_t i = 0; i < bus->n_ranges; i++) {
		const struct kt_bus_range *r = &bus->ranges[i];

		if (base <= r->base + (r->size_bytes - 1) &&
		    r->base <= base + (size_bytes - 1))
			return -EEXIST;
	}
	if (bus->n_ranges == KT_BUS_MAX_RANGES)
		return -ENOSPC;
	bus->ranges[bus->n_ranges++] = (struct kt_bus_range){
		.base = base,
		.size_bytes = size_bytes,
		.ops = ops,
		.device = device,
	};
	return 0;
}

static const struct kt_bus_range *range_of(const struct kt_bus *bus,
					   uint64_t address)
{
	for (size_t i = 0; i < bus->n_ranges; i++) {
		const struct kt_bus_range *r = &bus->ranges[i];

		if (address >= r->base && address - r->base < r->size_bytes)
			return r;
	}
	return NULL;
}

static bool fits(const struct kt_bus_range *r, uint64_t address, uint32_t length)
{
	return (length == 1 || length == 2 || length == 4 || length == 8) &&
	       length <= r->size_bytes - (address - r->base);
}

void kt_bus_read(const struct kt_bus *bus, uint64_t address, void *data,
		 uint32_t length)
{
	const struct kt_bus_range *r = range_of(bus, address);
	uint8_t *bytes = data;

	memset(data, 0xff, length);
	if (r && fits(r, address, length)) {
		r->ops->read(r->device, address - r->base, data, length);
		return;
	}
	if (length > 1) {
		for (uint32_t i = 0; i < length; i++)
			kt_bus_read(bus, address + i, bytes + i, 1);
	}
}

void kt_bus_write(const struct kt_bus *bus, uint64_t address, const void *data,
		  uint32_t length)
{
	const struct kt_bus_range *r = range_of(bus, address);
	const uint8_t *bytes = data;

	if (r && fits(r, address, length)) {
		r->ops->write(r->device, address - r->base, data, length);
		return;
	}
	if (length > 1) {
		for (uint32_t i = 0; i < length; i++)
			kt_bus_write(bus, address + i, bytes + i, 1);
	}
}
