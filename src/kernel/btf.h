/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

/* The BTF blob's own header (Documentation/bpf/btf.rst, section 2). */

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

/*
 * Checks that magic, version and both areas fit the blob, so that a reader of
 * it starts from bounds that hold. -EBADMSG when not.
 */
int kt_btf_check(const uint8_t *data, size_t bytes, struct ktstr_error *err);
