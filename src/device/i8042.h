/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

/*
 * The PC's keyboard controller with nothing plugged in. It is here for its
 * reset line, which `reboot=k` pulls (command 0xFE, or the output port's bit 0
 * through 0xD1); the other commands answer well enough for a driver to find a
 * working controller without a keyboard or a mouse.
 */

#include "device/device.h"

/* The two ports that it takes, offsets 0 and 4 of a range of 5. */
#define KT_I8042_DATA_PORT    0x60
#define KT_I8042_COMMAND_PORT 0x64
#define KT_I8042_PORTS        5

struct kt_i8042;

/*
 * `reset` runs on the vCPU thread that pulled the line, each time that it is
 * pulled, without a lock held.
 */
int kt_i8042_create(void (*reset)(void *userdata), void *userdata,
		    struct kt_i8042 **ret);
/* NULL is fine. */
void kt_i8042_destroy(struct kt_i8042 *controller);

/*
 * The `device` is a struct kt_i8042. Offset 0 is port 0x60 and offset 4 port
 * 0x64; 1 to 3 (port 0x61 is the speaker's) float.
 */
extern const struct kt_device_ops kt_i8042_ops;
