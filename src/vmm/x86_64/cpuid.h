/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

/*
 * CPUID of a vCPU: what KVM supports on this host, changed so that it tells
 * of the declared topology and nothing of the host's. Pure, for any host.
 *
 * Levels: a core is a set of threads, an LLC a package of one die. L1 and L2
 * belong to a core, L3 and what is above it to an LLC. How many CPUs share a
 * cache is told as the size of the id space that they are in, as processors
 * do it: Linux derives the sharing CPUs by shifting APIC ids.
 *
 * References: Intel SDM volume 2, CPUID; AMD APM volume 3, appendix E;
 * Linux Documentation/virt/kvm/x86/cpuid.rst.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "topology/topology.h"

/* Laid out as struct kvm_cpuid_entry2, which only x86 hosts have. */
struct kt_cpuid_entry {
	uint32_t function;
	uint32_t index;
	uint32_t flags; /* KT_CPUID_INDEXED or 0 */
	uint32_t eax;
	uint32_t ebx;
	uint32_t ecx;
	uint32_t edx;
	uint32_t padding[3];
};

#define KT_CPUID_INDEXED 1u /* KVM_CPUID_FLAG_SIGNIFCANT_INDEX */

/* KVM takes no more entries for a vCPU (KVM_MAX_CPUID_ENTRIES). */
#define KT_CPUID_MAX 256

enum kt_cpuid_vendor {
	KT_CPUID_VENDOR_HOST, /* the one found in leaf 0 */
	KT_CPUID_VENDOR_INTEL,
	KT_CPUID_VENDOR_AMD,
};

/*
 * "intel" or "amd"; NULL and "" are the host's own. -EINVAL with a message for
 * anything else.
 */
int kt_cpuid_vendor_parse(const char *text, enum kt_cpuid_vendor *ret,
			  struct ktstr_error *err);

struct kt_cpuid_options {
	/* KVM_CAP_TSC_DEADLINE_TIMER; not in the supported list by itself. */
	bool tsc_deadline;
	/* vCPUs are never preempted for long: KVM_HINTS_REALTIME. */
	bool realtime;
	/* Show another vendor than the host's, to test the other's leaves. */
	enum kt_cpuid_vendor vendor;
};

struct kt_cpuid_list {
	struct kt_cpuid_entry entries[KT_CPUID_MAX];
	size_t n;
};

/*
 * Writes CPU number `cpu`'s list from KVM_GET_SUPPORTED_CPUID's. No leaf is
 * there twice in the result. -EINVAL when the list is no CPUID at all, -E2BIG
 * when the result would not fit KVM's bound.
 */
int kt_cpuid_make(const struct kt_topology *topology, uint32_t cpu,
		  const struct kt_cpuid_options *options,
		  const struct kt_cpuid_entry *supported, size_t n_supported,
		  struct kt_cpuid_list *ret, struct ktstr_error *err);
