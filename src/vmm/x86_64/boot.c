// SPDX-License-Identifier: GPL-2.0-only
#include <asm/bootparam.h>
#include <errno.h>
#include <linux/kvm.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/macro.h"
#include "vmm/x86_64/boot.h"
#include "vmm/x86_64/layout.h"

#define HEADER_OFFSET      0x1f1
#define HEADER_END_BYTE    0x201 /* jump offset: the header ends 0x202 + it */
#define HEADER_MAGIC       0x53726448 /* "HdrS" */
#define BOOT_FLAG          0xaa55
#define LOADER_UNDEFINED   0xff
#define SECTOR_BYTES       512
#define ENTRY_64_OFFSET    0x200
#define DEFAULT_ALIGNMENT  0x1000000ULL
#define DEFAULT_INITRD_MAX 0x7fffffffULL
#define DEFAULT_CMDLINE    2047 /* COMMAND_LINE_SIZE of x86, less the NUL */
#define INITRD_ALIGNMENT   (2 * KT_MIB)

#define E820_RAM      1
#define E820_RESERVED 2

#define PAGE_BYTES    4096ULL
#define PTE_PRESENT   (1ULL << 0)
#define PTE_WRITE     (1ULL << 1)
#define PTE_HUGE      (1ULL << 7)
#define PTES_PER_PAGE 512
#define MAPPED_GIB    4

_Static_assert((2 + MAPPED_GIB) * PAGE_BYTES <=
		       KT_BOOT_PAGE_TABLES_END - KT_BOOT_PAGE_TABLES_GPA,
	       "the page tables must fit their place");
_Static_assert(sizeof(struct boot_params) == PAGE_BYTES, "one page");

/* The header of a bzImage, or what a plain ELF kernel would say. */
static void read_header(const struct kt_kernel *kernel,
			struct setup_header *header)
{
	size_t length;

	memset(header, 0, sizeof(*header));
	if (kernel->bzimage && kernel->bzimage_bytes > SECTOR_BYTES * 2) {
		length = 0x202 + kernel->bzimage[HEADER_END_BYTE] - HEADER_OFFSET;
		memcpy(header, kernel->bzimage + HEADER_OFFSET,
		       KT_MIN(length, sizeof(*header)));
		return;
	}
	header->boot_flag = BOOT_FLAG;
	header->header = HEADER_MAGIC;
	header->version = 0x020f;
	header->kernel_alignment = DEFAULT_ALIGNMENT;
	header->initrd_addr_max = DEFAULT_INITRD_MAX;
	header->cmdline_size = DEFAULT_CMDLINE;
	header->init_size = (uint32_t)kernel->init_size;
	header->loadflags = LOADED_HIGH;
}

static int plan_elf(const struct kt_kernel *kernel, struct kt_boot_kernel *plan,
		    struct ktstr_error *err)
{
	plan->entry = kernel->entry;
	plan->start = UINT64_MAX;
	for (size_t i = 0; i < kernel->n_segments; i++) {
		const struct kt_kernel_segment *s = &kernel->segments[i];

		plan->start = KT_MIN(plan->start, s->gpa);
		plan->end = KT_MAX(plan->end, s->gpa + s->memory_bytes);
	}
	if (!kernel->n_segments || plan->start < KT_HIGH_MEMORY_GPA ||
	    plan->end > KT_HOLE_GPA || plan->entry < plan->start ||
	    plan->entry >= plan->end)
		return kt_err(err, -ENOEXEC,
			      "the kernel wants to lie at %#llx to %#llx with "
			      "its entry at %#llx; only 1 MiB to 3 GiB is "
			      "possible",
			      (unsigned long long)plan->start,
			      (unsigned long long)plan->end,
			      (unsigned long long)plan->entry);
	return 0;
}

static int plan_bzimage(const struct kt_kernel *kernel,
			const struct setup_header *header,
			struct kt_boot_kernel *plan, struct ktstr_error *err)
{
	if (!kernel->bzimage || !(header->xloadflags & XLF_KERNEL_64))
		return kt_err(err, -ENOEXEC,
			      "the kernel could not be unpacked (%s) and has "
			      "no 64-bit entry of its own",
			      kernel->why_not_unpacked);
	plan->start = header->pref_address;
	if (plan->start < KT_HIGH_MEMORY_GPA || plan->start >= KT_HOLE_GPA)
		plan->start = KT_HIGH_MEMORY_GPA;
	plan->end = plan->start + header->init_size;
	plan->entry = plan->start + ENTRY_64_OFFSET;
	return 0;
}

