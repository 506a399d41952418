/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

/*
 * The kernel's log, followed from its first line through /dev/kmsg
 * (Documentation/ABI/testing/dev-kmsg): one record a read.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/strbuf.h"

/* Levels of <linux/kern_levels.h>; WARN_ON() and BUG() are at most 4. */
#define KT_KMSG_WARNING 4

struct kt_kmsg_record {
	unsigned int level;    /* 0 emergency ... 7 debug */
	unsigned int facility; /* 0: the kernel itself */
	uint64_t sequence;
	uint64_t time_us;
	const char *text; /* points into the record, not terminated */
	size_t length;
};

/* -EINVAL for what is no record. */
int kt_kmsg_parse(const char *record, size_t length, struct kt_kmsg_record *ret);

/* Appends "[    1.234567] text" and a newline. */
void kt_kmsg_format(const struct kt_kmsg_record *record, struct kt_strbuf *ret);

/*
 * The line that the OOM killer writes after a victim of the machine's own
 * shortage ("Out of memory: Killed process 97 (sh) ..."). A cgroup that ran
 * into its limit is the test's own affair and does not count.
 */
bool kt_kmsg_is_oom_kill(const struct kt_kmsg_record *record);

/* Any victim, of whatever shortage: what /proc/vmstat counts as oom_kill. */
bool kt_kmsg_is_kill(const struct kt_kmsg_record *record);

/* The last lines, whole ones only. Zero-initialised it is empty. */
#define KT_KMSG_TAIL_BYTES 4096
struct kt_kmsg_tail {
	char text[KT_KMSG_TAIL_BYTES];
	size_t length;
};

/* `line` ends in a newline; one that is longer than the tail is cut. */
void kt_kmsg_tail_add(struct kt_kmsg_tail *tail, const char *line, size_t length);

/* A number out of the text of /proc/vmstat; 0 when it is not there. */
uint64_t kt_vmstat_value(const char *vmstat, const char *name);

/* Opens the log at its first record, non-blocking. The fd or -errno. */
int kt_kmsg_open(const char *path);

/*
 * Reads the next record into `buffer` and parses it. 1: a record; 0: no more
 * for now. Records that the kernel had to overwrite are skipped.
 */
int kt_kmsg_read(int fd, char *buffer, size_t size, struct kt_kmsg_record *ret);
