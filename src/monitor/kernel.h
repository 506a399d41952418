/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

/*
 * A guest's kernel as the monitor knows it: its memory by its own addresses,
 * where its variables are, and how its structs are laid out. Works on a running
 * guest's memory and on one that was saved.
 *
 * Where the image lies in physical memory nobody has to say: it is moved by
 * whole steps of 2 MiB, and one of its own variables holds by how much. A place
 * counts when what is read there names that very place, and when the page
 * tables that follow from it map the variable back to it.
 */

#include <stdint.h>

#include "base/error.h"
#include "monitor/kernel_symbols.h"
#include "monitor/layout.h"
#include "monitor/types.h"
#include "monitor/view.h"

/* Of the image alone: known before there is a guest. */
struct kt_kernel_types {
	struct kt_types types;
	struct kt_layout layout;
};

/* Some ten milliseconds' work. As kt_types_init(). */
int kt_kernel_types_init(struct kt_kernel_types *types, const void *btf,
			 size_t bytes, struct ktstr_error *err);
void kt_kernel_types_deinit(struct kt_kernel_types *types);

struct kt_guest_kernel {
	struct kt_view view;
	struct kt_kernel_symbols symbols;
	const struct kt_types *types; /* borrowed, as the next */
	const struct kt_layout *layout;
	uint32_t n_cpus;
	uint64_t *per_cpu_offset; /* by CPU */
};

/*
 * Finds the kernel in `memory`; it and `types` are borrowed. Fails with a
 * message that says what is not there, or not plausible: -ENOENT for a symbol
 * that was not reported, -EBADMSG for what cannot be true.
 */
int kt_guest_kernel_init(struct kt_guest_kernel *kernel,
			 const struct kt_guest_memory *memory,
			 const struct kt_kernel_symbols *symbols,
			 const struct kt_kernel_types *types, uint32_t n_cpus,
			 struct ktstr_error *err);
void kt_guest_kernel_deinit(struct kt_guest_kernel *kernel);

/* The address of a CPU's copy of a variable, or of a __percpu pointer's target. */
static inline uint64_t kt_guest_kernel_per_cpu(const struct kt_guest_kernel *kernel,
					       uint64_t address, uint32_t cpu)
{
	return address + kernel->per_cpu_offset[cpu];
}

/*
 * An integer member of a struct at `address`, whatever its size. -ENOENT when
 * this kernel has no such member, -EFAULT when it cannot be read.
 */
int kt_guest_kernel_get(struct kt_guest_kernel *kernel, uint64_t address,
			enum kt_layout_id id, uint64_t *ret);

/* Whether an address may be that of something in the kernel's half. */
bool kt_guest_kernel_is_address(uint64_t address);
