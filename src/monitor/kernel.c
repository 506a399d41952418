// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "monitor/find.h"
#include "monitor/kernel.h"

bool kt_guest_kernel_is_address(uint64_t address)
{
	return address >> 63;
}

/*
 * What must be mapped, once: an address that is made up is found here and not
 * as a lot of reads that fail.
 */
static int check_symbols(struct kt_guest_kernel *kernel, struct ktstr_error *err)
{
	for (size_t i = 0; i < KT_N_SYMBOLS; i++) {
		uint64_t address = kernel->symbols.address[i];
		uint8_t byte;

		/* Of per-CPU variables it is an offset on older kernels. */
		if (!address || i == KT_SYMBOL_RUNQUEUES)
			continue;
		if (!kt_guest_kernel_is_address(address) ||
		    kt_view_u8(&kernel->view, address, &byte) < 0)
			return kt_err(err, -EBADMSG,
				      "the guest says that %s is at %#llx, "
				      "which its page tables do not map",
				      kt_kernel_symbol_names()[i],
				      (unsigned long long)address);
	}
	return 0;
}

static int read_per_cpu_offsets(struct kt_guest_kernel *kernel,
				struct ktstr_error *err)
{
	uint64_t table = kernel->symbols.address[KT_SYMBOL_PER_CPU_OFFSET];

	if (!table)
		return kt_err(err, -ENOENT,
			      "the guest reported no address of "
			      "__per_cpu_offset");
	kernel->per_cpu_offset =
		calloc(kernel->n_cpus, sizeof(*kernel->per_cpu_offset));
	if (!kernel->per_cpu_offset)
		return kt_err(err, -ENOMEM, "no memory to watch %u CPUs",
			      kernel->n_cpus);
	for (uint32_t cpu = 0; cpu < kernel->n_cpus; cpu++) {
		uint64_t *offset = &kernel->per_cpu_offset[cpu];

		if (kt_view_u64(&kernel->view, table + cpu * sizeof(*offset),
				offset) < 0)
			return kt_err(
				err, -EBADMSG,
				"the guest's __per_cpu_offset ends before "
				"CPU %u",
				cpu);
	}
	return 0;
}

int kt_kernel_types_init(struct kt_kernel_types *types, const void *btf,
			 size_t bytes, struct ktstr_error *err)
{
	int r = kt_types_init(&types->types, btf, bytes, err);

	if (!r)
		kt_layout_resolve(&types->layout, &types->types);
	return r;
}

void kt_kernel_types_deinit(struct kt_kernel_types *types)
{
	kt_types_deinit(&types->types);
}

int kt_guest_kernel_init(struct kt_guest_kernel *kernel,
			 const struct kt_guest_memory *memory,
			 const struct kt_kernel_symbols *symbols,
			 const struct kt_kernel_types *types, uint32_t n_cpus,
			 struct ktstr_error *err)
{
	struct kt_guest_kernel new = {
		.symbols = *symbols,
		.types = &types->types,
		.layout = &types->layout,
		.n_cpus = n_cpus,
	};
	struct kt_paging paging;
	int r = kt_find_x86_64(memory, symbols, &paging, err);

	if (r)
		return r;
	kt_view_init(&new.view, memory, &paging);
	r = check_symbols(&new, err);
	if (!r)
		r = read_per_cpu_offsets(&new, err);
	if (r) {
		kt_guest_kernel_deinit(&new);
		return r;
	}
	*kernel = new;
	return 0;
}

void kt_guest_kernel_deinit(struct kt_guest_kernel *kernel)
{
	free(kernel->per_cpu_offset);
	kernel->per_cpu_offset = NULL;
}

int kt_guest_kernel_get(struct kt_guest_kernel *kernel, uint64_t address,
			enum kt_layout_id id, uint64_t *ret)
{
	const struct kt_member *member = &kernel->layout->member[id];

	if (!kernel->layout->has[id] || member->bit_offset % 8)
		return -ENOENT;
	return kt_view_unsigned(&kernel->view, address + kt_member_offset(member),
				kt_member_bytes(member), ret);
}
