/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

#include <stdbool.h>

#include "shape.h"

/*
 * The guest's side: one shell script, whose output check_output() reads.
 *
 *	== facts	sysfs, a line "FILE:VALUE" each
 *	== memory	MemTotal by node
 *	== dmesg	the kernel's log with levels
 *	== end
 */
void guest_script(const struct shape *shape, struct kt_strbuf *ret);

/*
 * Whether what the guest printed is what the shape declares. Appends a line
 * for each thing that is not.
 */
bool check_output(const struct shape *shape, const char *output,
		  struct kt_strbuf *report);
