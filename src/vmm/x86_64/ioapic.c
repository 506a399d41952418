// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/macro.h"
#include "base/mutex.h"
#include "vmm/x86_64/ioapic.h"

/* Two registers are all that is mapped: an index and a window. */
#define OFFSET_SELECT 0x00
#define OFFSET_WINDOW 0x10
#define OFFSET_EOI    0x40 /* version 0x20 and up */

#define REG_ID          0x00
#define REG_VERSION     0x01
#define REG_ARBITRATION 0x02
#define REG_TABLE       0x10

#define VERSION 0x20 /* with an EOI register */

/* Redirection entry */
#define ENTRY_VECTOR      0xffULL
#define ENTRY_DELIVERY    (7ULL << 8)
#define ENTRY_LOGICAL     (1ULL << 11)
#define ENTRY_STATUS      (1ULL << 12)
#define ENTRY_REMOTE_IRR  (1ULL << 14)
#define ENTRY_LEVEL       (1ULL << 15)
#define ENTRY_MASKED      (1ULL << 16)
#define ENTRY_READ_ONLY   (ENTRY_STATUS | ENTRY_REMOTE_IRR)
#define ENTRY_DEST(e)     ((uint32_t)((e) >> 56 & 0xff))
#define ENTRY_DEST_EXT(e) ((uint32_t)((e) >> 49 & 0x7f))

/* A message, Intel SDM volume 3, 11.11 */
#define MSI_ADDRESS         0xfee00000ULL
#define MSI_DEST_SHIFT      12
#define MSI_LOGICAL         (1ULL << 2)
#define MSI_DEST_HIGH_SHIFT 32 /* KVM_X2APIC_API_USE_32BIT_IDS */
#define MSI_LEVEL           (1u << 15)
#define MSI_ASSERT          (1u << 14)

struct kt_ioapic {
	pthread_mutex_t lock;
	void (*route)(void *userdata, const struct kt_msi *msis, size_t n_msis);
	void *userdata;
	uint8_t select;
	uint8_t id;
	uint64_t entries[KT_IOAPIC_PINS];
};

struct kt_msi kt_ioapic_message(uint64_t entry)
{
	uint32_t dest = ENTRY_DEST(entry) | ENTRY_DEST_EXT(entry) << 8;
	struct kt_msi msi = {};

	if (entry & ENTRY_MASKED)
		return msi;
	msi.address = MSI_ADDRESS | (uint64_t)(dest & 0xff) << MSI_DEST_SHIFT |
		      (uint64_t)(dest & ~0xffu) << MSI_DEST_HIGH_SHIFT;
	if (entry & ENTRY_LOGICAL)
		msi.address |= MSI_LOGICAL;
	msi.data = (uint32_t)(entry & (ENTRY_VECTOR | ENTRY_DELIVERY));
	if (entry & ENTRY_LEVEL)
		msi.data |= MSI_LEVEL | MSI_ASSERT;
	return msi;
}

static void publish(struct kt_ioapic *ioapic)
{
	struct kt_msi msis[KT_IOAPIC_PINS];

	for (size_t i = 0; i < KT_IOAPIC_PINS; i++)
		msis[i] = kt_ioapic_message(ioapic->entries[i]);
	ioapic->route(ioapic->userdata, msis, KT_IOAPIC_PINS);
}

static uint32_t read_register(const struct kt_ioapic *ioapic)
{
	size_t at = ioapic->select - (size_t)REG_TABLE;
	uint64_t entry;

	switch (ioapic->select) {
	case REG_ID:
	case REG_ARBITRATION:
		return (uint32_t)ioapic->id << 24;
	case REG_VERSION:
		return VERSION | (KT_IOAPIC_PINS - 1) << 16;
	}
	if (ioapic->select < REG_TABLE || at >= 2 * KT_IOAPIC_PINS)
		return UINT32_MAX;
	entry = ioapic->entries[at / 2];
	return at % 2 ? (uint32_t)(entry >> 32) : (uint32_t)entry;
}

