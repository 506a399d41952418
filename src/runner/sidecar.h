/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

/*
 * The numbers behind a verdict, for programs: one JSON file a run, as
 * docs/sidecar.schema.json has it, in a directory for all runs of a command.
 */

#include "base/error.h"
#include "base/strbuf.h"
#include "runner/run.h"

/* Where a run was; borrowed. */
struct kt_sidecar_host {
	const char *kernel_image; /* of the guest */
	const char *kernel_release;
	bool nested;
};

/*
 * The directory: `wanted`, else a new one below ./ktstr-runs, named by time.
 * It exists when this returns; caller frees.
 */
int kt_sidecar_directory(const char *wanted, char **ret, struct ktstr_error *err);

/* Appends the document. */
int kt_sidecar_text(const struct kt_test_run *run,
		    const struct kt_sidecar_host *host, struct kt_strbuf *ret);

/* Writes it as DIRECTORY/STEM.ktstr.json, all or nothing. */
int kt_sidecar_write(const struct kt_test_run *run,
		     const struct kt_sidecar_host *host, const char *directory,
		     const char *stem, struct ktstr_error *err);
