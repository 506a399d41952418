// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <linux/kvm.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/macro.h"
#include "vmm/registers.h"
#include "vmm/steal.h"
#include "vmm/vcpu.h"

/* The kernel's sigset_t, 64 signals; glibc's is larger. */
#define KERNEL_SIGSET_BYTES 8
#define VCPU_STACK_BYTES    (256 * 1024)

enum step {
	STEP_ON,
	STEP_STOP,
};

static int kick_signal(void)
{
	return SIGRTMIN;
}

static void report(struct kt_vcpu *vcpu, enum kt_end_kind kind, const char *reason)
{
	struct kt_end end = { .kind = kind, .vcpu = (int32_t)vcpu->index };
	char registers[KT_REGISTERS_TEXT_BYTES];

	kt_registers_text(vcpu->fd, registers, sizeof(registers));
	snprintf(end.text, sizeof(end.text), "vCPU %u: %s\n%s", vcpu->index,
		 reason, registers);
	vcpu->host->end(vcpu->host->userdata, &end);
}

static enum step exit_io(struct kt_vcpu *vcpu)
{
	struct kvm_run *run = vcpu->run;
	uint8_t *data = (uint8_t *)run + run->io.data_offset;

	/* `rep outs` hands over `count` items for the same port. */
	for (uint32_t i = 0; i < run->io.count; i++, data += run->io.size) {
		if (run->io.direction == KVM_EXIT_IO_OUT)
			kt_bus_write(vcpu->host->ports, run->io.port, data,
				     run->io.size);
		else
			kt_bus_read(vcpu->host->ports, run->io.port, data,
				    run->io.size);
	}
	return STEP_ON;
}

static enum step exit_mmio(struct kt_vcpu *vcpu)
{
	struct kvm_run *run = vcpu->run;

	if (run->mmio.is_write)
		kt_bus_write(vcpu->host->mmio, run->mmio.phys_addr,
			     run->mmio.data, run->mmio.len);
	else
		kt_bus_read(vcpu->host->mmio, run->mmio.phys_addr,
			    run->mmio.data, run->mmio.len);
	return STEP_ON;
}

static enum step exit_eoi(struct kt_vcpu *vcpu)
{
	vcpu->host->eoi(vcpu->host->userdata, vcpu->run->eoi.vector);
	return STEP_ON;
}

static enum step exit_interrupted(struct kt_vcpu *vcpu)
{
	(void)vcpu;
	return STEP_ON;
}

static enum step exit_shutdown(struct kt_vcpu *vcpu)
{
	report(vcpu, KT_END_TRIPLE_FAULT, "triple fault");
	return STEP_STOP;
}

static enum step exit_internal_error(struct kt_vcpu *vcpu)
{
	const struct kvm_run *run = vcpu->run;
	char reason[128];

	if (run->internal.suberror == KVM_INTERNAL_ERROR_EMULATION)
		snprintf(reason, sizeof(reason),
			 "KVM cannot emulate an instruction that the guest "
			 "used");
	else
		snprintf(reason, sizeof(reason), "KVM internal error %u",
			 run->internal.suberror);
	report(vcpu, KT_END_KVM_FAILED, reason);
	return STEP_STOP;
}

static enum step exit_fail_entry(struct kt_vcpu *vcpu)
{
	char reason[128];

	snprintf(reason, sizeof(reason),
		 "the CPU refused to enter the guest, hardware reason %#llx",
		 (unsigned long long)
			 vcpu->run->fail_entry.hardware_entry_failure_reason);
	report(vcpu, KT_END_KVM_FAILED, reason);
	return STEP_STOP;
}

static enum step exit_system_event(struct kt_vcpu *vcpu)
{
	struct kt_end end = { .kind = KT_END_RESET, .vcpu = (int32_t)vcpu->index };

	if (vcpu->run->system_event.type == KVM_SYSTEM_EVENT_SHUTDOWN)
		end.kind = KT_END_POWER_OFF;
	vcpu->host->end(vcpu->host->userdata, &end);
	return STEP_STOP;
}

static enum step (*const exits[])(struct kt_vcpu *vcpu) = {
	[KVM_EXIT_IO] = exit_io,
	[KVM_EXIT_MMIO] = exit_mmio,
	[KVM_EXIT_INTR] = exit_interrupted,
	[KVM_EXIT_IOAPIC_EOI] = exit_eoi,
	[KVM_EXIT_SHUTDOWN] = exit_shutdown,
	[KVM_EXIT_INTERNAL_ERROR] = exit_internal_error,
	[KVM_EXIT_FAIL_ENTRY] = exit_fail_entry,
	[KVM_EXIT_SYSTEM_EVENT] = exit_system_event,
};

static enum step handle_exit(struct kt_vcpu *vcpu)
{
	uint32_t reason = vcpu->run->exit_reason;
	char text[64];

	if (reason < KT_ARRAY_SIZE(exits) && exits[reason])
		return exits[reason](vcpu);
	snprintf(text, sizeof(text), "unexpected KVM exit %u", reason);
	report(vcpu, KT_END_KVM_FAILED, text);
	return STEP_STOP;
}

/* A kick stays pending when KVM_RUN has returned: take it off. */
static void consume_kick(void)
{
	const struct timespec now = {};
	sigset_t kick;

	sigemptyset(&kick);
	sigaddset(&kick, kick_signal());
	while (sigtimedwait(&kick, NULL, &now) < 0 && errno == EINTR)
		;
}

