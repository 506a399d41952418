/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

/*
 * The one program that PID 1 runs for its user: in a session of its own, with
 * clean signal handling, killable by the OOM killer as init is not.
 */

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct kt_child {
	pid_t pid;  /* also its session and process group */
	int in_fd;  /* to its standard input: non-blocking; owned */
	int out_fd; /* from its standard output; the same as in_fd on a pty */
	int err_fd; /* from its error stream; -1 on a pty */
};

/*
 * Starts `path` with `argv` and this process's environment, over three pipes.
 * A program that cannot be executed says so on its error stream and exits
 * with 127, or 126 where it is there but not executable, as in a shell.
 */
int kt_child_start_pipes(const char *path, char *const argv[],
			 struct kt_child *ret);

/*
 * As above with both streams in one pipe, out_fd, and nothing to read: in_fd
 * and err_fd are -1.
 */
int kt_child_start_merged(const char *path, char *const argv[],
			  struct kt_child *ret);

/* As above on a new pty of this size, its controlling terminal. */
int kt_child_start_pty(const char *path, char *const argv[], uint16_t columns,
		       uint16_t rows, struct kt_child *ret);

/* Tells the pty its size; the foreground process group gets a SIGWINCH. */
int kt_child_resize(const struct kt_child *child, uint16_t columns,
		    uint16_t rows);

/* Closes what is open; the process is the caller's to reap. */
void kt_child_close_input(struct kt_child *child);
void kt_child_deinit(struct kt_child *child);

/* A wait status as a shell reports it: 128 and the signal for a killed one. */
int kt_exit_code(int wait_status);
