/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

/*
 * The two sleep registers of reduced ACPI hardware (ACPI 6.5, 4.8.3.7): all
 * that they can do is power the machine off (S5).
 */

#include "device/device.h"

#define KT_SLEEP_PORTS 2

struct kt_sleep {
	/* On the vCPU thread that asked. */
	void (*power_off)(void *userdata);
	void *userdata;
};

/* The `device` is a struct kt_sleep, the range KT_SLEEP_PORTS long. */
extern const struct kt_device_ops kt_sleep_ops;