int kt_boot_plan(const struct kt_kernel *kernel, struct kt_boot_kernel *ret,
		 struct ktstr_error *err)
{
	struct kt_boot_kernel plan = {};
	struct setup_header header;
	int r;

	read_header(kernel, &header);
	r = kernel->elf ? plan_elf(kernel, &plan, err) :
			  plan_bzimage(kernel, &header, &plan, err);
	if (r)
		return r;
	plan.initrd_max = header.initrd_addr_max ? header.initrd_addr_max :
						   DEFAULT_INITRD_MAX;
	plan.cmdline_max = KT_MIN(header.cmdline_size ? header.cmdline_size :
							DEFAULT_CMDLINE,
				  (uint32_t)KT_CMDLINE_BYTES - 1);
	*ret = plan;
	return 0;
}

static int too_small(const struct kt_guest_memory *memory, uint64_t end,
		     const char *what, struct ktstr_error *err)
{
	uint64_t have = 0, low = 0;

	for (size_t i = 0; i < memory->n_regions; i++) {
		have += memory->regions[i].size_bytes;
		if (memory->regions[i].gpa < KT_HOLE_GPA)
			low += memory->regions[i].size_bytes;
	}
	return kt_err(err, -ENOSPC,
		      "%s ends at %llu MiB and does not fit the guest's memory "
		      "of %llu MiB, of which %llu MiB lie below 3 GiB; "
		      "give it more (memory_mib, --memory)",
		      what, (unsigned long long)(end / KT_MIB + 1),
		      (unsigned long long)(have / KT_MIB),
		      (unsigned long long)(low / KT_MIB));
}

/* Whether there is RAM, of however many nodes, all the way. */
static bool has_room(const struct kt_guest_memory *memory, uint64_t gpa,
		     uint64_t bytes)
{
	uint64_t end = kt_guest_memory_end(memory, gpa);

	return end && bytes <= end - gpa;
}

/*
 * Fresh guest memory is zero already: a hole costs neither the copying nor the
 * pages. A file system that knows of no holes shows one stretch of data.
 */
static int load_segment(const struct kt_guest_memory *memory, int fd,
			const struct kt_kernel_segment *s)
{
	const off_t start = (off_t)s->file_offset;
	const off_t end = start + (off_t)s->file_bytes;
	off_t data = start, hole;
	struct stat st;
	int r = 0;

	/* A hole also goes on where a file was cut off. */
	if (fstat(fd, &st) < 0)
		return -errno;
	if (st.st_size < end)
		return -ENODATA;
	while (!r && data < end) {
		data = lseek(fd, data, SEEK_DATA);
		if (data < 0)
			return errno == ENXIO ? 0 : -errno;
		if (data >= end)
			return 0;
		hole = lseek(fd, data, SEEK_HOLE);
		if (hole < 0)
			return -errno;
		hole = KT_MIN(hole, end);
		r = kt_guest_memory_load(memory,
					 s->gpa + (uint64_t)(data - start), fd,
					 (uint64_t)data, (uint64_t)(hole - data));
		data = hole;
	}
	return r;
}

static int load_segments(const struct kt_kernel *kernel,
			 const struct kt_guest_memory *memory,
			 const struct kt_boot_kernel *plan,
			 struct ktstr_error *err)
{
	for (size_t i = 0; i < kernel->n_segments; i++) {
		const struct kt_kernel_segment *s = &kernel->segments[i];
		int r;

		if (!has_room(memory, s->gpa, s->memory_bytes))
			return too_small(memory, plan->end, "the kernel", err);
		r = load_segment(memory, kernel->elf_fd, s);
		if (r)
			return kt_err_errno(err, r,
					    "cannot read the unpacked kernel");
	}
	return 0;
}

int kt_boot_load_kernel(const struct kt_kernel *kernel,
			const struct kt_boot_kernel *plan,
			const struct kt_guest_memory *memory,
			struct ktstr_error *err)
{
	struct setup_header header;
	uint64_t setup_bytes, bytes;

