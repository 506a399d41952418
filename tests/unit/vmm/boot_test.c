// SPDX-License-Identifier: GPL-2.0-only
#include <asm/bootparam.h>
#include <errno.h>
#include <linux/kvm.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/macro.h"
#include "messages.h"
#include "vmm/memory.h"
#include "vmm/x86_64/boot.h"
#include "vmm/x86_64/layout.h"

#define KERNEL_GPA   0x1000000ULL
#define KERNEL_BYTES 0x3000

/* A machine of 64 MiB and an unpacked kernel of three pages. */
struct fixture {
	struct kt_vm_memory memory;
	struct kt_guest_memory view;
	struct kt_kernel kernel;
};

static int set_up(void **state)
{
	const uint64_t nodes[] = { 48 * KT_MIB, 16 * KT_MIB };
	struct fixture *f = calloc(1, sizeof(*f));
	uint8_t *code = malloc(KERNEL_BYTES);

	assert_non_null(f);
	assert_non_null(code);
	memset(code, 0xcc, KERNEL_BYTES);
	assert_int_equal(kt_vm_memory_init(&f->memory, nodes, 2, NULL), 0);
	f->view = kt_vm_memory_view(&f->memory);
	f->kernel = (struct kt_kernel){
		.elf_fd = memfd_create("kernel", MFD_CLOEXEC),
		.elf_bytes = KERNEL_BYTES,
		.entry = KERNEL_GPA,
		.segments = { { .gpa = KERNEL_GPA,
				.file_offset = 0x1000,
				.file_bytes = 0x2000,
				.memory_bytes = 0x4000 } },
		.n_segments = 1,
		.why_not_unpacked = "unknown compression",
	};
	assert_int_equal(kt_write_all(f->kernel.elf_fd, code, KERNEL_BYTES), 0);
	f->kernel.elf = code;
	*state = f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	close(f->kernel.elf_fd);
	free((void *)f->kernel.elf);
	free((void *)f->kernel.bzimage);
	kt_vm_memory_deinit(&f->memory);
	free(f);
	return 0;
}

/* Gives the kernel a bzImage around it, as most have. */
static struct setup_header *add_bzimage(struct fixture *f)
{
	uint8_t *image = calloc(1, 0x4000);
	struct setup_header *header = (struct setup_header *)(image + 0x1f1);

	assert_non_null(image);
	image[0x201] = 0x6a;
	header->setup_sects = 3;
	header->boot_flag = 0xaa55;
	header->header = 0x53726448;
	header->version = 0x20f;
	header->xloadflags = XLF_KERNEL_64;
	header->initrd_addr_max = 0x7fffffff;
	header->cmdline_size = 2047;
	header->pref_address = KERNEL_GPA;
	header->init_size = 0x800000;
	memset(image + 4 * 512, 0xee, 0x4000 - 4 * 512);
	f->kernel.bzimage = image;
	f->kernel.bzimage_bytes = 0x4000;
	return header;
}

static void an_elf_kernel_lies_where_its_segments_say(void **state)
{
	struct fixture *f = *state;
	struct kt_boot_kernel plan;

	assert_int_equal(kt_boot_plan(&f->kernel, &plan, NULL), 0);
	assert_true(plan.entry == KERNEL_GPA);
	assert_true(plan.start == KERNEL_GPA);
	assert_true(plan.end == KERNEL_GPA + 0x4000);
	assert_true(plan.initrd_max == 0x7fffffff);
	assert_int_equal(plan.cmdline_max, 2047);
	assert_int_equal(kt_boot_load_kernel(&f->kernel, &plan, &f->view, NULL),
			 0);
	assert_int_equal(f->memory.base[KERNEL_GPA], 0xcc);
	assert_int_equal(f->memory.base[KERNEL_GPA + 0x1fff], 0xcc);
	assert_int_equal(f->memory.base[KERNEL_GPA + 0x2000], 0);
}

