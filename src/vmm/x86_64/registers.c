// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <linux/kvm.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>

#include "vmm/registers.h"

#define RFLAGS_IF (1u << 9)

/* Where a processor begins after a reset, Intel SDM volume 3, table 10-1. */
#define RESET_RIP 0xfff0
#define RESET_CS  0xf000

/*
 * On AMD a shutdown leaves the saved state undefined, so that some kernels'
 * KVM resets the vCPU before it tells of one (svm.c, shutdown_interception()).
 * No guest of ours starts at the reset vector.
 */
static bool is_reset(const struct kvm_regs *r, const struct kvm_sregs *s)
{
	return r->rip == RESET_RIP && s->cs.selector == RESET_CS;
}

void kt_registers_text(int vcpu_fd, char *text, size_t size)
{
	struct kvm_sregs s = {};
	struct kvm_regs r = {};

	if (ioctl(vcpu_fd, KVM_GET_REGS, &r) < 0 ||
	    ioctl(vcpu_fd, KVM_GET_SREGS, &s) < 0) {
		snprintf(text, size, "registers: %s\n", strerror(errno));
		return;
	}
	if (is_reset(&r, &s)) {
		snprintf(text, size,
			 "registers: lost, KVM had reset the CPU before it "
			 "told of this\n");
		return;
	}
	snprintf(text, size,
		 "rip %016llx  rsp %016llx  rflags %08llx  cs %04x\n"
		 "rax %016llx  rbx %016llx  rcx %016llx\n"
		 "rdx %016llx  rsi %016llx  rdi %016llx\n"
		 "rbp %016llx  r8  %016llx  r9  %016llx\n"
		 "r10 %016llx  r11 %016llx  r12 %016llx\n"
		 "r13 %016llx  r14 %016llx  r15 %016llx\n"
		 "cr0 %llx  cr2 %016llx  cr3 %llx  cr4 %llx  efer %llx\n",
		 r.rip, r.rsp, r.rflags, s.cs.selector, r.rax, r.rbx, r.rcx,
		 r.rdx, r.rsi, r.rdi, r.rbp, r.r8, r.r9, r.r10, r.r11, r.r12,
		 r.r13, r.r14, r.r15, s.cr0, s.cr2, s.cr3, s.cr4, s.efer);
}

int kt_registers_where(int vcpu_fd, struct kt_state_vcpu *ret)
{
	struct kvm_mp_state mp = {};
	struct kvm_sregs s = {};
	struct kvm_regs r = {};

	if (ioctl(vcpu_fd, KVM_GET_MP_STATE, &mp) < 0 ||
	    ioctl(vcpu_fd, KVM_GET_REGS, &r) < 0 ||
	    ioctl(vcpu_fd, KVM_GET_SREGS, &s) < 0)
		return -errno;
	*ret = (struct kt_state_vcpu){
		.activity = mp.mp_state == KVM_MP_STATE_RUNNABLE ?
				    KT_STATE_RUNNING :
			    mp.mp_state == KVM_MP_STATE_HALTED ?
				    KT_STATE_HALTED :
				    KT_STATE_NOT_STARTED,
		.rip = r.rip,
		.rsp = r.rsp,
		.interrupts = r.rflags & RFLAGS_IF,
		.cpl = s.ss.dpl,
	};
	return 0;
}
