/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

/*
 * The parts of kt_kvm_probe() (nest.h), apart so that tests reach each cause
 * of failure without a machine that has it.
 */

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

/* How one KVM_RUN of the probe's guest ended. */
struct kt_probe_outcome {
	int run_errno;        /* KVM_RUN's, 0 when it returned 0 */
	bool without_bmi;     /* the CPU has none: ANDN may be no opcode */
	bool expired;         /* the time bound ended it */
	uint32_t exit_reason; /* KVM_EXIT_* */
	uint32_t suberror;    /* of KVM_EXIT_INTERNAL_ERROR */
	uint64_t rip;         /* where the guest stood */
	uint8_t answer;       /* what it wrote to the port, on KVM_EXIT_IO */
};

/* What the guest writes to its port when every instruction did its work. */
#define KT_PROBE_ANSWER 0x5a

#define KT_PROBE_CODE_GPA 0x3000
#define KT_PROBE_ANDN_GPA (KT_PROBE_CODE_GPA + 14) /* its ANDN */

/* 0 when the guest did what it should, else the error for the user. */
int kt_probe_judge(const struct kt_probe_outcome *outcome,
		   struct ktstr_error *err);

/* As kt_kvm_probe(), on another device and with another bound. */
int kt_probe_device(const char *path, unsigned int timeout_ms,
		    struct ktstr_error *err);
