/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

/* The disk and the network of a test's machine, out of a list of tests. */

#include <jansson.h>
#include <stdbool.h>

#include <ktstr/disk.h>
#include <ktstr/network.h>

#include "base/error.h"

struct kt_devices {
	bool has_disk;
	struct ktstr_disk disk; /* whose name is owned */
	bool has_network;
	struct ktstr_network network;
};

/* Of a test's entry; what is not in it there is not. -EINVAL, -ENOMEM. */
int kt_devices_take(const json_t *entry, struct kt_devices *ret,
		    struct ktstr_error *err);
void kt_devices_deinit(struct kt_devices *devices);
