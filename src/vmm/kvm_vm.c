// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <linux/kvm.h>
#include <string.h>
#include <sys/ioctl.h>

#include "base/cleanup.h"
#include "base/macro.h"
#include "vmm/kvm_vm.h"
#include "vmm/x86_64/layout.h"

#define PIC_PINS 8

/* Room for three chips: 8 + 8 PIC pins and the IOAPIC's. */
struct routing {
	struct kvm_irq_routing header;
	struct kvm_irq_routing_entry entries[2 * PIC_PINS + KT_IOAPIC_PINS];
};

static void add_pin(struct routing *routing, uint32_t gsi, uint32_t chip,
		    uint32_t pin)
{
	routing->entries[routing->header.nr++] = (struct kvm_irq_routing_entry){
		.gsi = gsi,
		.type = KVM_IRQ_ROUTING_IRQCHIP,
		.u.irqchip = { .irqchip = chip, .pin = pin },
	};
}

/*
 * KVM's own default sends GSI 0, where its PIT sits, to pin 0 of the IOAPIC.
 * The tables say pin 2, as on a PC, so pin 2 it is.
 */
static int route_kernel_irqchip(struct kt_kvm *kvm)
{
	struct routing routing = {};

	for (uint32_t i = 0; i < 2 * PIC_PINS; i++)
		add_pin(&routing, i,
			i < PIC_PINS ? KVM_IRQCHIP_PIC_MASTER :
				       KVM_IRQCHIP_PIC_SLAVE,
			i % PIC_PINS);
	for (uint32_t i = 0; i < KT_IOAPIC_PINS; i++) {
		if (i != KT_PIT_GSI)
			add_pin(&routing, i, KVM_IRQCHIP_IOAPIC,
				i == 0 ? KT_PIT_GSI : i);
	}
	if (ioctl(kvm->vm_fd, KVM_SET_GSI_ROUTING, &routing) < 0)
		return -errno;
	return 0;
}

int kt_kvm_route_msis(struct kt_kvm *kvm, const struct kt_msi *msis, size_t n_msis)
{
	struct routing routing = {};

	for (size_t i = 0; i < KT_MIN(n_msis, (size_t)KT_IOAPIC_PINS); i++) {
		if (!msis[i].address)
			continue;
		routing.entries[routing.header.nr++] = (struct kvm_irq_routing_entry){
			.gsi = (uint32_t)i,
			.type = KVM_IRQ_ROUTING_MSI,
			.u.msi =
				{
					.address_lo = (uint32_t)msis[i].address,
					.address_hi = msis[i].address >> 32,
					.data = msis[i].data,
				},
		};
	}
	if (ioctl(kvm->vm_fd, KVM_SET_GSI_ROUTING, &routing) < 0)
		return -errno;
	return 0;
}

static int enable_cap(struct kt_kvm *kvm, uint32_t cap, uint64_t arg)
{
	struct kvm_enable_cap enable = { .cap = cap, .args = { arg } };

	return ioctl(kvm->vm_fd, KVM_ENABLE_CAP, &enable) < 0 ? -errno : 0;
}

static int init_kernel_irqchip(struct kt_kvm *kvm, struct ktstr_error *err)
{
	/* Port 0x61 then answers inside KVM instead of a trip to us. */
	struct kvm_pit_config pit = { .flags = KVM_PIT_SPEAKER_DUMMY };
	int r;

	if (ioctl(kvm->vm_fd, KVM_CREATE_IRQCHIP, 0) < 0)
		return kt_err_errno(err, -errno,
				    "KVM cannot make interrupt controllers");
	r = route_kernel_irqchip(kvm);
	if (r)
		return kt_err_errno(err, r, "KVM refuses interrupt routes");
	if (kt_kvm_has(&kvm->caps, KT_KVM_PIT2) &&
	    ioctl(kvm->vm_fd, KVM_CREATE_PIT2, &pit) < 0)
		return kt_err_errno(err, -errno, "KVM cannot make a PIT");
	return 0;
}

