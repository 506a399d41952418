// SPDX-License-Identifier: GPL-2.0-only
#include "base/macro.h"
#include "initramfs/sizing.h"

#define SIZING_WORKING_MIB 256

static uint64_t mib_round_up(uint64_t bytes)
{
	return bytes / KT_MIB + (bytes % KT_MIB != 0);
}

uint32_t kt_sizing_memory_mib(const struct kt_sizing *sizing)
{
	uint64_t unpacked = mib_round_up(sizing->unpacked_bytes);
	uint64_t boot, total;

	/* Bytes fill 64 bits, so MiB fill 44: nothing below can overflow. */
	if (sizing->share == KT_SIZING_SHARE_NINE_TENTHS)
		unpacked = (unpacked * 10 + 8) / 9;
	else
		unpacked *= 2;
	boot = unpacked + mib_round_up(sizing->kernel_bytes) +
	       mib_round_up(sizing->archive_bytes);
	boot = (boot * 64 + 62) / 63;
	total = KT_MAX(boot + SIZING_WORKING_MIB, sizing->minimum_mib);
	return total > UINT32_MAX ? UINT32_MAX : (uint32_t)total;
}