	if (kernel->elf)
		return load_segments(kernel, memory, plan, err);
	read_header(kernel, &header);
	setup_bytes = ((header.setup_sects ? header.setup_sects : 4) + 1ULL) *
		      SECTOR_BYTES;
	if (setup_bytes >= kernel->bzimage_bytes)
		return kt_err(err, -ENOEXEC,
			      "the kernel image ends inside its setup code");
	bytes = kernel->bzimage_bytes - setup_bytes;
	if (!has_room(memory, plan->start, KT_MAX(plan->end - plan->start, bytes)))
		return too_small(memory, plan->end, "the kernel", err);
	return kt_guest_memory_write(memory, plan->start,
				     kernel->bzimage + setup_bytes, bytes);
}

/* Whether the kernel has its place. */
static bool kernel_fits(const struct kt_boot_kernel *plan,
			const struct kt_guest_memory *memory)
{
	return plan->end > plan->start &&
	       has_room(memory, plan->start, plan->end - plan->start);
}

int kt_boot_check_room(const struct kt_boot_kernel *plan,
		       const struct kt_guest_memory *memory,
		       struct ktstr_error *err)
{
	if (kernel_fits(plan, memory))
		return 0;
	return too_small(memory, plan->end, "the kernel", err);
}

int kt_boot_place_initrd(const struct kt_boot_kernel *plan,
			 const struct kt_guest_memory *memory, uint64_t length,
			 uint64_t *ret_gpa, struct ktstr_error *err)
{
	uint64_t limit, floor, gpa;

	if (!kernel_fits(plan, memory))
		return too_small(memory, plan->end, "the kernel", err);
	limit = KT_MIN(plan->initrd_max + 1,
		       kt_guest_memory_end(memory, plan->start));
	floor = KT_ALIGN_UP(plan->end, PAGE_BYTES);
	if (limit < floor || length > limit - floor)
		return too_small(memory, floor + length, "the initramfs", err);
	gpa = KT_ALIGN_DOWN(limit - length, INITRD_ALIGNMENT);
	if (gpa < floor)
		gpa = KT_ALIGN_DOWN(limit - length, PAGE_BYTES);
	if (gpa < floor)
		return too_small(memory, floor + length, "the initramfs", err);
	*ret_gpa = gpa;
	return 0;
}

static void add_e820(struct boot_params *params, uint64_t start, uint64_t end,
		     uint32_t type)
{
	struct boot_e820_entry *last =
		params->e820_entries ?
			&params->e820_table[params->e820_entries - 1] :
			NULL;

	if (start >= end)
		return;
	/* Nodes are the SRAT's business: neighbours make one entry. */
	if (last && last->type == type && last->addr + last->size == start) {
		last->size += end - start;
		return;
	}
	params->e820_table[params->e820_entries++] = (struct boot_e820_entry){
		.addr = start,
		.size = end - start,
		.type = type,
	};
}

static void fill_e820(struct boot_params *params,
		      const struct kt_guest_memory *memory)
{
	add_e820(params, 0, KT_BASE_MEMORY_END, E820_RAM);
	add_e820(params, KT_BASE_MEMORY_END, KT_BASE_MEMORY_TOP, E820_RESERVED);
	add_e820(params, KT_ACPI_GPA, KT_ACPI_END, E820_RESERVED);
	for (size_t i = 0; i < memory->n_regions; i++) {
		const struct kt_memory_region *r = &memory->regions[i];

		add_e820(params, KT_MAX(r->gpa, KT_HIGH_MEMORY_GPA),
			 r->gpa + r->size_bytes, E820_RAM);
	}
}

/* The first 4 GiB, each address mapped to itself in 2 MiB pages. */
static void fill_page_tables(uint64_t *tables)
{
	uint64_t *pdpt = tables + PTES_PER_PAGE;
	uint64_t *pds = pdpt + PTES_PER_PAGE;

	tables[0] = (KT_BOOT_PAGE_TABLES_GPA + PAGE_BYTES) | PTE_PRESENT |
		    PTE_WRITE;
	for (uint64_t i = 0; i < MAPPED_GIB; i++)
		pdpt[i] = (KT_BOOT_PAGE_TABLES_GPA + (2 + i) * PAGE_BYTES) |
			  PTE_PRESENT | PTE_WRITE;
	for (uint64_t i = 0; i < MAPPED_GIB * PTES_PER_PAGE; i++)
		pds[i] = i * 2 * KT_MIB | PTE_PRESENT | PTE_WRITE | PTE_HUGE;
}

