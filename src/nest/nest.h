/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

/*
 * Running ktstr where the host's own KVM cannot run an ordinary kernel: inside
 * an emulated machine (QEMU TCG with AMD SVM) that has a real /dev/kvm.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/log.h"

enum kt_accel {
	KT_ACCEL_AUTO,
	KT_ACCEL_KVM,
	KT_ACCEL_NESTED,
};

/*
 * Tries whether KVM can run an ordinary guest: a tiny long-mode guest that
 * executes a VEX-encoded and a BMI instruction and exits. 0 when it can, else
 * an error that says what went wrong (no device, no right, emulation fault).
 */
int kt_kvm_probe(struct ktstr_error *err);

/* The shape of the emulated machine. */
struct kt_nest_shape {
	uint32_t cpus;	     /* default 1: see docs; more only if needed */
	uint32_t sockets;    /* each is an L3 and, with nodes, part of one */
	uint32_t numa_nodes;
	uint32_t hugepages;  /* of 2 MiB, reserved at its boot */
	uint32_t memory_mib;
};

/*
 * Runs `argv` (this program's own, argv[0] resolved) inside an emulated
 * machine of that shape, starting one or joining one that is up, with the
 * host's files, working directory, environment, standard streams and terminal,
 * and passes signals on. Returns 0 and the exit status in `ret_status`.
 */
int kt_nest_run(const struct kt_nest_shape *shape, const char *const *argv,
		const struct ktstr_log *log, int *ret_status,
		struct ktstr_error *err);
