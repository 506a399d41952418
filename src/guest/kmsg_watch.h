/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

/*
 * What of the kernel's log the host must hear: warnings and worse as DMSG
 * frames, and the first victim of the guest's own lack of memory as a CRSH
 * frame with the log's last lines. A quiet kernel prints none of it on COM1.
 */

#include <stdbool.h>
#include <stdint.h>

#include "guest/kmsg.h"
#include "guest/link.h"

#define KT_KMSG_RECORD_BYTES (16u * 1024)

struct kt_kmsg_watch {
	struct kt_link *link; /* borrowed, as are the next two */
	int kmsg_fd;          /* -1: nothing to follow, or no more */
	const char *vmstat_path;
	struct kt_kmsg_tail tail;
	uint64_t kills; /* lines of the OOM killer seen */
	bool reported;
	char record[KT_KMSG_RECORD_BYTES];
};

void kt_kmsg_watch_init(struct kt_kmsg_watch *watch, struct kt_link *link,
			int kmsg_fd, const char *vmstat_path);

/* Takes what is there, up to a batch: a flood leaves time for the rest. */
void kt_kmsg_watch_read(struct kt_kmsg_watch *watch);

/*
 * To be called when a SIGKILL ended the program: waits a second at most for
 * the OOM killer's line, if it was the OOM killer. That one counts a kill
 * before it sends the signal and prints after (__oom_kill_process()), so a
 * count ahead of the lines seen means that a line is about to come.
 */
void kt_kmsg_watch_await_kill(struct kt_kmsg_watch *watch);