/* A descriptor with base 0 and limit 4 GiB; `flags` as in the manual. */
#define FLAT_DESCRIPTOR(access, flags)                                         \
	(0x000f00000000ffffULL | (uint64_t)(access) << 40 |                    \
	 (uint64_t)(flags) << 52)

/* The protocol wants code at selector 0x10 and data at 0x18. */
static const uint64_t boot_gdt[] = {
	0, 0, FLAT_DESCRIPTOR(0x9b, 0xa), /* code, 64-bit */
	FLAT_DESCRIPTOR(0x93, 0xc),       /* data */
};
#define BOOT_CS 0x10
#define BOOT_DS 0x18

int kt_boot_check_cmdline(const struct kt_boot_kernel *plan,
			  const char *cmdline, struct ktstr_error *err)
{
	size_t length = strlen(cmdline);

	if (length > plan->cmdline_max)
		return kt_err(err, -EINVAL,
			      "the kernel command line is %zu bytes long and "
			      "this kernel takes %u; append less to it "
			      "(cmdline, --cmdline)",
			      length, plan->cmdline_max);
	return 0;
}

int kt_boot_write_data(const struct kt_kernel *kernel,
		       const struct kt_boot_kernel *plan,
		       const struct kt_boot_data *data,
		       const struct kt_guest_memory *memory,
		       struct ktstr_error *err)
{
	uint8_t *low = kt_guest_memory_at(memory, 0, KT_BASE_MEMORY_TOP);
	struct boot_params *params;
	int r;

	r = kt_boot_check_cmdline(plan, data->cmdline, err);
	if (r)
		return r;
	if (!low)
		return too_small(memory, KT_BASE_MEMORY_TOP, "base memory", err);
	params = (struct boot_params *)(low + KT_BOOT_PARAMS_GPA);
	memset(params, 0, sizeof(*params));
	read_header(kernel, &params->hdr);
	params->hdr.type_of_loader = LOADER_UNDEFINED;
	params->hdr.cmd_line_ptr = KT_CMDLINE_GPA;
	params->hdr.ramdisk_image = (uint32_t)data->initrd_gpa;
	params->hdr.ramdisk_size = (uint32_t)data->initrd_bytes;
	params->acpi_rsdp_addr = KT_ACPI_GPA;
	fill_e820(params, memory);
	memcpy(low + KT_CMDLINE_GPA, data->cmdline, strlen(data->cmdline) + 1);
	memcpy(low + KT_BOOT_GDT_GPA, boot_gdt, sizeof(boot_gdt));
	fill_page_tables((uint64_t *)(low + KT_BOOT_PAGE_TABLES_GPA));
	return 0;
}

#define CR0_PE   (1ULL << 0)
#define CR0_ET   (1ULL << 4)
#define CR0_NE   (1ULL << 5)
#define CR0_PG   (1ULL << 31)
#define CR4_PAE  (1ULL << 5)
#define EFER_LME (1ULL << 8)
#define EFER_LMA (1ULL << 10)

void kt_boot_registers(uint64_t entry, struct kvm_sregs *sregs,
		       struct kvm_regs *regs)
{
	struct kvm_segment code = {
		.limit = 0xffffffff,
		.selector = BOOT_CS,
		.type = 0xb, /* execute, read, accessed */
		.present = 1,
		.s = 1,
		.l = 1,
		.g = 1,
	};
	struct kvm_segment data = {
		.limit = 0xffffffff,
		.selector = BOOT_DS,
		.type = 0x3, /* read, write, accessed */
		.present = 1,
		.s = 1,
		.db = 1,
		.g = 1,
	};

	sregs->cs = code;
	sregs->ds = sregs->es = sregs->fs = sregs->gs = sregs->ss = data;
	sregs->gdt.base = KT_BOOT_GDT_GPA;
	sregs->gdt.limit = sizeof(boot_gdt) - 1;
	sregs->cr0 = CR0_PE | CR0_ET | CR0_NE | CR0_PG;
	sregs->cr3 = KT_BOOT_PAGE_TABLES_GPA;
	sregs->cr4 = CR4_PAE;
	sregs->efer = EFER_LME | EFER_LMA;
	*regs = (struct kvm_regs){
		.rip = entry,
		.rsi = KT_BOOT_PARAMS_GPA,
		.rflags = 0x2, /* the bit that is always set */
	};
}
