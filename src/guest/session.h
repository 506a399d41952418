/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

/*
 * What PID 1 does while its user's program runs: one loop that carries bytes
 * between program and host, answers the host, follows the kernel's log, and
 * reaps whatever dies.
 *
 *	exec:	STDI frames -> pipe -> program -> pipes -> STDO, STDE frames
 *	shell:	console -> pty master -> shell -> pty master -> console
 *
 * In shell mode the console is port 0 (hvc0) in raw mode, and the line
 * discipline that the user sees is the pty's. hvc0 could be the shell's
 * terminal itself, but its driver sends each line by an exit of its own and
 * waits for the host with interrupts off, and hanging up at the shell's end
 * throws away what it still holds; a pty gathers the output, and its size and
 * its hangup are the usual ones.
 *
 * Everything is bounded: a side that does not take its bytes stops the other.
 * It needs to be neither root nor PID 1, so that the unit tests can run it.
 */

#include <stdbool.h>
#include <stdint.h>

#include "guest/child.h"
#include "guest/events.h"
#include "guest/link.h"

struct kt_session_config {
	struct kt_link *link;
	int sigchld_fd; /* signalfd of a blocked SIGCHLD */
	int kmsg_fd;    /* -1: none */
	int console_fd; /* shell mode: raw, non-blocking; else -1 */
	/* The host will ask for symbols: do not end before it was answered. */
	bool await_symbols;
	const char *kallsyms_path; /* as kt_symbols_start() has it */
	const char *vmstat_path;
	/* A test's: where its events come from, and where what the host measures
	 * is appended to (KT_GUEST_STEAL). NULL and -1: no test runs. */
	struct kt_events_fifo *events;
	int steal_fd;
	/* Ends every process that the program left behind. */
	void (*kill_leftovers)(pid_t session);
};

/*
 * Runs until the program has ended and all that it wrote is with the host;
 * `ret_exit_code` is then as kt_exit_code() gives it, not yet sent. Closes the
 * child's descriptors. -EPIPE when the host's end closed before; another
 * -errno for what should not happen.
 */
int kt_session_run(const struct kt_session_config *config,
		   struct kt_child *child, int *ret_exit_code);
