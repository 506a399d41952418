// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "vmm/x86_64/acpi_table.h"
#include "vmm/x86_64/apic_id.h"
#include "vmm/x86_64/layout.h"

#define RSDP_BYTES 36

/* FADT flags, ACPI 6.3 table 5-35 */
#define FADT_WBINVD          (1u << 0)
#define FADT_NO_PWR_BUTTON   (1u << 4) /* none of the fixed kind */
#define FADT_NO_SLP_BUTTON   (1u << 5)
#define FADT_NO_FIXED_RTC    (1u << 6)
#define FADT_RESET_REG_SUP   (1u << 10)
#define FADT_HEADLESS        (1u << 12)
#define FADT_HW_REDUCED_ACPI (1u << 20)

/* What an x86 PC lacks here, table 5-36 */
#define BOOT_VGA_NOT_PRESENT (1u << 2)
#define BOOT_NO_PCIE_ASPM    (1u << 4)
#define BOOT_CMOS_RTC_ABSENT (1u << 5)

/* MADT entries, section 5.2.12 */
#define MADT_LAPIC           0
#define MADT_IOAPIC          1
#define MADT_INT_OVERRIDE    2
#define MADT_LAPIC_NMI       4
#define MADT_X2APIC          9
#define MADT_X2APIC_NMI      0xa
#define MADT_ENABLED         1u
#define MADT_ALL_UIDS        0xffu
#define MADT_ALL_X2APIC_UIDS 0xffffffffu
#define MADT_LINT1           1

/* A generic address of one byte in I/O space, section 5.2.3.2. */
static void add_port(struct kt_strbuf *sb, uint16_t port)
{
	kt_acpi_add8(sb, 1); /* system I/O */
	kt_acpi_add8(sb, 8); /* bits wide */
	kt_acpi_add8(sb, 0); /* bit offset */
	kt_acpi_add8(sb, 1); /* byte access */
	kt_acpi_add64(sb, port);
}

static void add_no_register(struct kt_strbuf *sb)
{
	kt_acpi_add_zeros(sb, 12);
}

/* Section 5.2.9; what hardware-reduced machines do not have is zero. */
static size_t add_fadt(struct kt_strbuf *sb, uint64_t dsdt_gpa)
{
	size_t at = kt_acpi_table_begin(sb, "FACP", 6);

	kt_acpi_add32(sb, 0); /* FACS */
	kt_acpi_add32(sb, (uint32_t)dsdt_gpa);
	kt_acpi_add8(sb, 0);
	kt_acpi_add8(sb, 0); /* preferred power profile: none */
	kt_acpi_add16(sb, KT_SCI_GSI);
	/* SMI command to RTC century: registers and delays that are not. */
	kt_acpi_add_zeros(sb, 109 - 48);
	kt_acpi_add16(sb, BOOT_VGA_NOT_PRESENT | BOOT_NO_PCIE_ASPM |
				  BOOT_CMOS_RTC_ABSENT);
	kt_acpi_add8(sb, 0);
	kt_acpi_add32(sb, FADT_WBINVD | FADT_NO_PWR_BUTTON | FADT_NO_SLP_BUTTON |
				  FADT_NO_FIXED_RTC | FADT_RESET_REG_SUP |
				  FADT_HEADLESS | FADT_HW_REDUCED_ACPI);
	add_port(sb, KT_I8042_STATUS);
	kt_acpi_add8(sb, KT_I8042_RESET);
	kt_acpi_add16(sb, 0); /* ARM boot flags */
	kt_acpi_add8(sb, 3);  /* minor version: 6.3 */
	kt_acpi_add64(sb, 0); /* FACS */
	kt_acpi_add64(sb, dsdt_gpa);
	/* PM1a and b event, PM1a and b control, PM2, PM timer, GPE 0 and 1 */
	for (int i = 0; i < 8; i++)
		add_no_register(sb);
	add_port(sb, KT_SLEEP_CONTROL_PORT);
	add_port(sb, KT_SLEEP_STATUS_PORT);
	kt_strbuf_add_bytes(sb, "KTSTR\0\0\0", 8); /* hypervisor */
	kt_acpi_table_end(sb, at);
	return at;
}

