/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

#include <stdint.h>

/* What of its memory the guest's kernel lets the root file system take. */
enum kt_sizing_share {
	KT_SIZING_SHARE_HALF,        /* a tmpfs's default */
	KT_SIZING_SHARE_NINE_TENTHS, /* initramfs_options=size=90% honoured */
};

struct kt_sizing {
	uint64_t unpacked_bytes; /* of the initramfs's members, in the guest */
	uint64_t kernel_bytes;   /* what the kernel takes up while it starts */
	uint64_t archive_bytes;  /* of the initramfs as it is loaded */
	enum kt_sizing_share share;
	uint32_t minimum_mib;
};

/*
 * Memory in MiB for a guest whose size was left to us: enough to boot, where
 * the kernel keeps a 64th for its page descriptors, and 256 MiB to work with;
 * at least minimum_mib. Each term is rounded up to whole MiB, and the sum stays
 * at UINT32_MAX where it would not fit.
 */
uint32_t kt_sizing_memory_mib(const struct kt_sizing *sizing);
