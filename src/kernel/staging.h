/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

/*
 * How a kernel gets into CACHE/kernels: packages are unpacked and put in order
 * in CACHE/kernels/.staging (hold the "fetch" lock), then the finished
 * directory is renamed to CACHE/kernels/RELEASE.
 */

#include <stdbool.h>

#include "base/error.h"
#include "kernel/release.h"

struct kt_staging {
	char release[KT_RELEASE_BYTES];
	char *kernels;
	char *root;
	char *unpacked; /* where packages are to be unpacked */
	char *finished;
};

/* Removes what was not published. */
void kt_staging_deinit(struct kt_staging *staging);

/* Also clears away what a killed fetch left. */
int kt_staging_init(struct kt_staging *staging, const char *release,
		    struct ktstr_error *err);

/*
 * Puts image, config and modules into their places whatever the packages'
 * layout, checks that the image is the release that it should be, runs depmod
 * and publishes.
 */
int kt_staging_publish(struct kt_staging *staging, struct ktstr_error *err);

/* CACHE/kernels/RELEASE/vmlinuz; caller frees. */
int kt_staging_image(const char *release, char **ret, struct ktstr_error *err);

bool kt_staging_is_published(const char *release);

/*
 * The published release that a point release ("6.18.15") or a whole release
 * means, into `ret` of KT_RELEASE_BYTES; false for a series.
 */
bool kt_staging_find(const char *version, char *ret);
