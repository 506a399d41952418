/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

/*
 * An 82093AA IOAPIC for the split irqchip, where KVM keeps local APICs only.
 * It never delivers anything itself: each redirection entry is turned into the
 * message-signalled interrupt that it stands for, and KVM's irqfds send that.
 * Destinations take 15 bits, the upper seven in bits 49 to 55 of an entry, as
 * KVM_FEATURE_MSI_EXT_DEST_ID tells the guest.
 */

#include <stddef.h>
#include <stdint.h>

#include "device/device.h"
#include "vmm/kvm_vm.h"
#include "vmm/x86_64/layout.h"

struct kt_ioapic;

/*
 * `route` gets all pins' messages whenever one has changed, from the vCPU
 * thread that changed it and one call at a time; address 0 is a masked pin.
 */
int kt_ioapic_create(void (*route)(void *userdata, const struct kt_msi *msis,
				   size_t n_msis),
		     void *userdata, struct kt_ioapic **ret);
/* NULL is fine. */
void kt_ioapic_destroy(struct kt_ioapic *ioapic);

/* KVM saw the guest acknowledge this level-triggered vector. */
void kt_ioapic_eoi(struct kt_ioapic *ioapic, uint8_t vector);

/* The `device` is a struct kt_ioapic, the range KT_IOAPIC_BYTES long. */
extern const struct kt_device_ops kt_ioapic_ops;

/* The message that a redirection entry stands for. Pure. */
struct kt_msi kt_ioapic_message(uint64_t entry);
