// SPDX-License-Identifier: GPL-2.0-only
#include "vmm/x86_64/acpi_aml.h"
#include "vmm/x86_64/acpi_table.h"
#include "vmm/x86_64/layout.h"

/*
 * A virtio-mmio transport. LNRO0005 is the id that Linux's virtio_mmio driver
 * and QEMU agreed upon; stock kernels are built without the alternative, the
 * driver's `device=` parameter.
 */
static void add_virtio(struct kt_strbuf *sb, uint32_t n)
{
	const char name[] = {'V', 'I', 'O', (char)('0' + n), '\0'};
	size_t device = kt_aml_device_begin(sb, name);
	size_t resources;

	kt_aml_name_string(sb, "_HID", "LNRO0005");
	kt_aml_name_integer(sb, "_UID", n);
	resources = kt_aml_resources_begin(sb);
	kt_aml_memory(sb, (uint32_t)KT_VIRTIO_WINDOW_GPA(n), KT_VIRTIO_BYTES);
	kt_aml_interrupt(sb, KT_VIRTIO_GSI(n));
	kt_aml_resources_end(sb, resources);
	kt_aml_end(sb, device);
}

/* A 16550. */
static void add_serial(struct kt_strbuf *sb, const char *name, uint32_t uid,
		       uint16_t port, uint8_t irq)
{
	size_t device = kt_aml_device_begin(sb, name);
	size_t resources;

	kt_aml_name_eisa_id(sb, "_HID", "PNP0501");
	kt_aml_name_integer(sb, "_UID", uid);
	resources = kt_aml_resources_begin(sb);
	kt_aml_ports(sb, port, KT_COM_PORTS);
	kt_aml_irq(sb, irq);
	kt_aml_resources_end(sb, resources);
	kt_aml_end(sb, device);
}

size_t kt_acpi_add_dsdt(struct kt_strbuf *sb, uint32_t n_virtio)
{
	const uint8_t sleep_types[] = {KT_SLEEP_TYPE_S5, 0, 0, 0};
	size_t at = kt_acpi_table_begin(sb, "DSDT", 2);
	size_t scope;

	kt_aml_name_package(sb, "_S5_", sleep_types, sizeof(sleep_types));
	scope = kt_aml_scope_begin(sb, "_SB_");
	add_serial(sb, "COM1", 1, KT_COM1_PORT, KT_COM1_IRQ);
	add_serial(sb, "COM2", 2, KT_COM2_PORT, KT_COM2_IRQ);
	for (uint32_t n = 0; n < n_virtio; n++)
		add_virtio(sb, n);
	kt_aml_end(sb, scope);
	kt_acpi_table_end(sb, at);
	return at;
}
