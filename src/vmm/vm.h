/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

/* The public handle. */

#include <stdatomic.h>

#include "vmm/config.h"

struct ktstr_vm {
	struct kt_config config;
	struct kt_sharing sharing; /* of the host */
	int stop_eventfd;     /* readable from the first ktstr_vm_stop() on */
	int resize_eventfd;   /* readable when `terminal` was changed */
	atomic_uint terminal; /* columns << 16 | rows; 0: not told yet */
	atomic_bool ran;
};
