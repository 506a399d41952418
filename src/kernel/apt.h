/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

/*
 * apt, run beside the system's: with sources, package lists and downloads of
 * its own below CACHE/apt, on which the system's apt has no bearing, and
 * nothing installed. Everything that it hands out was verified by it against
 * the archive's signature.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/strbuf.h"
#include "kernel/debian_sources.h"
#include "kernel/release.h"

struct kt_apt {
	char *directory;     /* CACHE/apt */
	char *configuration; /* a file for apt's -c */
	char *downloads;
	struct kt_debian_sources sources;
	struct kt_strbuf names; /* of packages, since kt_apt_offers() */
	bool (*cancelled)(void *userdata); /* as for kt_process */
	void *userdata;
};

void kt_apt_deinit(struct kt_apt *apt);

/*
 * Makes the private state for `suite` (NULL: the usual ones, see
 * debian_sources.h). One user at a time: hold a lock.
 */
int kt_apt_init(struct kt_apt *apt, const char *suite,
		bool (*cancelled)(void *userdata), void *userdata,
		struct ktstr_error *err);

/*
 * Reads the suites' package lists anew. Where some or all could not be had,
 * returns 0 and what apt said in `complaints`: older lists may do.
 */
int kt_apt_update(struct kt_apt *apt, struct kt_strbuf *complaints,
		  struct ktstr_error *err);

struct kt_apt_offer {
	char release[KT_RELEASE_BYTES];
	/* False where the archive has lost some of its packages: a split
	 * kernel's modules go before its image does. */
	bool complete;
};

/* Kernel releases that the lists offer, the newest first. */
struct kt_apt_offers {
	struct kt_apt_offer *list;
	size_t n;
};

void kt_apt_offers_deinit(struct kt_apt_offers *offers);
int kt_apt_offers(struct kt_apt *apt, struct kt_apt_offers *ret,
		  struct ktstr_error *err);

/*
 * The offer that `version` means: "latest", a series or point release (among
 * kernels made for virtual machines if there are any), or a release in full.
 * NULL when there is none that is as `complete` as asked. "-unsigned" and
 * debug packages are never offers.
 */
const char *kt_apt_pick(const struct kt_apt_offers *offers, const char *version,
			bool complete);

struct kt_apt_package {
	char *uri;
	char *file; /* name that the package is downloaded under */
	char *hash; /* "SHA256:..." from the signed list */
	uint64_t bytes;
};

struct kt_apt_packages {
	struct kt_apt_package list[8];
	size_t n;
};

void kt_apt_packages_deinit(struct kt_apt_packages *packages);

/*
 * The packages that make up an offered kernel: its linux-image package and
 * what that depends on for the same release (it is split since 6.19).
 */
int kt_apt_packages(struct kt_apt *apt, const char *release,
		    struct kt_apt_packages *ret, struct ktstr_error *err);

/*
 * Downloads one package to apt->downloads unless it is there already, going on
 * where an earlier download was interrupted. `progress` gets the bytes present,
 * several times a second.
 */
int kt_apt_download(struct kt_apt *apt, const struct kt_apt_package *package,
		    void (*progress)(void *userdata, uint64_t bytes),
		    struct ktstr_error *err);

/* Unpacks a downloaded package into a directory (dpkg -x). */
int kt_apt_extract(struct kt_apt *apt, const struct kt_apt_package *package,
		   const char *directory, struct ktstr_error *err);
