/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

/* The other end: asks a running VM, and shows its memory as if it were here. */

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "memory/guest_memory.h"

struct kt_control_client {
	int fd;
};

/* To the VM of that name; -ENOENT if none is running. */
int kt_control_connect(const char *name, struct kt_control_client *ret,
		       struct ktstr_error *err);
void kt_control_disconnect(struct kt_control_client *client);

/* What the VM is, as JSON, ended by a NUL; and its BTF. Caller frees. */
int kt_control_description(struct kt_control_client *client, char **ret,
			   struct ktstr_error *err);
int kt_control_btf(struct kt_control_client *client, void **ret,
		   size_t *ret_bytes, struct ktstr_error *err);

#define KT_LIVE_REGIONS_MAX 64

/*
 * The VM's RAM, a page of which is fetched when it is first asked for and then
 * kept: one pass sees each page once. What is written to it stays here. Must
 * stay where it is.
 */
struct kt_live_memory {
	struct kt_guest_memory memory;
	struct kt_memory_source source;
	struct kt_memory_region regions[KT_LIVE_REGIONS_MAX];
	struct kt_control_client *client;
	uint8_t *fetched; /* a bit each page, region after region */
	size_t n_pages;
	uint64_t n_fetches;
};

/* `regions` are as the description has them, without `hva`. */
int kt_live_memory_init(struct kt_live_memory *live,
			struct kt_control_client *client,
			const struct kt_memory_region *regions,
			size_t n_regions, struct ktstr_error *err);
void kt_live_memory_deinit(struct kt_live_memory *live);

/* The next pass sees memory as it is then. */
void kt_live_memory_forget(struct kt_live_memory *live);
