/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

/*
 * Running VMs and the user: signals, window size, and in shell mode the keys.
 *
 * One thread watches all of it. SIGINT, SIGTERM, SIGHUP and SIGQUIT end what
 * runs, a second one the process; SIGTSTP and SIGCONT give the terminal back
 * and take it again. In shell mode the thread passes the keys on, so that three
 * times Ctrl-] within a second gets the user out of a guest that hangs.
 */

#include <pthread.h>
#include <signal.h>
#include <stdbool.h>

#include <ktstr/vm.h>

struct kt_watch {
	struct ktstr_vm *vm; /* NULL: there is `end` */
	/* What the first signal calls, from the watching thread, where there
	 * is not one VM for it to end. Set it before kt_watch_start(). */
	void (*end)(void *userdata);
	void *userdata;
	bool interactive;
	int keys_fd;       /* read end for the VM: ktstr_stdio.input_fd */
	int keys_write_fd; /* -1 unless interactive */
	int signal_fd;
	int end_fd; /* eventfd that ends the thread */
	bool blocked;
	sigset_t saved_mask;
	pthread_t thread;
	bool running;
	int stop_signal;      /* what ended it all, 0 if nothing did */
	bool escaped;         /* the user typed his way out */
	unsigned int escapes; /* keys of the sequence so far */
	uint64_t first_escape_ns;
};

/*
 * Opens what the VM is configured with: the pipe for the keys, if interactive.
 * Signals and the terminal are as they were until kt_watch_start().
 */
int kt_watch_init(struct kt_watch *watch, bool interactive,
		  struct ktstr_error *err);

/*
 * From here on the thread looks after `vm`, or calls `end`; raw mode, if
 * interactive. Signals are blocked in the caller's thread and in those that it
 * makes. Undo a failure with kt_watch_stop() too.
 */
int kt_watch_start(struct kt_watch *watch, struct ktstr_vm *vm,
		   struct ktstr_error *err);

/* Ends the thread and gives the terminal back; the VM is no longer used. */
void kt_watch_stop(struct kt_watch *watch);

/*
 * Gives the rest back. When a signal had ended what ran it ends the process now,
 * in its own way, and this does not return.
 */
void kt_watch_deinit(struct kt_watch *watch);