static int init_split_irqchip(struct kt_kvm *kvm, struct ktstr_error *err)
{
	int r;

	if (!kt_kvm_has(&kvm->caps, KT_KVM_SPLIT_IRQCHIP) ||
	    !kt_kvm_has(&kvm->caps, KT_KVM_X2APIC_API))
		return kt_err_kind(err, KTSTR_ERROR_ENVIRONMENT, -EOPNOTSUPP,
				   "this host's KVM has no split irqchip with "
				   "x2APIC ids, which APIC ids above 254 need");
	r = enable_cap(kvm, KVM_CAP_SPLIT_IRQCHIP, KT_IOAPIC_PINS);
	if (r)
		return kt_err_errno(err, r, "KVM refuses a split irqchip");
	r = enable_cap(kvm, KVM_CAP_X2APIC_API,
		       KVM_X2APIC_API_USE_32BIT_IDS |
			       KVM_X2APIC_API_DISABLE_BROADCAST_QUIRK);
	if (r)
		return kt_err_errno(err, r, "KVM refuses 32-bit APIC ids");
	return 0;
}

/* Where KVM may put what Intel CPUs need to run real-mode code. */
static int place_kvm_pages(struct kt_kvm *kvm, struct ktstr_error *err)
{
	uint64_t identity = KT_KVM_IDENTITY_GPA;

	if (kt_kvm_has(&kvm->caps, KT_KVM_SET_IDENTITY_MAP_ADDR) &&
	    ioctl(kvm->vm_fd, KVM_SET_IDENTITY_MAP_ADDR, &identity) < 0)
		return kt_err_errno(err, -errno,
				    "KVM refuses its identity map's address");
	if (kt_kvm_has(&kvm->caps, KT_KVM_SET_TSS_ADDR) &&
	    ioctl(kvm->vm_fd, KVM_SET_TSS_ADDR, KT_KVM_TSS_GPA) < 0)
		return kt_err_errno(err, -errno,
				    "KVM refuses its task segment's address");
	return 0;
}

/*
 * HLT is refused where a sibling thread's return predictions could be used by
 * the guest (mitigate_smt_rsb in arch/x86/kvm/x86.c), PAUSE where KVM or the CPU
 * is too old. Either costs time and nothing else.
 */
static void disable_exits(struct kt_kvm *kvm)
{
	int may = kvm->caps.value[KT_KVM_DISABLE_EXITS];
	unsigned int wanted = KVM_X86_DISABLE_EXITS_HLT |
			      KVM_X86_DISABLE_EXITS_PAUSE;

	if (may <= 0)
		return;
	wanted &= (unsigned int)may;
	if (wanted && enable_cap(kvm, KVM_CAP_X86_DISABLE_EXITS, wanted) < 0)
		(void)enable_cap(kvm, KVM_CAP_X86_DISABLE_EXITS,
				 KVM_X86_DISABLE_EXITS_PAUSE);
}

static int check_limits(const struct kt_kvm_caps *caps,
			const struct kt_kvm_options *o, struct ktstr_error *err)
{
	int vcpus = caps->value[KT_KVM_MAX_VCPUS];
	int ids = caps->value[KT_KVM_MAX_VCPU_ID];

	if (vcpus > 0 && o->n_vcpus > (uint32_t)vcpus)
		return kt_err_kind(err, KTSTR_ERROR_ENVIRONMENT, -E2BIG,
				   "the topology has %u CPUs, and this host's "
				   "KVM takes at most %d",
				   o->n_vcpus, vcpus);
	if (ids > 0 && o->highest_apic_id >= (uint32_t)ids)
		return kt_err_kind(err, KTSTR_ERROR_ENVIRONMENT, -E2BIG,
				   "the topology's highest APIC id is %u, and "
				   "this host's KVM takes ids below %d",
				   o->highest_apic_id, ids);
	return 0;
}

static int make_vm(struct kt_kvm *kvm, const struct kt_kvm_options *o,
		   struct ktstr_error *err)
{
	int r = kt_kvm_open(&kvm->device_fd, &kvm->caps, err);

	if (!r)
		r = kt_kvm_caps_check(&kvm->caps, err);
	if (!r)
		r = check_limits(&kvm->caps, o, err);
	if (r)
		return r;
	do {
		kvm->vm_fd = ioctl(kvm->device_fd, KVM_CREATE_VM, 0);
	} while (kvm->vm_fd < 0 && errno == EINTR);
	/* No run of ours: whoever holds the CPU's virtualization keeps it. */
	if (kvm->vm_fd < 0 && errno == EBUSY)
		return kt_err_kind(err, KTSTR_ERROR_ENVIRONMENT, -EBUSY,
				   "KVM cannot make a VM: another hypervisor "
				   "holds the CPU's virtualization; end it, or "
				   "use --accel nested");
	if (kvm->vm_fd < 0)
		return kt_err_errno(err, -errno, "KVM cannot make a VM");
	r = ioctl(kvm->device_fd, KVM_GET_VCPU_MMAP_SIZE, 0);
	if (r < 0)
		return kt_err_errno(err, -errno,
				    "KVM does not tell the size of a vCPU's "
				    "state");
	kvm->run_bytes = (size_t)r;
	return 0;
}

