/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

/* What the monitor saw, in words. */

#include <ktstr/vm.h>

#include "base/strbuf.h"

/*
 * Appends "stuck 3500ms on cpu1 at +1200ms, in 5 samples" and the like, and no
 * newline. Times are from the test's begin, where it told of one.
 */
void kt_violation_text(struct kt_strbuf *sb,
		       const struct ktstr_monitor_violation *violation,
		       const struct ktstr_vm_result *machine);

/*
 * All of a report's in one line, of many the first and how many more there are;
 * false: there is none.
 */
bool kt_violations_text(struct kt_strbuf *sb,
			const struct ktstr_vm_result *machine);
