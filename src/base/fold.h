/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

/*
 * Long logs made short: what a BPF verifier says of a loop, once for each turn,
 * is told once.
 */

#include <stddef.h>

#include "base/strbuf.h"

/* A cycle of more lines is not looked for. */
#define KT_FOLD_LINES_MAX 64

/*
 * Appends `text`, in which lines that follow each other three times or more are
 * given once, with how often they came again. Of a verifier's lines only the
 * instruction is compared, and not the registers' states behind the ';', nor
 * what follows "from 12 to 7:". -ENOMEM.
 */
int kt_fold_cycles(const char *text, size_t length, struct kt_strbuf *ret);
