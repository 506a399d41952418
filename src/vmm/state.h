/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

/* Where a guest was when its time had run out, as text. Pure. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "device/virtio/console.h"

enum kt_state_activity {
	KT_STATE_UNKNOWN, /* KVM did not say; nothing else is set */
	KT_STATE_RUNNING,
	KT_STATE_HALTED,
	KT_STATE_NOT_STARTED, /* waits for the guest to start it */
};

struct kt_state_vcpu {
	enum kt_state_activity activity;
	uint64_t rip;
	uint64_t rsp;
	bool interrupts; /* RFLAGS.IF */
	uint8_t cpl;
};

struct kt_state_evidence {
	const struct kt_state_vcpu *vcpus;
	size_t n_vcpus;
	bool ready;  /* init had come up */
	bool exited; /* init had reported an exit code */
	const struct kt_console_state *console;
	const char *kernel; /* the kernel's log; NULL or "": none */
};

/* Running vCPUs have a line each, up to this many. */
#define KT_STATE_RUNNING_MAX 32
/* Others are told by where they are, at up to this many places. */
#define KT_STATE_PLACES_MAX  16

/*
 * Some lines of bounded length; NULL when memory ran out. Caller frees. Nothing
 * in it can harm a terminal.
 */
char *kt_state_text(const struct kt_state_evidence *evidence);
