/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

/* What a vCPU starts with on x86-64. The vCPU is not running. */

#include <stdint.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "topology/topology.h"
#include "vmm/kvm_vm.h"
#include "vmm/vcpu.h"

/*
 * KVM's supported CPUID, asked once for all vCPUs of a machine. `realtime`: the
 * guest is told that its CPUs run whenever they want to.
 */
struct kt_cpuid_source;

int kt_cpuid_source_read(struct kt_kvm *kvm, bool realtime, struct kt_cpuid_source **ret,
			 struct ktstr_error *err);
void kt_cpuid_source_free(struct kt_cpuid_source *source);
KT_DEFINE_CLEANUP(struct kt_cpuid_source *, kt_cpuid_source_free)

int kt_vcpu_set_cpuid(struct kt_vcpu *vcpu, const struct kt_topology *topology,
		      const struct kt_cpuid_source *source,
		      struct ktstr_error *err);

/* What firmware would have set: memory is write-back, strings are fast. */
int kt_vcpu_set_msrs(struct kt_vcpu *vcpu, struct ktstr_error *err);

/*
 * Hands the CPU over in x2APIC mode, as firmware must where some APIC id does
 * not fit a byte (x2APIC specification 2.4.3): Linux takes a CPU with such an
 * id out of the MADT only if it was entered in that mode. After the CPUID.
 */
int kt_vcpu_enable_x2apic(struct kt_vcpu *vcpu, struct ktstr_error *err);

/* Long mode at `entry`, see kt_boot_registers(). */
int kt_vcpu_set_entry(struct kt_vcpu *vcpu, uint64_t entry,
		      struct ktstr_error *err);
