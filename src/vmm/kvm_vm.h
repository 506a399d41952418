/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

/*
 * A KVM virtual machine without anything in it yet: its descriptors, memory
 * slots, interrupt controllers and routing. Documentation/virt/kvm/api.rst.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "host/kvm_caps.h"
#include "memory/guest_memory.h"

enum kt_irqchip_mode {
	KT_IRQCHIP_KERNEL, /* PIC, IOAPIC, PIT and local APICs in KVM */
	KT_IRQCHIP_SPLIT, /* local APICs in KVM, the IOAPIC ours; no PIC, PIT */
};

struct kt_kvm {
	int device_fd;
	int vm_fd;
	size_t run_bytes; /* of each vCPU's shared page(s) */
	enum kt_irqchip_mode irqchip;
	struct kt_kvm_caps caps;
};

#define KT_KVM_INIT                                                            \
	{                                                                      \
		.device_fd = -1, .vm_fd = -1                                   \
	}

/* What KVM is asked for; `highest_apic_id` decides nothing, it is checked. */
struct kt_kvm_options {
	uint32_t n_vcpus;
	uint32_t highest_apic_id;
	enum kt_irqchip_mode irqchip;
	bool limit_halt_poll;
	uint32_t halt_poll_us; /* the ceiling, with limit_halt_poll */
	bool disable_exits;    /* of HLT and PAUSE, as far as KVM lets us */
};

/*
 * The capabilities are checked, the VM made, its interrupt controllers and
 * timer put in. On failure everything is undone.
 */
int kt_kvm_init(struct kt_kvm *kvm, const struct kt_kvm_options *options,
		struct ktstr_error *err);
void kt_kvm_deinit(struct kt_kvm *kvm);

/* One memory slot a region, in order. */
int kt_kvm_set_memory(struct kt_kvm *kvm, const struct kt_guest_memory *memory,
		      struct ktstr_error *err);

/* Each write of 1 to `eventfd` becomes one edge on the GSI. */
int kt_kvm_irqfd(struct kt_kvm *kvm, int eventfd, uint32_t gsi,
		 struct ktstr_error *err);

/*
 * A guest's 32-bit write of `value` to `gpa` signals `eventfd` and never leaves
 * the kernel.
 */
int kt_kvm_ioeventfd(struct kt_kvm *kvm, int eventfd, uint64_t gpa,
		     uint32_t value, struct ktstr_error *err);

/* A message-signalled interrupt, as the split irqchip's pins become. */
struct kt_msi {
	uint64_t address;
	uint32_t data;
};

/*
 * Replaces the routing of all IOAPIC pins of a split irqchip; an entry whose
 * address is 0 is masked. Any thread; the callers order themselves.
 */
int kt_kvm_route_msis(struct kt_kvm *kvm, const struct kt_msi *msis,
		      size_t n_msis);
