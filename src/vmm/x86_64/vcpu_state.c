// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <linux/kvm.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>

#include "base/macro.h"
#include "vmm/x86_64/boot.h"
#include "vmm/x86_64/cpuid.h"
#include "vmm/x86_64/vcpu_state.h"

#define MSR_MISC_ENABLE      0x1a0
#define MISC_ENABLE_STRINGS  (1ULL << 0)
#define MSR_APIC_BASE        0x1b
#define APIC_BASE_X2APIC     (1ULL << 10)
#define APIC_BASE_ENABLE     (1ULL << 11)
#define MSR_MTRR_DEF_TYPE    0x2ff
#define MTRR_ENABLED         (1ULL << 11)
#define MTRR_TYPE_WRITE_BACK 6

_Static_assert(sizeof(struct kt_cpuid_entry) == sizeof(struct kvm_cpuid_entry2),
	       "kt_cpuid_entry is KVM's entry");

struct kt_cpuid_source {
	struct kt_cpuid_options options;
	size_t n;
	struct kt_cpuid_entry entries[KT_CPUID_MAX];
};

/* KVM's array with its count in front. */
struct cpuid_request {
	struct kvm_cpuid2 header;
	struct kt_cpuid_entry entries[KT_CPUID_MAX];
};

int kt_cpuid_source_read(struct kt_kvm *kvm, bool realtime, struct kt_cpuid_source **ret,
			 struct ktstr_error *err)
{
	_cleanup_free_ struct kt_cpuid_source *source =
		calloc(1, sizeof(*source));
	_cleanup_free_ struct cpuid_request *request =
		calloc(1, sizeof(*request));
	int r;

	if (!source || !request)
		return kt_err_errno(err, -ENOMEM, "no memory for CPUID");
	request->header.nent = KT_CPUID_MAX;
	if (ioctl(kvm->device_fd, KVM_GET_SUPPORTED_CPUID, request) < 0)
		return kt_err_errno(err, -errno,
				    "KVM does not tell what CPUID it supports");
	source->n = KT_MIN(request->header.nent, (uint32_t)KT_CPUID_MAX);
	memcpy(source->entries, request->entries,
	       source->n * sizeof(source->entries[0]));
	source->options.realtime = realtime;
	source->options.tsc_deadline =
		kt_kvm_has(&kvm->caps, KT_KVM_TSC_DEADLINE_TIMER);
	r = kt_cpuid_vendor_parse(getenv("KTSTR_CPU_VENDOR"),
				  &source->options.vendor, err);
	if (r)
		return r;
	*ret = TAKE_PTR(source);
	return 0;
}

void kt_cpuid_source_free(struct kt_cpuid_source *source)
{
	free(source);
}

int kt_vcpu_set_cpuid(struct kt_vcpu *vcpu, const struct kt_topology *topology,
		      const struct kt_cpuid_source *source,
		      struct ktstr_error *err)
{
	_cleanup_free_ struct kt_cpuid_list *list = calloc(1, sizeof(*list));
	_cleanup_free_ struct cpuid_request *request =
		calloc(1, sizeof(*request));
	int r;

	if (!list || !request)
		return kt_err_errno(err, -ENOMEM, "no memory for CPUID");
	r = kt_cpuid_make(topology, vcpu->index, &source->options,
			  source->entries, source->n, list, err);
	if (r)
		return r;
	request->header.nent = (uint32_t)list->n;
	memcpy(request->entries, list->entries,
	       list->n * sizeof(list->entries[0]));
	if (ioctl(vcpu->fd, KVM_SET_CPUID2, request) < 0)
		return kt_err_errno(err, -errno, "KVM refuses vCPU %u's CPUID",
				    vcpu->index);
	return 0;
}

int kt_vcpu_set_msrs(struct kt_vcpu *vcpu, struct ktstr_error *err)
{
	struct {
		struct kvm_msrs header;
		struct kvm_msr_entry entries[2];
	} msrs = {
		.header.nmsrs = 2,
		.entries =
			{
				{.index = MSR_MTRR_DEF_TYPE,
				 .data = MTRR_ENABLED | MTRR_TYPE_WRITE_BACK},
				/* Last, since only Intel's CPUs have it. */
				{.index = MSR_MISC_ENABLE,
				 .data = MISC_ENABLE_STRINGS},
			},
	};
	int done;

	/* The number of those that it took. */
	done = ioctl(vcpu->fd, KVM_SET_MSRS, &msrs);
	if (done < 1)
		return kt_err_errno(err, done < 0 ? -errno : -EIO,
				    "KVM refuses vCPU %u's MSRs", vcpu->index);
	return 0;
}

int kt_vcpu_enable_x2apic(struct kt_vcpu *vcpu, struct ktstr_error *err)
{
	struct {
		struct kvm_msrs header;
		struct kvm_msr_entry entry;
	} msr = {
		.header.nmsrs = 1,
		.entry.index = MSR_APIC_BASE,
	};
	int done;

	/* KVM has the address and the boot CPU's bit in it already. */
	done = ioctl(vcpu->fd, KVM_GET_MSRS, &msr);
	if (done < 1)
		return kt_err_errno(err, done < 0 ? -errno : -EIO,
				    "cannot read vCPU %u's APIC base",
				    vcpu->index);
	msr.entry.data |= APIC_BASE_ENABLE | APIC_BASE_X2APIC;
	done = ioctl(vcpu->fd, KVM_SET_MSRS, &msr);
	if (done < 1)
		return kt_err_errno(err, done < 0 ? -errno : -EIO,
				    "KVM refuses x2APIC mode for vCPU %u",
				    vcpu->index);
	return 0;
}

int kt_vcpu_set_entry(struct kt_vcpu *vcpu, uint64_t entry,
		      struct ktstr_error *err)
{
	struct kvm_sregs sregs;
	struct kvm_regs regs;

	if (ioctl(vcpu->fd, KVM_GET_SREGS, &sregs) < 0)
		return kt_err_errno(err, -errno,
				    "cannot read vCPU %u's segment registers",
				    vcpu->index);
	kt_boot_registers(entry, &sregs, &regs);
	if (ioctl(vcpu->fd, KVM_SET_SREGS, &sregs) < 0)
		return kt_err_errno(err, -errno,
				    "KVM refuses vCPU %u's segment registers",
				    vcpu->index);
	if (ioctl(vcpu->fd, KVM_SET_REGS, &regs) < 0)
		return kt_err_errno(err, -errno,
				    "KVM refuses vCPU %u's registers",
				    vcpu->index);
	return 0;
}
