/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

#include <ktstr/payload.h>

/*
 * As ktstr_payload_start(), in a cgroup from its first instruction on:
 * `procs_fd` is that one's cgroup.procs, open for writing; -1: none.
 */
struct ktstr_payload_run *kt_payload_start_in(struct ktstr_context *ctx,
					      const struct ktstr_payload *payload,
					      int procs_fd);