static void holes_of_an_elf_kernel_are_left_alone(void **state)
{
	struct fixture *f = *state;
	struct kt_boot_kernel plan;
	uint8_t *at = f->memory.base + KERNEL_GPA;

	/* The segment's second page becomes a hole, which then ends the file. */
	assert_int_equal(ftruncate(f->kernel.elf_fd, 0x2000), 0);
	assert_int_equal(ftruncate(f->kernel.elf_fd, KERNEL_BYTES), 0);
	at[0x1000] = 0x55;
	assert_int_equal(kt_boot_plan(&f->kernel, &plan, NULL), 0);
	assert_int_equal(kt_boot_load_kernel(&f->kernel, &plan, &f->view, NULL),
			 0);
	assert_int_equal(at[0xfff], 0xcc);
	assert_int_equal(at[0x1000], 0x55);

	/* And in front of data. */
	at[0x1000] = 0;
	at[0] = 0x55;
	assert_int_equal(ftruncate(f->kernel.elf_fd, 0x1000), 0);
	assert_int_equal(ftruncate(f->kernel.elf_fd, 0x2000), 0);
	assert_int_equal(
		kt_pwrite_all(f->kernel.elf_fd, f->kernel.elf, 0x1000, 0x2000),
		0);
	assert_int_equal(kt_boot_load_kernel(&f->kernel, &plan, &f->view, NULL),
			 0);
	assert_int_equal(at[0], 0x55);
	assert_int_equal(at[0x1000], 0xcc);
	assert_int_equal(at[0x1fff], 0xcc);
	assert_int_equal(at[0x2000], 0);
}

static void an_elf_kernel_that_was_cut_off_meanwhile_is_refused(void **state)
{
	struct fixture *f = *state;
	struct kt_boot_kernel plan;
	struct ktstr_error err = {};

	assert_int_equal(kt_boot_plan(&f->kernel, &plan, NULL), 0);
	assert_int_equal(ftruncate(f->kernel.elf_fd, KERNEL_BYTES - 1), 0);
	assert_int_equal(kt_boot_load_kernel(&f->kernel, &plan, &f->view, &err),
			 -ENODATA);
	assert_contains(err.message, "cannot read the unpacked kernel");
	message_seen(err.message);
}

static void a_kernel_outside_of_low_memory_is_refused(void **state)
{
	struct fixture *f = *state;
	struct kt_boot_kernel plan;
	struct ktstr_error err = {};

	f->kernel.segments[0].gpa = 0x1000;
	f->kernel.entry = 0x1000;
	assert_int_equal(kt_boot_plan(&f->kernel, &plan, &err), -ENOEXEC);
	assert_contains(err.message, "0x1000 to 0x5000");
	message_seen(err.message);

	f->kernel.segments[0].gpa = KERNEL_GPA;
	f->kernel.entry = KERNEL_GPA + 0x4000;
	assert_int_equal(kt_boot_plan(&f->kernel, &plan, &err), -ENOEXEC);

	f->kernel.n_segments = 0;
	assert_int_equal(kt_boot_plan(&f->kernel, &plan, &err), -ENOEXEC);
}

static void a_bzimage_that_was_not_unpacked_enters_at_0x200(void **state)
{
	struct fixture *f = *state;
	struct kt_boot_kernel plan;

	add_bzimage(f);
	free((void *)f->kernel.elf);
	f->kernel.elf = NULL;
	assert_int_equal(kt_boot_plan(&f->kernel, &plan, NULL), 0);
	assert_true(plan.start == KERNEL_GPA);
	assert_true(plan.entry == KERNEL_GPA + 0x200);
	assert_true(plan.end == KERNEL_GPA + 0x800000);
	assert_int_equal(kt_boot_load_kernel(&f->kernel, &plan, &f->view, NULL),
			 0);
	assert_int_equal(f->memory.base[KERNEL_GPA], 0xee);
	assert_int_equal(f->memory.base[KERNEL_GPA + 0x4000 - 4 * 512 - 1], 0xee);
}

