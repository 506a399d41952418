/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

/*
 * Kernel release strings ("7.3.4+deb13-cloud-amd64") and what users write for
 * them: a series ("7.3") or a point release ("7.3.4").
 */

#include <stdbool.h>
#include <stddef.h>

#define KT_RELEASE_BYTES 128

/*
 * Copies the release that `text` begins with (up to a space or NUL, within
 * `bytes`) into `ret` of KT_RELEASE_BYTES. -EBADMSG unless it begins with a
 * digit and is made of letters, digits and "._+~-" only, so that it can be a
 * file name.
 */
int kt_release_parse(const char *text, size_t bytes, char *ret);

/* Whether a user's argument has the form of a version, complete or not. */
bool kt_release_is_version(const char *text);

/*
 * Whether `release` is what `version` asks for: the same release, or one that
 * goes on behind it with anything but a digit ("6.1" is not "6.12").
 */
bool kt_release_matches(const char *release, const char *version);

/*
 * Orders by age: <0 when a is older than b. Numbers compare as numbers, and a
 * release candidate ("-rc1") comes before its release.
 */
int kt_release_compare(const char *a, const char *b);
