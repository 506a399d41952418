/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

/* What is done to the workers while they work. */

#include "base/strbuf.h"
#include "scenario/stage.h"

/* "set_cpuset back", for events and messages. */
void kt_operation_print(const struct ktstr_operation *operation,
			struct kt_strbuf *sb);

int kt_operation_run(struct kt_stage *stage,
		     const struct ktstr_operation *operation,
		     struct ktstr_error *err);