static void a_kernel_without_a_64_bit_entry_says_why_it_has_none(void **state)
{
	struct fixture *f = *state;
	struct kt_boot_kernel plan;
	struct ktstr_error err = {};

	add_bzimage(f)->xloadflags = 0;
	free((void *)f->kernel.elf);
	f->kernel.elf = NULL;
	assert_int_equal(kt_boot_plan(&f->kernel, &plan, &err), -ENOEXEC);
	assert_contains(err.message, "unknown compression");
	message_seen(err.message);
}

static void a_kernel_larger_than_memory_says_how_much_it_wants(void **state)
{
	struct fixture *f = *state;
	struct kt_boot_kernel plan;
	struct ktstr_error err = {};

	f->kernel.segments[0].memory_bytes = 64 * KT_MIB;
	assert_int_equal(kt_boot_plan(&f->kernel, &plan, NULL), 0);
	assert_int_equal(kt_boot_load_kernel(&f->kernel, &plan, &f->view, &err),
			 -ENOSPC);
	assert_contains(err.message, "81 MiB");
	assert_contains(err.message, "of 64 MiB");
	assert_contains(err.message, "give it more (memory_mib, --memory)");
	message_seen(err.message);
}

/* The first node ends at 48 MiB, the second begins there. */
static void a_kernel_may_lie_across_nodes(void **state)
{
	struct fixture *f = *state;
	const uint64_t border = 48 * KT_MIB;
	struct kt_boot_kernel plan;

	f->kernel.segments[0].gpa = border - 0x1000;
	f->kernel.entry = border - 0x1000;
	assert_int_equal(kt_boot_plan(&f->kernel, &plan, NULL), 0);
	assert_int_equal(kt_boot_check_room(&plan, &f->view, NULL), 0);
	assert_int_equal(kt_boot_load_kernel(&f->kernel, &plan, &f->view, NULL),
			 0);
	for (uint64_t at = 0; at < 0x2000; at++)
		assert_int_equal(f->memory.base[border - 0x1000 + at], 0xcc);
	assert_int_equal(f->memory.base[border + 0x1000], 0);
}

static void memory_behind_a_hole_is_no_room(void **state)
{
	struct fixture *f = *state;
	const struct kt_memory_region apart[] = {
		{ .gpa = 0, .size_bytes = 18 * KT_MIB },
		{ .gpa = 19 * KT_MIB, .size_bytes = 64 * KT_MIB },
	};
	const struct kt_guest_memory memory = { apart, KT_ARRAY_SIZE(apart),
					       NULL };
	struct kt_boot_kernel plan;
	struct ktstr_error err = {};
	uint64_t gpa;

	f->kernel.segments[0].memory_bytes = KT_MIB;
	assert_int_equal(kt_boot_plan(&f->kernel, &plan, NULL), 0);
	assert_int_equal(
		kt_boot_place_initrd(&plan, &memory, 2 * KT_MIB, &gpa, &err),
		-ENOSPC);
	assert_contains(err.message,
			"of 82 MiB, of which 82 MiB lie below 3 GiB");
	message_seen(err.message);
	plan.end = 20 * KT_MIB;
	assert_int_equal(kt_boot_check_room(&plan, &memory, &err), -ENOSPC);
}

static void the_initramfs_goes_as_high_as_it_may(void **state)
{
	struct fixture *f = *state;
	struct kt_boot_kernel plan;
	uint64_t gpa;

	assert_int_equal(kt_boot_plan(&f->kernel, &plan, NULL), 0);
	/* The second node ends there, right behind the first. */
	assert_int_equal(
		kt_boot_place_initrd(&plan, &f->view, 0x1000, &gpa, NULL), 0);
	assert_true(gpa == 62 * KT_MIB);
	plan.initrd_max = 32 * KT_MIB - 1;
	assert_int_equal(
		kt_boot_place_initrd(&plan, &f->view, 0x1000, &gpa, NULL), 0);
	assert_true(gpa == 30 * KT_MIB);
}

