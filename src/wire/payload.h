/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

/*
 * Numbers and strings in a frame's payload. A reader never leaves the payload:
 * when what is asked for is not all there it returns false, leaves `ret` alone
 * and stays where it was.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/strbuf.h"
#include "wire/decoder.h"

/* The unread rest of a payload. */
struct kt_payload {
	const uint8_t *data;
	size_t length;
};

static inline struct kt_payload kt_payload_of(const struct kt_frame *frame)
{
	return (struct kt_payload){frame->payload, frame->length};
}

static inline bool kt_payload_at_end(const struct kt_payload *payload)
{
	return payload->length == 0;
}

bool kt_payload_get_u16(struct kt_payload *payload, uint16_t *ret);
bool kt_payload_get_u32(struct kt_payload *payload, uint32_t *ret);
bool kt_payload_get_i32(struct kt_payload *payload, int32_t *ret);
bool kt_payload_get_u64(struct kt_payload *payload, uint64_t *ret);

/* A string up to and with its NUL; it points into the payload. */
bool kt_payload_get_string(struct kt_payload *payload, const char **ret);

/*
 * The counterparts; failures are kept by the buffer. A string is written with
 * its NUL.
 */
void kt_payload_add_u16(struct kt_strbuf *sb, uint16_t value);
void kt_payload_add_u32(struct kt_strbuf *sb, uint32_t value);
void kt_payload_add_i32(struct kt_strbuf *sb, int32_t value);
void kt_payload_add_u64(struct kt_strbuf *sb, uint64_t value);
void kt_payload_add_string(struct kt_strbuf *sb, const char *text);
