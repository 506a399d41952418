/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* libFuzzer's entry point, called once an input. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A property that must hold; a failure is a finding. */
#define fuzz_check(condition)                                                  \
	do {                                                                   \
		if (!(condition))                                              \
			abort();                                               \
	} while (0)

/* Takes an input apart from its front; zeroes when it has run out. */
struct fuzz_input {
	const uint8_t *data;
	size_t left;
};

static inline void fuzz_take(struct fuzz_input *input, void *ret, size_t length)
{
	size_t have = length < input->left ? length : input->left;

	memset(ret, 0, length);
	if (have)
		memcpy(ret, input->data, have);
	input->data += have;
	input->left -= have;
}

static inline uint8_t fuzz_take8(struct fuzz_input *input)
{
	uint8_t value;

	fuzz_take(input, &value, sizeof(value));
	return value;
}

static inline uint16_t fuzz_take16(struct fuzz_input *input)
{
	uint16_t value;

	fuzz_take(input, &value, sizeof(value));
	return value;
}

static inline uint32_t fuzz_take32(struct fuzz_input *input)
{
	uint32_t value;

	fuzz_take(input, &value, sizeof(value));
	return value;
}
