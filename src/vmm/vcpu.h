/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

/*
 * One virtual CPU and the thread that runs it. The thread blocks every signal;
 * KVM_RUN alone lets the kick signal (SIGRTMIN) through, by KVM's own signal
 * mask. So a kick is never lost and never runs a handler: the library installs
 * none, and a program that uses SIGRTMIN itself is not disturbed.
 */

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <ktstr/vm.h>

#include "base/error.h"
#include "vmm/bus.h"
#include "vmm/end.h"
#include "vmm/kvm_vm.h"

struct kvm_run;

/* What a vCPU's exits lead to. Called from its thread. */
struct kt_vcpu_host {
	const struct kt_bus *ports;
	const struct kt_bus *mmio;
	/* The thread of that vCPU has begun. */
	void (*begin)(void *userdata, uint32_t vcpu);
	/* The machine is to stop, because of this. */
	void (*end)(void *userdata, const struct kt_end *end);
	/* Split irqchip: the guest acknowledged a level interrupt. */
	void (*eoi)(void *userdata, uint8_t vector);
	void *userdata;
};

struct kt_vcpu {
	uint32_t index;
	int fd;
	int stats_fd; /* -1: KVM has none */
	struct kvm_run *run;
	size_t run_bytes;
	const struct kt_vcpu_host *host;
	pthread_t thread;
	bool started;
	atomic_bool stop;
	atomic_int tid; /* the thread's, once it has begun; else 0 */

	/* Once it was joined. */
	bool steal_known;
	struct ktstr_vcpu_steal steal;
};

#define KT_VCPU_INIT                                                           \
	{                                                                      \
		.fd = -1, .stats_fd = -1                                       \
	}

/*
 * Makes the vCPU `index` with that APIC id. Its statistics descriptor is opened
 * here, since once a vCPU has run KVM may keep the caller waiting for a halted
 * one.
 */
int kt_vcpu_init(struct kt_vcpu *vcpu, struct kt_kvm *kvm, uint32_t index,
		 uint32_t apic_id, const struct kt_vcpu_host *host,
		 struct ktstr_error *err);

/* The thread must have been joined, or never started. */
void kt_vcpu_deinit(struct kt_vcpu *vcpu);

int kt_vcpu_start(struct kt_vcpu *vcpu, struct ktstr_error *err);

/* Asks the thread to end; returns at once. */
void kt_vcpu_kick(struct kt_vcpu *vcpu);
void kt_vcpu_join(struct kt_vcpu *vcpu);
