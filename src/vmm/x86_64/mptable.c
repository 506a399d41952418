// SPDX-License-Identifier: GPL-2.0-only
#include <string.h>

#include "base/macro.h"
#include "vmm/x86_64/apic_id.h"
#include "vmm/x86_64/mptable.h"

#define SPEC_REVISION  4 /* 1.4 */
#define ISA_BUS        0
#define ISA_IRQS       16
#define LAPIC_VERSION  0x14
#define IOAPIC_VERSION 0x11
#define ALL_LAPICS     0xff

/* Chapter 4: the structures as they lie in memory. */
struct mp_pointer {
	char signature[4];
	uint32_t table_gpa;
	uint8_t paragraphs; /* of 16 bytes, of this structure */
	uint8_t revision;
	uint8_t checksum;
	uint8_t features[5]; /* all zero: a table, no PIC mode */
} KT_PACKED;

struct mp_header {
	char signature[4];
	uint16_t bytes;
	uint8_t revision;
	uint8_t checksum;
	char oem_id[8];
	char product_id[12];
	uint32_t oem_table;
	uint16_t oem_table_bytes;
	uint16_t n_entries;
	uint32_t lapic_gpa;
	uint16_t extended_bytes;
	uint8_t extended_checksum;
	uint8_t reserved;
} KT_PACKED;

enum mp_entry_type {
	MP_PROCESSOR,
	MP_BUS,
	MP_IOAPIC,
	MP_IO_INTERRUPT,
	MP_LOCAL_INTERRUPT,
};

struct mp_processor {
	uint8_t type;
	uint8_t apic_id;
	uint8_t apic_version;
	uint8_t flags;
	uint32_t signature; /* family 6 */
	uint32_t features;
	uint32_t reserved[2];
} KT_PACKED;

#define MP_CPU_ENABLED  (1 << 0)
#define MP_CPU_BOOT     (1 << 1)
#define MP_CPU_FAMILY_6 0x600u
#define MP_CPU_FPU_APIC (1u << 0 | 1u << 9)

struct mp_bus {
	uint8_t type;
	uint8_t id;
	char name[6];
} KT_PACKED;

struct mp_ioapic {
	uint8_t type;
	uint8_t id;
	uint8_t version;
	uint8_t flags;
	uint32_t gpa;
} KT_PACKED;

/* Of both kinds; polarity and trigger are the bus's own: edge, high. */
struct mp_interrupt {
	uint8_t type;
	uint8_t kind;
	uint16_t flags;
	uint8_t bus;
	uint8_t irq;
	uint8_t apic_id;
	uint8_t pin;
} KT_PACKED;

enum mp_interrupt_kind {
	MP_INT = 0,
	MP_NMI = 1,
	MP_EXTINT = 3,
};

struct writer {
	uint8_t *buffer;
	size_t bytes;
	uint16_t n_entries;
};

static void add(struct writer *w, const void *entry, size_t bytes)
{
	memcpy(w->buffer + w->bytes, entry, bytes);
	w->bytes += bytes;
	w->n_entries++;
}

static void add_interrupt(struct writer *w, enum mp_entry_type type,
			  enum mp_interrupt_kind kind, uint8_t irq,
			  uint8_t apic_id, uint8_t pin)
{
	const struct mp_interrupt entry = {
		.type = (uint8_t)type,
		.kind = (uint8_t)kind,
		.bus = ISA_BUS,
		.irq = irq,
		.apic_id = apic_id,
		.pin = pin,
	};

	add(w, &entry, sizeof(entry));
}

static void add_entries(struct writer *w, const struct kt_topology *topology)
{
	const struct mp_bus bus = {MP_BUS, ISA_BUS, "ISA   "};
	const struct mp_ioapic ioapic = {MP_IOAPIC, KT_IOAPIC_ID,
					 IOAPIC_VERSION, 1, KT_IOAPIC_GPA};

	for (uint32_t cpu = 0; cpu < topology->n_cpus; cpu++) {
		const struct mp_processor entry = {
			.type = MP_PROCESSOR,
			.apic_id = (uint8_t)kt_apic_id(topology, cpu),
			.apic_version = LAPIC_VERSION,
			.flags = MP_CPU_ENABLED | (cpu == 0 ? MP_CPU_BOOT : 0),
			.signature = MP_CPU_FAMILY_6,
			.features = MP_CPU_FPU_APIC,
		};

		add(w, &entry, sizeof(entry));
	}
	add(w, &bus, sizeof(bus));
	add(w, &ioapic, sizeof(ioapic));

	/* IRQ 2 is the second PIC's way to the first: nothing of its own. */
	for (uint8_t irq = 0; irq < ISA_IRQS; irq++) {
		if (irq == KT_PIT_GSI)
			continue;
		add_interrupt(w, MP_IO_INTERRUPT, MP_INT, irq, KT_IOAPIC_ID,
			      irq == 0 ? KT_PIT_GSI : irq);
	}
	add_interrupt(w, MP_LOCAL_INTERRUPT, MP_EXTINT, 0, ALL_LAPICS, 0);
	add_interrupt(w, MP_LOCAL_INTERRUPT, MP_NMI, 0, ALL_LAPICS, 1);
}

static uint8_t checksum(const void *data, size_t bytes)
{
	const uint8_t *p = data;
	uint8_t sum = 0;

	while (bytes--)
		sum = (uint8_t)(sum + *p++);
	return (uint8_t)-sum;
}

/* 255 CPUs are the most there can be; all entries then take 5.4 KiB. */
_Static_assert(sizeof(struct mp_header) +
			       KT_APIC_ID_X2APIC * sizeof(struct mp_processor) +
			       sizeof(struct mp_bus) + sizeof(struct mp_ioapic) +
			       (ISA_IRQS + 1) * sizeof(struct mp_interrupt) <=
		       KT_MP_TABLE_BYTES,
	       "the table ends below the pointer");

bool kt_mptable_write(const struct kt_topology *topology, uint8_t *buffer)
{
	struct writer w = {buffer, sizeof(struct mp_header), 0};
	struct mp_header header = {
		.signature = {'P', 'C', 'M', 'P'},
		.revision = SPEC_REVISION,
		.oem_id = {'K', 'T', 'S', 'T', 'R', ' ', ' ', ' '},
		.product_id = {'K', 'T', 'S', 'T', 'R', 'V', 'M', ' ', ' ', ' ',
			       ' ', ' '},
		.lapic_gpa = KT_LAPIC_GPA,
	};
	struct mp_pointer pointer = {
		.signature = {'_', 'M', 'P', '_'},
		.table_gpa = KT_MP_TABLE_GPA,
		.paragraphs = 1,
		.revision = SPEC_REVISION,
	};

	if (kt_apic_id_max(topology) >= KT_APIC_ID_X2APIC)
		return false;

	memset(buffer, 0, KT_MP_BYTES);
	add_entries(&w, topology);
	header.bytes = (uint16_t)w.bytes;
	header.n_entries = w.n_entries;
	memcpy(buffer, &header, sizeof(header));
	header.checksum = checksum(buffer, w.bytes);
	memcpy(buffer, &header, sizeof(header));

	pointer.checksum = checksum(&pointer, sizeof(pointer));
	memcpy(buffer + (KT_MP_POINTER_GPA - KT_MP_TABLE_GPA), &pointer,
	       sizeof(pointer));
	return true;
}
