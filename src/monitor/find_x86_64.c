// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>

#include "base/macro.h"
#include "monitor/find.h"

/* __START_KERNEL_map: where the image is linked (asm/page_64_types.h), and how
 * far from there KASLR may move it. */
#define LINK_BASE  0xffffffff80000000ULL
#define LINK_BYTES (2 * KT_GIB)
/* CONFIG_PHYSICAL_ALIGN's floor: the image is moved by multiples of this. */
#define STEP_BYTES (2 * KT_MIB)

/* Whether tables of so many bits follow from `phys_base`, and lead back. */
static bool try_tables(const struct kt_guest_memory *memory,
		       const struct kt_kernel_symbols *symbols,
		       uint64_t phys_base, unsigned int va_bits,
		       struct kt_paging *ret)
{
	uint64_t variable = symbols->address[KT_SYMBOL_PHYS_BASE];
	struct kt_paging paging = {
		.ops = &kt_paging_x86_64,
		.va_bits = va_bits,
		.root_gpa = symbols->address[KT_SYMBOL_ROOT_TABLE] - LINK_BASE +
			    phys_base,
	};
	struct kt_translation found;

	if (kt_paging_translate(&paging, memory, variable, &found) < 0 ||
	    found.gpa != variable - LINK_BASE + phys_base)
		return false;
	*ret = paging;
	return true;
}

/* `gpa` is where phys_base would be. */
static bool try_place(const struct kt_guest_memory *memory,
		      const struct kt_kernel_symbols *symbols, uint64_t gpa,
		      struct kt_paging *ret)
{
	uint64_t linked = symbols->address[KT_SYMBOL_PHYS_BASE] - LINK_BASE;
	const volatile uint64_t *variable =
		kt_guest_memory_at(memory, gpa, sizeof(uint64_t));

	if (!variable || *variable != gpa - linked)
		return false;
	return try_tables(memory, symbols, gpa - linked, 48, ret) ||
	       try_tables(memory, symbols, gpa - linked, 57, ret);
}

static bool is_linked(uint64_t address)
{
	return address >= LINK_BASE && address - LINK_BASE < LINK_BYTES &&
	       address % sizeof(uint64_t) == 0;
}

static int check(const struct kt_kernel_symbols *symbols,
		 enum kt_kernel_symbol symbol, struct ktstr_error *err)
{
	uint64_t address = symbols->address[symbol];
	const char *name = kt_kernel_symbol_names()[symbol];

	if (!address)
		return kt_err(err, -ENOENT,
			      "the guest reported no address of %s", name);
	if (!is_linked(address))
		return kt_err(err, -EBADMSG,
			      "the guest says that %s is at %#llx, where no "
			      "kernel image lies",
			      name, (unsigned long long)address);
	return 0;
}

int kt_find_x86_64(const struct kt_guest_memory *memory,
		   const struct kt_kernel_symbols *symbols,
		   struct kt_paging *ret, struct ktstr_error *err)
{
	int r = check(symbols, KT_SYMBOL_PHYS_BASE, err);
	uint64_t low;

	if (!r)
		r = check(symbols, KT_SYMBOL_ROOT_TABLE, err);
	if (r)
		return r;
	low = symbols->address[KT_SYMBOL_PHYS_BASE] % STEP_BYTES;
	for (size_t i = 0; i < memory->n_regions; i++) {
		const struct kt_memory_region *region = &memory->regions[i];
		uint64_t end = region->gpa + region->size_bytes;
		uint64_t gpa = KT_ALIGN_DOWN(region->gpa, STEP_BYTES) + low;

		for (; gpa < end; gpa += STEP_BYTES) {
			if (gpa >= region->gpa &&
			    try_place(memory, symbols, gpa, ret))
				return 0;
		}
	}
	return kt_err(err, -EBADMSG,
		      "the guest's kernel is not where its symbols say: no "
		      "memory holds a phys_base and page tables that agree "
		      "with it");
}
