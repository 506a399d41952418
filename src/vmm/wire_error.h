/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

/*
 * What a guest sent that its init would not have sent, in words. Pure.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "wire/decoder.h"

struct kt_wire_evidence {
	const struct kt_frame_decoder *decoder;
	struct kt_frame bad_frame; /* the first of a wrong checksum */
	uint64_t n_bad_frames;
	uint64_t n_bad_exits; /* exit codes that are no number */
	uint64_t n_results;   /* init sends one at most */
	bool at_end;          /* the guest ended by itself: no more will come */
};

/*
 * "A; B" for "the guest sent A; B". NULL when all was as it should be (or
 * memory ran out); caller frees.
 */
char *kt_wire_error_text(const struct kt_wire_evidence *evidence);