static void write_register(struct kt_ioapic *ioapic, uint32_t value)
{
	size_t at = ioapic->select - (size_t)REG_TABLE;
	uint64_t *entry, old;

	if (ioapic->select == REG_ID) {
		ioapic->id = value >> 24 & 0xf;
		return;
	}
	if (ioapic->select < REG_TABLE || at >= 2 * KT_IOAPIC_PINS)
		return;
	entry = &ioapic->entries[at / 2];
	old = *entry;
	if (at % 2) {
		*entry = (uint64_t)value << 32 | (uint32_t)old;
	} else {
		*entry = (old & ~0xffffffffULL) |
			 (value & ~(uint32_t)ENTRY_READ_ONLY) |
			 (old & ENTRY_READ_ONLY);
		/* An edge-triggered pin has nothing to acknowledge. */
		if (!(*entry & ENTRY_LEVEL))
			*entry &= ~ENTRY_REMOTE_IRR;
	}
	if (*entry != old)
		publish(ioapic);
}

static void ioapic_read(void *device, uint64_t offset, void *data, uint32_t length)
{
	struct kt_ioapic *ioapic = device;
	uint32_t value = 0;

	pthread_mutex_lock(&ioapic->lock);
	if (offset == OFFSET_SELECT)
		value = ioapic->select;
	else if (offset == OFFSET_WINDOW)
		value = read_register(ioapic);
	pthread_mutex_unlock(&ioapic->lock);
	memset(data, 0, length);
	memcpy(data, &value, KT_MIN(length, (uint32_t)sizeof(value)));
}

static void eoi_locked(struct kt_ioapic *ioapic, uint8_t vector)
{
	for (size_t i = 0; i < KT_IOAPIC_PINS; i++) {
		uint64_t *entry = &ioapic->entries[i];

		if (*entry & ENTRY_LEVEL && (*entry & ENTRY_VECTOR) == vector)
			*entry &= ~ENTRY_REMOTE_IRR;
	}
}

static void ioapic_write(void *device, uint64_t offset, const void *data,
			 uint32_t length)
{
	struct kt_ioapic *ioapic = device;
	uint32_t value = 0;

	memcpy(&value, data, KT_MIN(length, (uint32_t)sizeof(value)));
	pthread_mutex_lock(&ioapic->lock);
	if (offset == OFFSET_SELECT)
		ioapic->select = (uint8_t)value;
	else if (offset == OFFSET_WINDOW)
		write_register(ioapic, value);
	else if (offset == OFFSET_EOI)
		eoi_locked(ioapic, (uint8_t)value);
	pthread_mutex_unlock(&ioapic->lock);
}

const struct kt_device_ops kt_ioapic_ops = {
	.name = "ioapic",
	.read = ioapic_read,
	.write = ioapic_write,
};

void kt_ioapic_eoi(struct kt_ioapic *ioapic, uint8_t vector)
{
	pthread_mutex_lock(&ioapic->lock);
	eoi_locked(ioapic, vector);
	pthread_mutex_unlock(&ioapic->lock);
}

int kt_ioapic_create(void (*route)(void *userdata, const struct kt_msi *msis,
				   size_t n_msis),
		     void *userdata, struct kt_ioapic **ret)
{
	struct kt_ioapic *ioapic = calloc(1, sizeof(*ioapic));

	if (!ioapic)
		return -ENOMEM;
	(void)kt_mutex_init(&ioapic->lock);
	ioapic->route = route;
	ioapic->userdata = userdata;
	for (size_t i = 0; i < KT_IOAPIC_PINS; i++)
		ioapic->entries[i] = ENTRY_MASKED;
	*ret = ioapic;
	return 0;
}

void kt_ioapic_destroy(struct kt_ioapic *ioapic)
{
	if (!ioapic)
		return;
	pthread_mutex_destroy(&ioapic->lock);
	free(ioapic);
}