static void a_tight_initramfs_gives_up_its_alignment(void **state)
{
	struct fixture *f = *state;
	struct kt_boot_kernel plan;
	uint64_t gpa, room;

	assert_int_equal(kt_boot_plan(&f->kernel, &plan, NULL), 0);
	room = 64 * KT_MIB - plan.end;
	assert_int_equal(kt_boot_place_initrd(&plan, &f->view, room, &gpa, NULL),
			 0);
	assert_true(gpa == plan.end);
}

static void an_initramfs_without_room_is_refused(void **state)
{
	struct fixture *f = *state;
	struct kt_boot_kernel plan;
	struct ktstr_error err = {};
	uint64_t gpa;

	assert_int_equal(kt_boot_plan(&f->kernel, &plan, NULL), 0);
	assert_int_equal(kt_boot_place_initrd(&plan, &f->view,
					      64 * KT_MIB - plan.end + 1, &gpa,
					      &err),
			 -ENOSPC);
	assert_contains(err.message, "the initramfs");
	assert_contains(err.message, "give it more (memory_mib, --memory)");
	message_seen(err.message);
	assert_int_equal(
		kt_boot_place_initrd(&plan, &f->view, UINT64_MAX, &gpa, &err),
		-ENOSPC);
}

static const struct boot_params *write_data(struct fixture *f, const char *cmdline)
{
	const struct kt_boot_data data = { .cmdline = cmdline,
					   .initrd_gpa = 32 * KT_MIB,
					   .initrd_bytes = 12345 };
	struct kt_boot_kernel plan;

	assert_int_equal(kt_boot_plan(&f->kernel, &plan, NULL), 0);
	assert_int_equal(
		kt_boot_write_data(&f->kernel, &plan, &data, &f->view, NULL), 0);
	return (const struct boot_params *)(f->memory.base + KT_BOOT_PARAMS_GPA);
}

static void the_zero_page_says_where_everything_is(void **state)
{
	struct fixture *f = *state;
	const struct boot_params *p = write_data(f, "console=ttyS0");

	assert_int_equal(p->hdr.boot_flag, 0xaa55);
	assert_int_equal(p->hdr.header, 0x53726448);
	assert_int_equal(p->hdr.type_of_loader, 0xff);
	assert_int_equal(p->hdr.ramdisk_image, 32 * KT_MIB);
	assert_int_equal(p->hdr.ramdisk_size, 12345);
	assert_int_equal(p->hdr.cmd_line_ptr, KT_CMDLINE_GPA);
	assert_true(p->acpi_rsdp_addr == KT_ACPI_GPA);
	assert_int_equal(p->sentinel, 0);
	assert_string_equal((char *)f->memory.base + KT_CMDLINE_GPA,
			    "console=ttyS0");
}

static void the_memory_map_names_ram_and_reserved_stretches(void **state)
{
	struct fixture *f = *state;
	const struct boot_params *p = write_data(f, "");
	static const struct boot_e820_entry expected[] = {
		{ 0, KT_BASE_MEMORY_END, 1 },
		{ KT_BASE_MEMORY_END, KT_BASE_MEMORY_TOP - KT_BASE_MEMORY_END, 2 },
		{ KT_ACPI_GPA, KT_ACPI_END - KT_ACPI_GPA, 2 },
		/* Two nodes that touch make one entry. */
		{ KT_HIGH_MEMORY_GPA, 63 * KT_MIB, 1 },
	};

	assert_int_equal(p->e820_entries, KT_ARRAY_SIZE(expected));
	assert_memory_equal(p->e820_table, expected, sizeof(expected));
}

