/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

/*
 * Kernels of a few instructions: an ELF file that the VMM loads and enters as
 * it does any other. They use integer instructions only, so they run wherever
 * /dev/kvm makes VMs, also where it emulates what a guest executes.
 */

#include <stddef.h>
#include <stdint.h>

#define MICRO_GPA 0x1000000ULL

/* Writes such an ELF file; fails the test when that does not work. */
void micro_write_kernel(const char *path, const uint8_t *code, size_t length);

/* mov al, C; mov dx, 0x3f8; out dx, al */
#define MICRO_PUTC(c)   0xb0, (c), 0x66, 0xba, 0xf8, 0x03, 0xee
/* mov al, 0xfe; out 0x64, al: the reset line */
#define MICRO_RESET     0xb0, 0xfe, 0xe6, 0x64
/* jmp . */
#define MICRO_SPIN      0xeb, 0xfe
/* cli; hlt; jmp to the hlt */
#define MICRO_HALT      0xfa, 0xf4, 0xeb, 0xfd
/* ud2: with no interrupt table, a triple fault */
#define MICRO_FAULT     0x0f, 0x0b
/* mov al, S5 with SLP_EN; mov dx, 0x600; out dx, al */
#define MICRO_POWER_OFF 0xb0, 5 << 2 | 0x20, 0x66, 0xba, 0x00, 0x06, 0xee
