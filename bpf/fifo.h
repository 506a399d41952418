/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

/* What the loader and the BPF side of the FIFO scheduler share. */

#define FIFO_NAME       "ktstr_fifo"
#define FIFO_COMM_BYTES 16

/* How long a runnable task may wait before the kernel ends the scheduler. */
#define FIFO_TIMEOUT_MS       20000
#define FIFO_STALL_TIMEOUT_MS 2000

/* Set before the load. */
struct fifo_options {
	/* A task of this name is taken and never handed on; "": none. */
	char stalled_comm[FIFO_COMM_BYTES];
};

struct fifo_state {
	unsigned int give_error; /* set by the loader: call it an error */
	unsigned int exit_kind;  /* set at the end: enum scx_exit_kind */
};
