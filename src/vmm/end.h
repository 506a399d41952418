/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

/*
 * How a machine came to its end, as the machine itself saw it. The first end
 * is the one that counts: what other vCPUs run into afterwards is its result.
 */

#include <stdint.h>

enum kt_end_kind {
	KT_END_NONE,
	KT_END_RESET,        /* the guest pulled the reset line */
	KT_END_POWER_OFF,    /* the guest asked for ACPI S5 */
	KT_END_TRIPLE_FAULT, /* a CPU shut down */
	KT_END_KVM_FAILED,   /* KVM could not go on with the guest's code */
};

#define KT_END_TEXT_BYTES 2048

struct kt_end {
	enum kt_end_kind kind;
	int32_t vcpu;                 /* -1: no CPU in particular */
	char text[KT_END_TEXT_BYTES]; /* "" or reason and registers */
};