static void the_header_of_a_bzimage_is_passed_on(void **state)
{
	struct fixture *f = *state;
	struct setup_header *header = add_bzimage(f);
	const struct boot_params *p;

	header->version = 0x20d;
	header->kernel_alignment = 0x200000;
	p = write_data(f, "");
	assert_int_equal(p->hdr.version, 0x20d);
	assert_int_equal(p->hdr.kernel_alignment, 0x200000);
	assert_int_equal(p->hdr.init_size, 0x800000);
}

static void page_tables_map_four_gib_to_themselves(void **state)
{
	struct fixture *f = *state;
	const uint64_t *pml4, *pdpt, *pd;

	write_data(f, "");
	pml4 = (const uint64_t *)(f->memory.base + KT_BOOT_PAGE_TABLES_GPA);
	pdpt = (const uint64_t *)(f->memory.base + (pml4[0] & ~0xfffULL));
	for (uint64_t gpa = 0; gpa < 4 * KT_GIB; gpa += 2 * KT_MIB) {
		pd = (const uint64_t *)(f->memory.base +
					(pdpt[gpa >> 30] & ~0xfffULL));
		assert_true(pd[gpa >> 21 & 511] == (gpa | 0x83));
	}
	assert_true(pml4[1] == 0);
}

static void a_long_command_line_is_refused(void **state)
{
	struct fixture *f = *state;
	struct kt_boot_data data = {};
	struct kt_boot_kernel plan;
	struct ktstr_error err = {};
	char line[2050];

	memset(line, 'x', sizeof(line));
	line[2047] = '\0';
	data.cmdline = line;
	assert_int_equal(kt_boot_plan(&f->kernel, &plan, NULL), 0);
	assert_int_equal(
		kt_boot_write_data(&f->kernel, &plan, &data, &f->view, NULL), 0);
	line[2047] = 'x';
	line[2048] = '\0';
	assert_int_equal(
		kt_boot_write_data(&f->kernel, &plan, &data, &f->view, &err),
		-EINVAL);
	assert_contains(err.message, "2048 bytes long");
	assert_contains(err.message, "takes 2047");
	message_seen(err.message);
}

static void the_first_cpu_starts_in_long_mode(void **state)
{
	struct kvm_sregs sregs = {};
	struct kvm_regs regs;

	(void)state;
	kt_boot_registers(0x1234000, &sregs, &regs);
	assert_true(regs.rip == 0x1234000);
	assert_true(regs.rsi == KT_BOOT_PARAMS_GPA);
	assert_true(regs.rflags == 2);
	assert_int_equal(sregs.cs.selector, 0x10);
	assert_int_equal(sregs.cs.l, 1);
	assert_int_equal(sregs.ds.selector, 0x18);
	assert_true(sregs.cr3 == KT_BOOT_PAGE_TABLES_GPA);
	assert_true(sregs.cr0 & 1u << 31);
	assert_true(sregs.efer == 0x500);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(an_elf_kernel_lies_where_its_segments_say),
		TEST(holes_of_an_elf_kernel_are_left_alone),
		TEST(an_elf_kernel_that_was_cut_off_meanwhile_is_refused),
		TEST(a_kernel_outside_of_low_memory_is_refused),
		TEST(a_bzimage_that_was_not_unpacked_enters_at_0x200),
		TEST(a_kernel_without_a_64_bit_entry_says_why_it_has_none),
		TEST(a_kernel_larger_than_memory_says_how_much_it_wants),
		TEST(a_kernel_may_lie_across_nodes),
		TEST(memory_behind_a_hole_is_no_room),
		TEST(the_initramfs_goes_as_high_as_it_may),
		TEST(a_tight_initramfs_gives_up_its_alignment),
		TEST(an_initramfs_without_room_is_refused),
		TEST(the_zero_page_says_where_everything_is),
		TEST(the_memory_map_names_ram_and_reserved_stretches),
		TEST(the_header_of_a_bzimage_is_passed_on),
		TEST(page_tables_map_four_gib_to_themselves),
		TEST(a_long_command_line_is_refused),
		TEST(the_first_cpu_starts_in_long_mode),
		messages_test("vmm_boot"),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
