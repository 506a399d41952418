/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

/* A vCPU's registers, for a report about what ended the guest. */

#include <stddef.h>
#include <stdint.h>

#include "vmm/state.h"

#define KT_REGISTERS_TEXT_BYTES 1536

/* The vCPU must not be running. Unreadable registers are said to be so. */
void kt_registers_text(int vcpu_fd, char *text, size_t size);

/* Where the vCPU is; it must not be running. 0 or -errno. */
int kt_registers_where(int vcpu_fd, struct kt_state_vcpu *ret);
