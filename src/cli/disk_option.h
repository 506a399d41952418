/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

/*
 * --disk: a size, and behind it words with commas between them, as in
 * "1G,iops=500,bps=20M,ro".
 */

#include <ktstr/disk.h>

#include "base/error.h"

#define KT_DISK_OPTION_HELP                                                    \
	"Give the machine a disk of this size, /dev/vda, new and empty. "      \
	"Behind the size, with commas between: fs=raw, iops=N and bps=SIZE "   \
	"for what it does in a second at most, iops-burst=N and "              \
	"bps-burst=SIZE for what it does at once after a rest, name=NAME for " \
	"its serial number, ro for one that cannot be written."

struct kt_disk_option {
	struct ktstr_disk disk; /* its name is the buffer's */
	char name[KTSTR_DISK_NAME_MAX + 1];
};

int kt_disk_option_parse(const char *text, struct kt_disk_option *ret,
			 struct ktstr_error *err);
