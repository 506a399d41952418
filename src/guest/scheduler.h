/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

/*
 * The scheduler under test, around its test:
 *
 *	enable lines - start - attached? - go? - the test - stop - disable lines
 *	                                            ^--- it ends: so does the test
 *
 * A failure of the scheduler fails the test, with what the kernel and the
 * scheduler's own log say of it.
 */

#include <stdint.h>

#include <ktstr/scheduler.h>

#include "base/error.h"
#include "base/strbuf.h"
#include "guest/program.h"
#include "guest/test_run.h"

/* Where things are, and how long they may take; in a guest the defaults. */
struct kt_scheduler_places {
	const char *sched_ext; /* /sys/kernel/sched_ext */
	const char *kmsg;
	const char *shell;
	const char *log; /* is left there */
	const char *bpf_stats; /* a switch: let the kernel time BPF programs */
	const char *events; /* of what becomes of it; guest_files.h */
	const char *await_go;
	const char *go;
	unsigned int line_ms;
	unsigned int attach_ms;
	unsigned int stop_ms;
	unsigned int go_ms;
	/* For what follows an end: the log's lines, the program's exit. */
	unsigned int settle_ms;
};

extern const struct kt_scheduler_places kt_scheduler_in_guest;

struct kt_guest_scheduler {
	struct kt_test_companion companion;
	const struct ktstr_scheduler *declared; /* borrowed, as the next two */
	char **argv; /* of its program; NULL: it has none */
	const struct kt_scheduler_places *places;

	struct kt_program program;
	int uevent_fd; /* tells of every change of sched_ext */
	int kmsg_fd;
	int watch_fd; /* epoll: of these and the program's */
	uint64_t test_start_ns;
	bool is_enabled; /* all enable lines were run */
	bool is_attached;
	bool has_failed;
	struct kt_strbuf kernel_log; /* what sched_ext said */
};

/*
 * Makes the companion for kt_test_run() of a scheduler: `argv` is what the host
 * handed over, its path in the guest first. Does nothing yet.
 */
int kt_guest_scheduler_init(struct kt_guest_scheduler *scheduler,
			    const struct ktstr_scheduler *declared, char **argv,
			    const struct kt_scheduler_places *places,
			    struct ktstr_error *err);
void kt_guest_scheduler_deinit(struct kt_guest_scheduler *scheduler);
