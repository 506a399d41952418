/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

/* Running another program to its end, with every wait bounded. */

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "base/strbuf.h"

/* The program's file descriptor for lines to `on_status`. */
#define KT_PROCESS_STATUS_FD 3

struct kt_process {
	/* NULL-terminated; argv[0] is looked up in PATH, then where programs
	 * are that a user's PATH may lack: sbin, apt's helpers. */
	const char *const *argv;
	const char *package;   /* Debian package to name when it is missing */
	const char *directory; /* working directory; NULL: ours */

	/* Ended, as hung, after so long without a byte from it; a status line
	 * that only repeats the one before does not count. */
	unsigned int silence_ms;
	unsigned int limit_ms; /* ended after so long in all; 0: no limit */
	/* More than this on its standard output ends it; 0: 64 MiB are kept,
	 * and what follows is dropped. */
	size_t output_max_bytes;

	/* Gets its wait status, waitpid(2), if it has ended by itself; or NULL. */
	int *wait_status;

	/* Gets what it wrote to its standard error, success or not; or NULL. */
	struct kt_strbuf *errors;

	/* Asked several times a second; NULL: never. */
	bool (*cancelled)(void *userdata);
	/* Each line that it writes to KT_PROCESS_STATUS_FD; NULL: none. */
	void (*on_status)(void *userdata, const char *line);
	void *userdata;
};

/*
 * Runs it with the C locale, nothing on its standard input and a process group
 * of its own, and waits for its end. Its standard output is appended to
 * `output` (NULL: dropped). It dies with the calling thread.
 *
 * -ENOENT: there is no such program; -ECANCELED: `cancelled` said so;
 * -ETIMEDOUT: silent, or running, for too long; -EFBIG: more output than
 * output_max_bytes; -EREMOTEIO: it failed, and the message ends
 * in what it wrote to its standard error.
 */
int kt_process_run(const struct kt_process *process, struct kt_strbuf *output,
		   struct ktstr_error *err);
