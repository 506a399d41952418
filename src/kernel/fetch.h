/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

/*
 * Getting a stock kernel from Debian's archive into the cache, as
 * CACHE/kernels/RELEASE/{vmlinuz,config,lib/modules/RELEASE}. Nothing is
 * installed, no right is needed, and a kernel appears whole or not at all.
 */

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/log.h"
#include "kernel/release.h"

enum kt_fetch_phase {
	KT_FETCH_WAITING, /* for another fetch to end */
	KT_FETCH_LISTS,
	KT_FETCH_DOWNLOAD,
	KT_FETCH_UNPACK,
};

struct kt_fetch_progress {
	enum kt_fetch_phase phase;
	const char *release; /* NULL until it is known */
	uint64_t done_bytes; /* of the download */
	uint64_t total_bytes;
};

struct kt_fetch_request {
	const char *version; /* "latest", "7.3", "6.18.15", a whole release */
	const char *suite;   /* look there only; NULL: the usual suites */
	/* Called on the caller's thread, also several times a second; each may
	 * be NULL. */
	void (*progress)(void *userdata,
			 const struct kt_fetch_progress *progress);
	bool (*cancelled)(void *userdata);
	void *userdata;
	const struct ktstr_log *log;
};

struct kt_fetch_result {
	char release[KT_RELEASE_BYTES];
	char *image;          /* in the cache; caller frees */
	bool was_there;       /* nothing was downloaded */
	uint64_t total_bytes; /* of the packages */
};

/*
 * A series means its newest point release on offer. An interrupted download
 * (-ECANCELED, a broken network) is gone on with by the next fetch; several at
 * once wait for each other. -ENOENT: the version is not on offer, and the
 * message lists what is.
 */
int kt_kernel_fetch(const struct kt_fetch_request *request,
		    struct kt_fetch_result *ret, struct ktstr_error *err);
