// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <string.h>

#include "base/macro.h"
#include "vmm/load.h"
#include "vmm/x86_64/acpi.h"
#include "vmm/x86_64/layout.h"
#include "vmm/x86_64/mptable.h"

#define BASE_COPIED_BYTES (16 * KT_MIB)

/*
 * Puts the base into place. A mapping shares its pages with other VMs, but the
 * guest faults on each 4 KiB of it and of the huge pages that it splits: at 2
 * MiB 1500 faults instead of 45 for the whole boot. So only what is large
 * enough to be worth sharing is mapped.
 */
static int load_base(struct kt_machine *machine,
		     const struct kt_initramfs *initramfs, uint64_t gpa,
		     struct ktstr_error *err)
{
	int r;

	/* A mapping lies in one region; across nodes it is copied, too. */
	if (initramfs->base_bytes > BASE_COPIED_BYTES &&
	    kt_guest_memory_at(&machine->view, gpa, initramfs->base_bytes))
		return kt_vm_memory_map_file(&machine->memory, gpa,
					     initramfs->base_fd,
					     initramfs->base_bytes, err);
	r = kt_guest_memory_load(&machine->view, gpa, initramfs->base_fd, 0,
				 initramfs->base_bytes);
	return r ? kt_err_errno(err, r, "cannot read the initramfs") : 0;
}

int kt_load_initramfs(struct kt_machine *machine,
		      const struct kt_initramfs *initramfs,
		      const struct kt_boot_kernel *plan,
		      struct kt_boot_data *data, struct ktstr_error *err)
{
	uint64_t bytes, gpa;
	int r;

	if (__builtin_add_overflow(initramfs->base_bytes, initramfs->run_bytes,
				   &bytes))
		return kt_err(err, -EINVAL, "the initramfs is too large");
	r = kt_boot_place_initrd(plan, &machine->view, bytes, &gpa, err);
	if (!r && initramfs->base_bytes)
		r = load_base(machine, initramfs, gpa + initramfs->run_bytes,
			      err);
	if (r)
		return r;
	r = kt_guest_memory_write(&machine->view, gpa, initramfs->run,
				  initramfs->run_bytes);
	if (r)
		return kt_err_errno(err, r, "cannot place the initramfs");
	data->initrd_gpa = gpa;
	data->initrd_bytes = bytes;
	return 0;
}

static int load_acpi(struct kt_machine *machine, struct ktstr_error *err)
{
	const struct kt_acpi_config config = {
		.topology = machine->topology,
		.regions = machine->view.regions,
		.n_regions = machine->view.n_regions,
		.n_virtio = machine->n_virtio,
	};
	uint8_t *at = kt_guest_memory_at(&machine->view, KT_ACPI_GPA,
					 KT_ACPI_END - KT_ACPI_GPA);
	size_t used;

	if (!at)
		return kt_err(err, -ENOSPC,
			      "the first node has less than 1 "
			      "MiB of memory; give it more (memory_mib, "
			      "--memory)");
	return kt_acpi_write(&config, at, KT_ACPI_END - KT_ACPI_GPA, &used, err);
}

int kt_load_tables(struct kt_machine *machine, const struct kt_kernel *kernel,
		   const struct kt_boot_kernel *plan,
		   const struct kt_boot_data *data, struct ktstr_error *err)
{
	uint8_t *mp;
	int r;

	r = kt_boot_write_data(kernel, plan, data, &machine->view, err);
	if (!r)
		r = load_acpi(machine, err);
	if (r)
		return r;
	mp = kt_guest_memory_at(&machine->view, KT_MP_TABLE_GPA, KT_MP_BYTES);
	if (mp)
		(void)kt_mptable_write(machine->topology, mp);
	return 0;
}
