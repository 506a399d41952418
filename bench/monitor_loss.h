/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

/*
 * What being watched costs a guest: pairs of runs of as many spinning processes
 * as the host has CPUs, one with the monitor and one without, first the one and
 * then the other. The figure is the share of work units that are lost, with its
 * interval of 95 percent.
 *
 * Becomes itself with `argument` where KVM can run a kernel.
 */
void bench_guest_loss(const char *argument);

/* That other part. */
void bench_guest_loss_here(void);
