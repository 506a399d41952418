/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

#include <elf.h>

/* The architecture of guests here: the one that this was built for. */
#if defined(__x86_64__)
#define KT_MACHINE_ELF  EM_X86_64
#define KT_MACHINE_NAME "x86-64"
#elif defined(__aarch64__)
#define KT_MACHINE_ELF  EM_AARCH64
#define KT_MACHINE_NAME "arm64"
#else
#error "guests run on x86-64 and arm64 only"
#endif
