/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

/* A vCPU's registers as text, for a report about what ended the guest. */

#include <stddef.h>

#define KT_REGISTERS_TEXT_BYTES 1536

/* The vCPU must not be running. Unreadable registers are said to be so. */
void kt_registers_text(int vcpu_fd, char *text, size_t size);
