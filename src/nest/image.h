/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

/*
 * What the emulated machine boots: a stock kernel of this host's that has
 * kvm-amd, unpacked, and an initramfs with the agent and a few modules.
 */

#include "base/error.h"
#include "base/log.h"
#include "kernel/kernel.h"

struct kt_nest_image {
	struct kt_kernel *kernel; /* its elf_fd is what QEMU loads */
	int initrd_fd;            /* a memfd */
};

/*
 * Takes $KTSTR_NEST_KERNEL (as --kernel), else the first kernel of the cache
 * and of /boot that has the modules. Caller deinits, also after a failure.
 */
int kt_nest_image_make(struct kt_nest_image *ret, const struct ktstr_log *log,
		       struct ktstr_error *err);
void kt_nest_image_deinit(struct kt_nest_image *image);

/*
 * The agent's program: $KTSTR_NEST_AGENT, else beside this program, else in
 * the directory of installed helpers. Caller frees.
 */
int kt_nest_agent_path(char **ret, struct ktstr_error *err);
