/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

/* What `ktstr inspect` can show, as JSON: mostly a list of objects alike. */

#include <jansson.h>
#include <stdbool.h>

#include "cli/inspect_open.h"

struct kt_inspect_subject {
	const char *word;
	bool takes_name; /* of what is to be shown */
	/* NULL: `err` says why, or has no code where there was no memory. */
	json_t *(*take)(struct kt_inspected *seen, const char *name,
			struct ktstr_error *err);
};

/* Ended by one without a word. */
extern const struct kt_inspect_subject kt_inspect_subjects[];
