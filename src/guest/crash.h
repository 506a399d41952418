/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

/*
 * The last words of PID 1. They leave by COM2 (/dev/ttyS1), which carries
 * nothing else, in one write, so that the host can take whatever arrives there
 * as the reason why the guest ended. Everything here but
 * kt_crash_install_handlers() is async-signal-safe.
 */

#include <stddef.h>
#include <stdint.h>

/*
 * Describes a fatal signal of init in `text` and returns the length, without
 * the terminating NUL. Cuts off what does not fit into `size` bytes (> 0).
 */
size_t kt_crash_format_signal(char *text, size_t size, int signo,
			      uintptr_t address, uintptr_t instruction);

/* Writes to COM2 and waits until the UART has taken it; errors are lost. */
void kt_crash_write(const char *text, size_t length);

/* Reports faults of init itself by COM2 and reboots. 0 or -errno. */
int kt_crash_install_handlers(void);

/* Flushes the disks and restarts the machine: how a guest ends. */
_Noreturn void kt_guest_reboot(void);