static void add_madt_cpu(struct kt_strbuf *sb, uint32_t uid, uint32_t apic_id)
{
	if (apic_id < KT_APIC_ID_X2APIC) {
		kt_acpi_add8(sb, MADT_LAPIC);
		kt_acpi_add8(sb, 8);
		kt_acpi_add8(sb, (uint8_t)uid);
		kt_acpi_add8(sb, (uint8_t)apic_id);
		kt_acpi_add32(sb, MADT_ENABLED);
	} else {
		kt_acpi_add8(sb, MADT_X2APIC);
		kt_acpi_add8(sb, 16);
		kt_acpi_add16(sb, 0);
		kt_acpi_add32(sb, apic_id);
		kt_acpi_add32(sb, MADT_ENABLED);
		kt_acpi_add32(sb, uid);
	}
}

/*
 * Section 5.2.12. CPUs come in the order of their numbers: Linux numbers them
 * as they come. A UID is the CPU's number; below APIC id 255 it fits a byte,
 * since no CPU's number is larger than its id.
 */
static size_t add_madt(struct kt_strbuf *sb, const struct kt_topology *topology)
{
	size_t at = kt_acpi_table_begin(sb, "APIC", 5);

	kt_acpi_add32(sb, KT_LAPIC_GPA);
	kt_acpi_add32(sb, 0); /* no 8259s */
	for (uint32_t cpu = 0; cpu < topology->n_cpus; cpu++)
		add_madt_cpu(sb, cpu, kt_apic_id(topology, cpu));

	kt_acpi_add8(sb, MADT_IOAPIC);
	kt_acpi_add8(sb, 12);
	kt_acpi_add8(sb, KT_IOAPIC_ID);
	kt_acpi_add8(sb, 0);
	kt_acpi_add32(sb, KT_IOAPIC_GPA);
	kt_acpi_add32(sb, 0); /* its first GSI */

	kt_acpi_add8(sb, MADT_INT_OVERRIDE);
	kt_acpi_add8(sb, 10);
	kt_acpi_add8(sb, 0); /* ISA */
	kt_acpi_add8(sb, 0); /* the timer's IRQ */
	kt_acpi_add32(sb, KT_PIT_GSI);
	kt_acpi_add16(sb, 0); /* polarity and trigger as the bus has them */

	kt_acpi_add8(sb, MADT_LAPIC_NMI);
	kt_acpi_add8(sb, 6);
	kt_acpi_add8(sb, MADT_ALL_UIDS);
	kt_acpi_add16(sb, 0);
	kt_acpi_add8(sb, MADT_LINT1);
	if (kt_apic_id_max(topology) >= KT_APIC_ID_X2APIC) {
		kt_acpi_add8(sb, MADT_X2APIC_NMI);
		kt_acpi_add8(sb, 12);
		kt_acpi_add16(sb, 0);
		kt_acpi_add32(sb, MADT_ALL_X2APIC_UIDS);
		kt_acpi_add8(sb, MADT_LINT1);
		kt_acpi_add_zeros(sb, 3);
	}
	kt_acpi_table_end(sb, at);
	return at;
}

/* Section 5.2.5.3; the first checksum covers what ACPI 1.0 had. */
static void fill_rsdp(struct kt_strbuf *sb, uint64_t xsdt_gpa)
{
	if (kt_strbuf_failed(sb))
		return;
	memcpy(sb->data, "RSD PTR ", 8);
	memcpy(sb->data + 9, "KTSTR ", 6);
	kt_acpi_set(sb, 15, 2, 1); /* revision */
	kt_acpi_set(sb, 20, RSDP_BYTES, 4);
	kt_acpi_set(sb, 24, xsdt_gpa, 8);
	kt_acpi_set(sb, 8, kt_acpi_checksum(sb, 0, 20), 1);
	kt_acpi_set(sb, 32, kt_acpi_checksum(sb, 0, RSDP_BYTES), 1);
}

