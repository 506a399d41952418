/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

/* Where a kernel's image and page tables lie in physical memory. */

#include "base/error.h"
#include "monitor/kernel_symbols.h"
#include "monitor/paging.h"

/*
 * On x86-64, by the variable phys_base, which is how far the image was moved
 * (arch/x86/kernel/head_64.S). -ENOENT without its symbols, -EBADMSG when no
 * place fits.
 */
int kt_find_x86_64(const struct kt_guest_memory *memory,
		   const struct kt_kernel_symbols *symbols,
		   struct kt_paging *ret, struct ktstr_error *err);