/* By the thread itself, whose numbers are gone with it. */
static void note_steal(struct kt_vcpu *vcpu, uint64_t began_ns)
{
	struct kt_steal_times times;
	struct timespec ran;

	vcpu->steal_known = kt_steal_of_this_thread(&times) == 0 &&
			    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &ran) == 0;
	if (!vcpu->steal_known)
		return;
	vcpu->steal.stolen_ns = times.stolen_ns;
	vcpu->steal.ran_ns =
		(uint64_t)ran.tv_sec * 1000000000ULL + (uint64_t)ran.tv_nsec;
	vcpu->steal.lived_ns = kt_now_ns() - began_ns;
}

static void *vcpu_main(void *arg)
{
	struct kt_vcpu *vcpu = arg;
	uint64_t began_ns = kt_now_ns();
	enum step step = STEP_ON;
	char text[128];

	atomic_store(&vcpu->tid, gettid());
	vcpu->host->begin(vcpu->host->userdata, vcpu->index);
	while (step == STEP_ON && !atomic_load(&vcpu->stop)) {
		if (ioctl(vcpu->fd, KVM_RUN, 0) == 0) {
			step = handle_exit(vcpu);
		} else if (errno == EINTR) {
			consume_kick();
		} else if (errno != EAGAIN) { /* EAGAIN: an AP was woken up */
			snprintf(text, sizeof(text), "KVM_RUN failed: %s",
				 strerror(errno));
			report(vcpu, KT_END_KVM_FAILED, text);
			step = STEP_STOP;
		}
	}
	note_steal(vcpu, began_ns);
	return NULL;
}

/* Inside KVM_RUN, and only there, the kick signal is not blocked. */
static int set_signal_mask(struct kt_vcpu *vcpu)
{
	struct {
		struct kvm_signal_mask header;
		uint8_t bits[KERNEL_SIGSET_BYTES];
	} mask = { .header.len = KERNEL_SIGSET_BYTES };
	unsigned int bit = (unsigned int)kick_signal() - 1;

	memset(mask.bits, 0xff, sizeof(mask.bits));
	mask.bits[bit / 8] &= (uint8_t) ~(1u << bit % 8);
	return ioctl(vcpu->fd, KVM_SET_SIGNAL_MASK, &mask) < 0 ? -errno : 0;
}

int kt_vcpu_init(struct kt_vcpu *vcpu, struct kt_kvm *kvm, uint32_t index,
		 uint32_t apic_id, const struct kt_vcpu_host *host,
		 struct ktstr_error *err)
{
	void *run;
	int r;

	*vcpu = (struct kt_vcpu)KT_VCPU_INIT;
	vcpu->index = index;
	vcpu->host = host;
	vcpu->fd = ioctl(kvm->vm_fd, KVM_CREATE_VCPU, (unsigned long)apic_id);
	if (vcpu->fd < 0)
		return kt_err_errno(err, -errno,
				    "KVM cannot make vCPU %u (APIC id %u)",
				    index, apic_id);
	run = mmap(NULL, kvm->run_bytes, PROT_READ | PROT_WRITE, MAP_SHARED,
		   vcpu->fd, 0);
	if (run == MAP_FAILED) {
		r = -errno;
		kt_vcpu_deinit(vcpu);
		return kt_err_errno(err, r, "cannot map vCPU %u", index);
	}
	vcpu->run = run;
	vcpu->run_bytes = kvm->run_bytes;
	r = set_signal_mask(vcpu);
	if (r) {
		kt_vcpu_deinit(vcpu);
		return kt_err_errno(err, r, "KVM refuses vCPU %u's signal mask",
				    index);
	}
	if (kt_kvm_has(&kvm->caps, KT_KVM_BINARY_STATS_FD))
		vcpu->stats_fd = ioctl(vcpu->fd, KVM_GET_STATS_FD, 0);
	return 0;
}

void kt_vcpu_deinit(struct kt_vcpu *vcpu)
{
	if (vcpu->run)
		munmap(vcpu->run, vcpu->run_bytes);
	vcpu->run = NULL;
	vcpu->stats_fd = kt_close(vcpu->stats_fd);
	vcpu->fd = kt_close(vcpu->fd);
}

int kt_vcpu_start(struct kt_vcpu *vcpu, struct ktstr_error *err)
{
	pthread_attr_t attr;
	sigset_t all, old;
	char name[16];
	int r;

	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, VCPU_STACK_BYTES);
	/* A thread inherits its mask: no window in which it takes signals. */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	r = -pthread_create(&vcpu->thread, &attr, vcpu_main, vcpu);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	pthread_attr_destroy(&attr);
	if (r)
		return kt_err_errno(err, r, "cannot start vCPU %u's thread",
				    vcpu->index);
	vcpu->started = true;
	snprintf(name, sizeof(name), "vcpu%u", vcpu->index);
	pthread_setname_np(vcpu->thread, name);
	return 0;
}

void kt_vcpu_kick(struct kt_vcpu *vcpu)
{
	atomic_store(&vcpu->stop, true);
	/* Whichever comes first, this or the signal, the next KVM_RUN ends. */
	if (vcpu->run)
		*(volatile uint8_t *)&vcpu->run->immediate_exit = 1;
	if (vcpu->started)
		pthread_kill(vcpu->thread, kick_signal());
}

void kt_vcpu_join(struct kt_vcpu *vcpu)
{
	if (vcpu->started)
		pthread_join(vcpu->thread, NULL);
	vcpu->started = false;
}
