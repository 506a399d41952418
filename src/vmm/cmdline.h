/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

/* The guest kernel's command line. Pure. */

#include <stdbool.h>
#include <stdint.h>

#include "base/strbuf.h"

/* What mounts the root file system with options, since Linux 6.18 and in later
 * updates of older series. */
#define KT_CMDLINE_ROOT_WORD "initramfs_options="

struct kt_cmdline_options {
	bool dmesg; /* the whole log on the console */
	uint32_t n_vcpus;
	uint32_t host_cpus; /* that the vCPUs will run on */
	bool large_root;    /* nine tenths of the memory, not half of it */
	const char *extra;  /* the user's; last, so that it wins. Nullable */
};

void kt_cmdline_write(const struct kt_cmdline_options *options,
		      struct kt_strbuf *ret);