static int refuse_size(const struct kt_topology *topology, size_t bytes,
		       size_t capacity, struct ktstr_error *err)
{
	return kt_err(err, -E2BIG,
		      "ACPI tables for %u CPUs and %u nodes take %zu bytes, but "
		      "there is room for %zu, which is enough for %u CPUs in "
		      "one node, %u CPUs in two, or %u nodes of one CPU: "
		      "declare fewer",
		      topology->n_cpus, topology->n_nodes, bytes, capacity,
		      KT_ACPI_CPUS_IN_ONE_NODE, KT_ACPI_CPUS_IN_TWO_NODES,
		      KT_ACPI_NODES);
}

int kt_acpi_check_room(const struct kt_topology *topology,
		       struct ktstr_error *err)
{
	const size_t room = KT_ACPI_END - KT_ACPI_GPA;
	size_t n = topology->n_nodes, n_regions = n + 1, bytes;
	_cleanup_free_ struct kt_memory_region *regions = NULL;
	_cleanup_free_ uint8_t *buffer = NULL;

	/* The SLIT alone: the HMAT of so many nodes takes long to make. */
	if (n * n > room)
		return refuse_size(topology, n * n, room, err);
	/* One node may lie on both sides of the hole. */
	regions = calloc(n_regions, sizeof(*regions));
	buffer = malloc(room);
	if (!regions || !buffer)
		return kt_err(err, -ENOMEM, "out of memory for ACPI tables");
	for (uint32_t i = 0; i < n; i++)
		regions[i].node = i;
	return kt_acpi_write(&(struct kt_acpi_config){ .topology = topology,
						       .regions = regions,
						       .n_regions = n_regions,
						       .n_virtio = KT_VIRTIO_MAX },
			     buffer, room, &bytes, err);
}

int kt_acpi_write(const struct kt_acpi_config *config, uint8_t *buffer,
		  size_t capacity, size_t *ret_bytes, struct ktstr_error *err)
{
	const struct kt_topology *topology = config->topology;
	_cleanup_strbuf_ struct kt_strbuf sb = {0};
	size_t tables[5], n_tables = 0, dsdt, xsdt;

	if (config->n_virtio > KT_VIRTIO_MAX)
		return kt_err(err, -EINVAL,
			      "%u virtio devices, but there is room for %d",
			      config->n_virtio, KT_VIRTIO_MAX);

	kt_acpi_add_zeros(&sb, RSDP_BYTES);
	dsdt = kt_acpi_add_dsdt(&sb, config->n_virtio);
	tables[n_tables++] = add_fadt(&sb, KT_ACPI_GPA + dsdt);
	tables[n_tables++] = add_madt(&sb, topology);
	if (topology->n_nodes > 1) {
		tables[n_tables++] = kt_acpi_add_srat(&sb, config);
		tables[n_tables++] = kt_acpi_add_slit(&sb, topology);
		tables[n_tables++] = kt_acpi_add_hmat(&sb, config);
	}
	xsdt = kt_acpi_table_begin(&sb, "XSDT", 1);
	for (size_t i = 0; i < n_tables; i++)
		kt_acpi_add64(&sb, KT_ACPI_GPA + tables[i]);
	kt_acpi_table_end(&sb, xsdt);
	fill_rsdp(&sb, KT_ACPI_GPA + xsdt);

	if (kt_strbuf_failed(&sb))
		return kt_err(err, -ENOMEM, "out of memory for ACPI tables");
	if (sb.length > capacity)
		return refuse_size(topology, sb.length, capacity, err);
	memcpy(buffer, sb.data, sb.length);
	*ret_bytes = sb.length;
	return 0;
}
