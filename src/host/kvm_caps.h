/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

/*
 * What the host's KVM can do, asked once for each VM. The table in kvm_caps.c
 * is the one place that names capabilities; everything else asks by enum.
 */

#include <stdbool.h>

#include "base/error.h"

enum kt_kvm_cap {
	KT_KVM_USER_MEMORY,
	KT_KVM_NR_MEMSLOTS,
	KT_KVM_NR_VCPUS,
	KT_KVM_MAX_VCPUS,
	KT_KVM_MAX_VCPU_ID,
	KT_KVM_IRQCHIP,
	KT_KVM_SPLIT_IRQCHIP,
	KT_KVM_IRQ_ROUTING,
	KT_KVM_IRQFD,
	KT_KVM_IOEVENTFD,
	KT_KVM_PIT2,
	KT_KVM_TSC_DEADLINE_TIMER,
	KT_KVM_X2APIC_API,
	KT_KVM_EXT_CPUID,
	KT_KVM_SET_TSS_ADDR,
	KT_KVM_SET_IDENTITY_MAP_ADDR,
	KT_KVM_IMMEDIATE_EXIT,
	KT_KVM_HALT_POLL,
	KT_KVM_PMU_CAPABILITY,
	KT_KVM_BINARY_STATS_FD,
	KT_KVM_DISABLE_EXITS,
	KT_KVM_CAP_COUNT,
};

/* KVM_CHECK_EXTENSION's answers; 0 is "no", what else a value means differs. */
struct kt_kvm_caps {
	int value[KT_KVM_CAP_COUNT];
};

static inline bool kt_kvm_has(const struct kt_kvm_caps *caps, enum kt_kvm_cap cap)
{
	return caps->value[cap] > 0;
}

/*
 * Opens /dev/kvm and fills in `caps`. A missing device, a missing right or a
 * KVM of another API version is an error of the environment that says what to
 * do. Required capabilities are not checked here.
 */
int kt_kvm_open(int *ret_fd, struct kt_kvm_caps *caps, struct ktstr_error *err);

/* "MAX_VCPUS", and what we want it for. */
const char *kt_kvm_cap_name(enum kt_kvm_cap cap);
const char *kt_kvm_cap_purpose(enum kt_kvm_cap cap);

/* -EOPNOTSUPP, naming every required capability that is missing. */
int kt_kvm_caps_check(const struct kt_kvm_caps *caps, struct ktstr_error *err);
