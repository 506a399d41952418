/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

/*
 * A program that runs beside a test, or before and after it: both of its
 * streams are read, and the end of what it said is kept.
 */

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"
#include "base/strbuf.h"

struct kt_program {
	pid_t pid;     /* also its session; 0: none was started */
	int pid_fd;    /* readable at its end */
	int output_fd; /* readable when there is output; -1: no more */
	struct kt_strbuf output;
	size_t max_bytes;
	bool ended;
	int wait_status; /* once it has ended */
};

#define KT_PROGRAM_NONE                                                        \
	{                                                                      \
		.pid_fd = -1, .output_fd = -1                                  \
	}

/* Of its output the last `max_bytes` are kept. */
int kt_program_start(struct kt_program *program, const char *path,
		     char *const argv[], size_t max_bytes,
		     struct ktstr_error *err);

/* Kills what still runs of its session. */
void kt_program_deinit(struct kt_program *program);

/* Takes what is there of output, and the end if it is one. Does not wait. */
void kt_program_update(struct kt_program *program);

/*
 * Waits for its end, for input on `other_fd` (-1: none), or for the time to
 * come, and updates it. True when it has ended.
 */
bool kt_program_await(struct kt_program *program, uint64_t deadline_ns,
		      int other_fd);

/* SIGTERM, and after that time SIGKILL: then false. */
bool kt_program_stop(struct kt_program *program, unsigned int limit_ms);

/* "exited with 3", "was killed by signal 6 (Aborted)"; of one that ended. */
void kt_program_describe_end(const struct kt_program *program,
			     struct kt_strbuf *ret);

/* The last whole lines of its output, in so many bytes, with no newline at
 * their end: a pointer into it, and a length. */
const char *kt_program_tail(const struct kt_program *program, size_t max_bytes,
			    size_t *ret_length);