int kt_kvm_init(struct kt_kvm *kvm, const struct kt_kvm_options *o,
		struct ktstr_error *err)
{
	int r;

	*kvm = (struct kt_kvm)KT_KVM_INIT;
	kvm->irqchip = o->irqchip;
	r = make_vm(kvm, o, err);
	if (!r)
		r = place_kvm_pages(kvm, err);
	if (!r)
		r = o->irqchip == KT_IRQCHIP_SPLIT ?
			    init_split_irqchip(kvm, err) :
			    init_kernel_irqchip(kvm, err);
	/* CPUID tells the guest of no PMU; AMD's counters need no CPUID. */
	if (!r && kt_kvm_has(&kvm->caps, KT_KVM_PMU_CAPABILITY))
		(void)enable_cap(kvm, KVM_CAP_PMU_CAPABILITY,
				 KVM_PMU_CAP_DISABLE);
	/* A refusal costs host CPU time and nothing else. */
	if (!r && o->limit_halt_poll && kt_kvm_has(&kvm->caps, KT_KVM_HALT_POLL))
		(void)enable_cap(kvm, KVM_CAP_HALT_POLL,
				 o->halt_poll_us * 1000ULL);
	if (!r && o->disable_exits)
		disable_exits(kvm);
	if (r)
		kt_kvm_deinit(kvm);
	return r;
}

void kt_kvm_deinit(struct kt_kvm *kvm)
{
	kvm->vm_fd = kt_close(kvm->vm_fd);
	kvm->device_fd = kt_close(kvm->device_fd);
}

int kt_kvm_set_memory(struct kt_kvm *kvm, const struct kt_guest_memory *memory,
		      struct ktstr_error *err)
{
	int slots = kvm->caps.value[KT_KVM_NR_MEMSLOTS];

	if (slots > 0 && memory->n_regions > (size_t)slots)
		return kt_err_kind(err, KTSTR_ERROR_ENVIRONMENT, -E2BIG,
				   "the topology needs %zu memory slots, and "
				   "this host's KVM has %d",
				   memory->n_regions, slots);
	for (size_t i = 0; i < memory->n_regions; i++) {
		const struct kt_memory_region *r = &memory->regions[i];
		struct kvm_userspace_memory_region slot = {
			.slot = (uint32_t)i,
			.guest_phys_addr = r->gpa,
			.memory_size = r->size_bytes,
			.userspace_addr = (uintptr_t)r->hva,
		};

		if (ioctl(kvm->vm_fd, KVM_SET_USER_MEMORY_REGION, &slot) < 0)
			return kt_err_errno(
				err, -errno,
				"KVM refuses %llu MiB of memory at %#llx",
				(unsigned long long)(r->size_bytes / KT_MIB),
				(unsigned long long)r->gpa);
	}
	return 0;
}

int kt_kvm_irqfd(struct kt_kvm *kvm, int eventfd, uint32_t gsi,
		 struct ktstr_error *err)
{
	struct kvm_irqfd irqfd = { .fd = (uint32_t)eventfd, .gsi = gsi };

	if (ioctl(kvm->vm_fd, KVM_IRQFD, &irqfd) < 0)
		return kt_err_errno(err, -errno,
				    "KVM refuses an irqfd for GSI %u", gsi);
	return 0;
}

int kt_kvm_ioeventfd(struct kt_kvm *kvm, int eventfd, uint64_t gpa,
		     uint32_t value, struct ktstr_error *err)
{
	struct kvm_ioeventfd ioeventfd = {
		.datamatch = value,
		.addr = gpa,
		.len = sizeof(value),
		.fd = eventfd,
		.flags = KVM_IOEVENTFD_FLAG_DATAMATCH,
	};

	if (ioctl(kvm->vm_fd, KVM_IOEVENTFD, &ioeventfd) < 0)
		return kt_err_errno(err, -errno,
				    "KVM refuses an ioeventfd at %#llx",
				    (unsigned long long)gpa);
	return 0;
}
