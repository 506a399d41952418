/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

/*
 * Where Debian kernels come from: suites of the mirrors that the machine's own
 * apt sources name. Nothing about a host is known here.
 */

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "base/strbuf.h"

/* The fields of `apt-get indextargets --format` that the plan is made from. */
#define KT_DEBIAN_TARGET_FORMAT                                                \
	"$(ORIGIN)|$(RELEASE)|$(COMPONENT)|$(REPO_URI)|$(SOURCESENTRY)"

struct kt_debian_source {
	char *uri;
	char *suite;
	char *keyring; /* path, NULL: whatever apt trusts */
};

struct kt_debian_sources {
	struct kt_debian_source list[16];
	size_t n;
};

void kt_debian_sources_deinit(struct kt_debian_sources *sources);

/*
 * Plans the suites to look in: `suite` alone, or (NULL) trixie-backports,
 * bookworm-security, bookworm and the machine's own. `targets` are lines of
 * KT_DEBIAN_TARGET_FORMAT. Where the machine has never read its package lists,
 * apt knows no origins, and a mirror counts as Debian's by its path. Keyrings
 * are read from the sources files that the targets name.
 */
int kt_debian_sources_plan(const char *targets, const char *suite,
			   struct kt_debian_sources *ret,
			   struct ktstr_error *err);

/* In sources.list(5) form, for one architecture ("amd64"). */
void kt_debian_sources_print(const struct kt_debian_sources *sources,
			     const char *architecture, struct kt_strbuf *out);

/* "trixie-backports, bookworm-security and bookworm", for messages. */
void kt_debian_sources_name(const struct kt_debian_sources *sources,
			    struct kt_strbuf *out);
