/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

#include <stdint.h>

/*
 * The rate of this machine's time-stamp counter in kHz, measured for 50 ms
 * against the monotonic clock; 0 when there is none to be had. The emulator
 * passes the counter through, and its machine, told the rate, need not
 * measure it: on a busy host that comes out wrong by any factor, and with it
 * every clock inside.
 */
uint32_t kt_nest_tsc_khz(void);
