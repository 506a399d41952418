/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

/*
 * What the kernel tells of a sched_ext scheduler: the files of
 * /sys/kernel/sched_ext (kernel/sched/ext.c, v6.12 on) and, of its end, lines
 * in the kernel's log. There is no other record that outlives it.
 */

#include <stdbool.h>
#include <stddef.h>

#include "base/strbuf.h"

#define KT_SCHED_EXT_NAME_BYTES 128 /* SCX_OPS_NAME_LEN */

struct kt_sched_ext {
	char state[32];                    /* "enabled", "disabled", ... */
	char ops[KT_SCHED_EXT_NAME_BYTES]; /* "" without a scheduler */
};

/* -ENOENT when this kernel has no sched_ext. */
int kt_sched_ext_read(const char *directory, struct kt_sched_ext *ret);

/* A scheduler is there, and all that goes before that is done. */
bool kt_sched_ext_is_attached(const struct kt_sched_ext *state);

/*
 * Appends the lines of the log at `kmsg_fd`, from where it was read to, that
 * sched_ext wrote of itself, each with a newline; of many the last ones.
 */
void kt_sched_ext_read_log(int kmsg_fd, struct kt_strbuf *ret);
