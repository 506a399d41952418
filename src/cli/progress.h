/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

/*
 * Lines at the bottom of a terminal that tell what is going on, below all else
 * that is printed. Any thread may call; the lines are out of the way while
 * another one prints.
 */

#include <pthread.h>
#include <stdbool.h>

#include <ktstr/log.h>

#include "cli/cli.h"

struct kt_progress {
	const struct kt_cli *cli;
	bool live; /* else there are no lines, and the rest is just printed */
	pthread_mutex_t lock;
	struct kt_strbuf lines;
	size_t drawn; /* lines that are there now */
	bool output_failed;
};

/* Standard output must be a terminal if it is to be `live`. */
void kt_progress_init(struct kt_progress *progress, const struct kt_cli *cli,
		      bool live);

/* The lines vanish. */
void kt_progress_deinit(struct kt_progress *progress);

/*
 * Puts these lines, each with a newline, in place of those that were there. As
 * much of them is shown as fits.
 */
void kt_progress_show(struct kt_progress *progress, const char *lines);

/* Prints a result; what cannot be written is told once, and remembered. */
void kt_progress_print(struct kt_progress *progress,
		       const struct kt_strbuf *text);

/* Prints a note as the command's own log does. */
void kt_progress_note(struct kt_progress *progress, enum ktstr_log_level level,
		      const char *message);
