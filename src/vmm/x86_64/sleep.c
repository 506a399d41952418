// SPDX-License-Identifier: GPL-2.0-only
#include <string.h>

#include "vmm/x86_64/layout.h"
#include "vmm/x86_64/sleep.h"

#define SLP_TYP_SHIFT 2
#define SLP_TYP_MASK  7

static void sleep_read(void *device, uint64_t offset, void *data, uint32_t length)
{
	(void)device;
	(void)offset;
	memset(data, 0, length);
}

static void sleep_write(void *device, uint64_t offset, const void *data,
			uint32_t length)
{
	struct kt_sleep *sleep = device;
	uint8_t value = *(const uint8_t *)data;

	if (length != 1 ||
	    offset != 0) /* the status register, next to it, clears nothing */
		return;
	if (value & KT_SLEEP_SLP_EN &&
	    (value >> SLP_TYP_SHIFT & SLP_TYP_MASK) == KT_SLEEP_TYPE_S5)
		sleep->power_off(sleep->userdata);
}

const struct kt_device_ops kt_sleep_ops = {
	.name = "sleep",
	.read = sleep_read,
	.write = sleep_write,
};
