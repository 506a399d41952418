/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

/*
 * One run of a VM, from nothing to its result: run.c sets it up and takes it
 * down, run_loop.c waits in between, result.c tells what came of it.
 */

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#include <ktstr/vm.h>

#include "initramfs/initramfs.h"
#include "vmm/machine.h"
#include "vmm/session.h"
#include "vmm/steal.h"
#include "vmm/vm.h"
#include "vmm/monitor.h"

struct kt_run {
	struct ktstr_vm *vm;
	const struct kt_config *config; /* the VM's */
	struct kt_initramfs *initramfs;
	struct kt_machine *machine; /* NULL: stopped before there was one */
	struct kt_session session;

	/* measure.c */
	struct kt_steal steal;
	uint64_t sampled_ns; /* when the last sample was taken */
	uint64_t steal_sent_ns;
	bool steal_refused; /* the host cannot */

	/* measure.c too */
	struct kt_monitor *monitor; /* NULL: there is none */
	bool monitor_began;
	bool writes_wanted; /* of the monitor */
	bool go_sent;
	struct ktstr_monitor_report *report;
	/* control.c */
	struct kt_control_server *control; /* NULL: there is none */
	char *control_name;
	time_t control_started;
	bool control_ready; /* it tells the symbols */

	bool saved;        /* save.c, or tried to */
	char *image_error; /* likewise */

	uint64_t start_ns;
	uint64_t first_run_ns; /* 0: the guest never ran */
	uint64_t end_ns;
	struct ktstr_vm_timings timings;
	bool timed_out;
	bool stopped;
	char *state; /* kt_run_note_state()'s */
};

/* Whether ktstr_vm_stop() was called. */
bool kt_run_stop_requested(const struct kt_run *run);

/*
 * Serves the guest until it ends, runs out of time or is stopped, and leaves
 * behind in `run` which of these it was. 0 or -errno of a wait that failed.
 */
int kt_run_loop(struct kt_run *run, struct ktstr_error *err);

/*
 * Measures the vCPUs' steal ten times a second, once the guest has asked for
 * it, and sends it there: call kt_run_measure() when kt_run_measure_due(), a
 * kt_now_ns(), has come. UINT64_MAX: nobody asked.
 */
uint64_t kt_run_measure_due(const struct kt_run *run);
void kt_run_measure(struct kt_run *run);

/*
 * Starts the monitor, if there is to be one; lets it begin once the guest has
 * said where its kernel keeps things; and ends it, which is to be before the
 * vCPUs are stopped.
 */
void kt_run_monitor_start(struct kt_run *run);
void kt_run_monitor(struct kt_run *run);
void kt_run_monitor_end(struct kt_run *run);
/* Readable when kt_run_monitor() has something to do; -1: never. */
int kt_run_monitor_eventfd(const struct kt_run *run);

/*
 * Serves who wants to look into the run, if that is asked for: from a machine
 * on, with more to tell once the guest has said where its kernel keeps things,
 * to before it is taken down.
 */
int kt_run_control_start(struct kt_run *run, struct ktstr_error *err);
void kt_run_control(struct kt_run *run);
void kt_run_control_end(struct kt_run *run);

/*
 * Saves the guest's memory, if that was asked for, while the vCPUs run; once.
 * kt_run_save_due() is when that is to be, a kt_now_ns(); UINT64_MAX: at the end
 * of the run.
 */
uint64_t kt_run_save_due(const struct kt_run *run);
void kt_run_save(struct kt_run *run);

/*
 * After the vCPUs have stopped, and before kt_run_drain() moves what the guest
 * had left behind: notes where a guest that ran out of time was.
 */
void kt_run_note_state(struct kt_run *run);

/* After the vCPUs have stopped: what the guest wrote last gets delivered. */
void kt_run_drain(struct kt_run *run);

int kt_run_result(struct kt_run *run, struct ktstr_vm_result **ret,
		  struct ktstr_error *err);
