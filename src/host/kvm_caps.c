// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <fcntl.h>
#include <linux/kvm.h>
#include <string.h>
#include <sys/ioctl.h>

#include "base/cleanup.h"
#include "base/macro.h"
#include "base/strbuf.h"
#include "host/kvm_caps.h"

#define KVM_DEVICE "/dev/kvm"

static const struct {
	int number;
	bool required;
	const char *name;
	const char *purpose;
} cap_table[KT_KVM_CAP_COUNT] = {
	[KT_KVM_USER_MEMORY] = { KVM_CAP_USER_MEMORY, true, "USER_MEMORY",
				 "guest RAM" },
	[KT_KVM_NR_MEMSLOTS] = { KVM_CAP_NR_MEMSLOTS, false, "NR_MEMSLOTS",
				 "one memory slot a NUMA node" },
	[KT_KVM_NR_VCPUS] = { KVM_CAP_NR_VCPUS, false, "NR_VCPUS",
			      "the recommended number of vCPUs" },
	[KT_KVM_MAX_VCPUS] = { KVM_CAP_MAX_VCPUS, false, "MAX_VCPUS",
			       "the limit on vCPUs" },
	[KT_KVM_MAX_VCPU_ID] = { KVM_CAP_MAX_VCPU_ID, false, "MAX_VCPU_ID",
				 "the limit on APIC ids" },
	[KT_KVM_IRQCHIP] = { KVM_CAP_IRQCHIP, true, "IRQCHIP",
			     "local APICs and IOAPIC in the kernel" },
	[KT_KVM_SPLIT_IRQCHIP] = { KVM_CAP_SPLIT_IRQCHIP, false,
				   "SPLIT_IRQCHIP", "APIC ids above 254" },
	[KT_KVM_IRQ_ROUTING] = { KVM_CAP_IRQ_ROUTING, true, "IRQ_ROUTING",
				 "interrupt routing" },
	[KT_KVM_IRQFD] = { KVM_CAP_IRQFD, true, "IRQFD", "device interrupts" },
	[KT_KVM_IOEVENTFD] = { KVM_CAP_IOEVENTFD, true, "IOEVENTFD",
			       "device notifications" },
	[KT_KVM_PIT2] = { KVM_CAP_PIT2, false, "PIT2", "the 8254 timer" },
	[KT_KVM_TSC_DEADLINE_TIMER] = { KVM_CAP_TSC_DEADLINE_TIMER, false,
					"TSC_DEADLINE_TIMER",
					"the guest's timer" },
	[KT_KVM_X2APIC_API] = { KVM_CAP_X2APIC_API, false, "X2APIC_API",
				"APIC ids above 254" },
	[KT_KVM_EXT_CPUID] = { KVM_CAP_EXT_CPUID, true, "EXT_CPUID",
			       "the declared topology" },
	[KT_KVM_SET_TSS_ADDR] = { KVM_CAP_SET_TSS_ADDR, false, "SET_TSS_ADDR",
				  "real mode on Intel" },
	[KT_KVM_SET_IDENTITY_MAP_ADDR] = { KVM_CAP_SET_IDENTITY_MAP_ADDR, false,
					   "SET_IDENTITY_MAP_ADDR",
					   "real mode on Intel" },
	[KT_KVM_IMMEDIATE_EXIT] = { KVM_CAP_IMMEDIATE_EXIT, true,
				    "IMMEDIATE_EXIT", "stopping vCPUs" },
	[KT_KVM_HALT_POLL] = { KVM_CAP_HALT_POLL, false, "HALT_POLL",
			       "the ceiling on halt polling" },
	[KT_KVM_PMU_CAPABILITY] = { KVM_CAP_PMU_CAPABILITY, false,
				    "PMU_CAPABILITY", "guests without a PMU" },
	[KT_KVM_BINARY_STATS_FD] = { KVM_CAP_BINARY_STATS_FD, false,
				     "BINARY_STATS_FD", "KVM statistics" },
	[KT_KVM_DISABLE_EXITS] = { KVM_CAP_X86_DISABLE_EXITS, false,
				   "X86_DISABLE_EXITS",
				   "performance mode: HLT and PAUSE without "
				   "exits" },
};

const char *kt_kvm_cap_name(enum kt_kvm_cap cap)
{
	return cap_table[cap].name;
}

const char *kt_kvm_cap_purpose(enum kt_kvm_cap cap)
{
	return cap_table[cap].purpose;
}

static int open_error(int code, struct ktstr_error *err)
{
	switch (-code) {
	case ENOENT:
	case ENODEV:
	case ENXIO:
		return kt_err_kind(err, KTSTR_ERROR_ENVIRONMENT, code,
				   "there is no usable " KVM_DEVICE
				   "; load the kvm-intel or kvm-amd module, or "
				   "let ktstr emulate a machine that has one "
				   "(--accel nested)");
	case EACCES:
	case EPERM:
		return kt_err(err, code,
			      "no right to open " KVM_DEVICE
			      "; join the group that owns it (usually \"kvm\") "
			      "or change its mode");
	default:
		return kt_err_errno(err, code, "cannot open " KVM_DEVICE);
	}
}

int kt_kvm_open(int *ret_fd, struct kt_kvm_caps *caps, struct ktstr_error *err)
{
	_cleanup_close_ int fd = open(KVM_DEVICE, O_RDWR | O_CLOEXEC);
	int version;

	if (fd < 0)
		return open_error(-errno, err);
	version = ioctl(fd, KVM_GET_API_VERSION, 0);
	if (version < 0)
		return kt_err_kind(err, KTSTR_ERROR_ENVIRONMENT, -errno,
				   KVM_DEVICE
				   " is not KVM's device: %s; "
				   "what the kvm module makes is character "
				   "device 10, 232",
				   strerror(errno));
	if (version != KVM_API_VERSION)
		return kt_err_kind(err, KTSTR_ERROR_ENVIRONMENT, -ENODEV,
				   KVM_DEVICE " speaks API version %d, not %d",
				   version, KVM_API_VERSION);
	for (size_t i = 0; i < KT_KVM_CAP_COUNT; i++)
		caps->value[i] =
			ioctl(fd, KVM_CHECK_EXTENSION, cap_table[i].number);
	*ret_fd = TAKE_FD(fd);
	return 0;
}

int kt_kvm_caps_check(const struct kt_kvm_caps *caps, struct ktstr_error *err)
{
	_cleanup_strbuf_ struct kt_strbuf missing = {};

	for (size_t i = 0; i < KT_KVM_CAP_COUNT; i++) {
		if (!cap_table[i].required || caps->value[i] > 0)
			continue;
		kt_strbuf_addf(&missing, "%s%s (%s)", missing.length ? ", " : "",
			       cap_table[i].name, cap_table[i].purpose);
	}
	if (!missing.length && !kt_strbuf_failed(&missing))
		return 0;
	return kt_err_kind(err, KTSTR_ERROR_ENVIRONMENT, -EOPNOTSUPP,
			   "this host's KVM lacks: %s; a newer kernel has them",
			   kt_strbuf_text(&missing));
}
