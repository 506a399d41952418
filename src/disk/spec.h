/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

/*
 * A disk as a text, as command lines have it: its size, and options behind
 * commas, in any order, each at most once:
 *
 *	1G,fs=raw,iops=500,iops-burst=1000,bps=20M,bps-burst=40M,name=DB,ro
 *
 * A size without a unit is in MiB, a number of bytes without one in bytes; the
 * units are K, M, G and T, of 1024. Pure.
 */

#include <ktstr/disk.h>

#include "base/error.h"

struct kt_disk_spec {
	struct ktstr_disk_config config; /* its name is the next member */
	char name[KTSTR_DISK_NAME_MAX + 1];
};

/* -EINVAL with what is wrong; `ret` must stay where it is. */
int kt_disk_spec_parse(const char *text, struct kt_disk_spec *ret,
		       struct ktstr_error *err);
