/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

#include <stdint.h>

/* On how many CPUs this thread may run; 1 at least. */
uint32_t kt_allowed_cpus(void);
