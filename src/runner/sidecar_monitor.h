/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

/* The monitor's part of a sidecar. */

#include <jansson.h>

#include <ktstr/monitor.h>

/* NULL without memory, or parts of it missing: as jansson leaves it. */
json_t *kt_sidecar_monitor(const struct ktstr_monitor_report *report);
