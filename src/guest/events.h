/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

/*
 * The FIFO of a test's events (KT_GUEST_EVENTS in wire/guest_files.h): its
 * lines become KT_FRAME_STIMULUS frames as they come. Whether a line is an
 * event is for the host to judge.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "guest/link.h"
#include "wire/guest_files.h"

struct kt_events_fifo {
	int fd; /* both ends of it, so that writers may come and go; or -1 */
	struct kt_link *link; /* borrowed */
	char line[KT_EVENT_MAX_BYTES];
	size_t length;
	bool skipping; /* the line's begin was too long and is lost */
	uint64_t n_lost;
};

/* Makes the FIFO, writable for all, and opens it. 0 or -errno. */
int kt_events_fifo_open(struct kt_events_fifo *fifo, struct kt_link *link,
			const char *path);
void kt_events_fifo_close(struct kt_events_fifo *fifo);

/* Sends on what is there now, up to a bound; the frames are yet to be flushed. */
void kt_events_fifo_read(struct kt_events_fifo *fifo);

/* When all writers are gone: all that is left, and a note of what was lost. */
void kt_events_fifo_finish(struct kt_events_fifo *fifo);
