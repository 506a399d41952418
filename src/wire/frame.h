/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

/*
 * Frames between guest and host, both ways, over a byte stream:
 *
 *	 0        4        8        12       16
 *	+--------+--------+--------+--------+----------------+
 *	| type   | length | crc32  | 0      | payload ...    |
 *	+--------+--------+--------+--------+----------------+
 *
 * all little-endian; crc32 (IEEE 802.3, reflected) covers the payload, which
 * holds at most KT_FRAME_MAX_PAYLOAD bytes. Either side may be hostile.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/strbuf.h"

#define KT_FRAME_HEADER_BYTES 16
#define KT_FRAME_MAX_PAYLOAD  (256u * 1024)

#define KT_FRAME_TAG(a, b, c, d)                                               \
	((uint32_t)(a) | (uint32_t)(b) << 8 | (uint32_t)(c) << 16 |            \
	 (uint32_t)(d) << 24)

enum kt_frame_type {
	/* Guest to host. */
	KT_FRAME_READY = KT_FRAME_TAG('R', 'E', 'D', 'Y'), /* u64 boottime ns */
	KT_FRAME_LIFECYCLE = KT_FRAME_TAG('L', 'I', 'F', 'E'), /* text */
	KT_FRAME_KERNEL_ADDRESSES =
		KT_FRAME_TAG('K', 'A', 'D', 'R'), /* {u64, name\0}... */
	KT_FRAME_STDOUT = KT_FRAME_TAG('S', 'T', 'D', 'O'), /* bytes */
	KT_FRAME_STDERR = KT_FRAME_TAG('S', 'T', 'D', 'E'), /* bytes */
	KT_FRAME_EXIT = KT_FRAME_TAG('E', 'X', 'I', 'T'), /* i32 */
	KT_FRAME_CRASH = KT_FRAME_TAG('C', 'R', 'S', 'H'), /* text */
	KT_FRAME_DMESG = KT_FRAME_TAG('D', 'M', 'S', 'G'), /* text */
	KT_FRAME_TEST_RESULT =
		KT_FRAME_TAG('T', 'R', 'E', 'S'), /* JSON, guest_files.h */
	KT_FRAME_STIMULUS =
		KT_FRAME_TAG('S', 'T', 'I', 'M'), /* JSON, guest_files.h */
	KT_FRAME_MEASURE =
		KT_FRAME_TAG('M', 'E', 'A', 'S'), /* empty: send STEALs */
	KT_FRAME_CLOCK =
		KT_FRAME_TAG('C', 'L', 'C', 'K'), /* u64 number, u64 mono ns */
	KT_FRAME_SCHEDULER_LOG = KT_FRAME_TAG('S', 'L', 'O', 'G'), /* bytes */

	/* Host to guest. */
	KT_FRAME_STDIN = KT_FRAME_TAG('S', 'T', 'D', 'I'), /* empty: EOF */
	KT_FRAME_SYMBOLS = KT_FRAME_TAG('S', 'Y', 'M', 'S'), /* name\0... */
	KT_FRAME_SIGNAL = KT_FRAME_TAG('S', 'I', 'G', 'N'), /* u32 signal */
	KT_FRAME_WINDOW = KT_FRAME_TAG('W', 'I', 'N', 'D'), /* u16 cols, rows */
	KT_FRAME_CLOCK_ASK =
		KT_FRAME_TAG('C', 'L', 'K', 'Q'), /* u64 number, to CLOCK */
	KT_FRAME_STEAL =
		KT_FRAME_TAG('S', 'T', 'E', 'L'), /* records, guest_files.h */
	KT_FRAME_GO = KT_FRAME_TAG('G', 'O', 'O', 'N'), /* text, guest_files.h */
};

/*
 * Writes the 16 bytes that go before `payload`. -EMSGSIZE when the payload is
 * longer than a frame may be.
 */
int kt_frame_header(uint8_t header[KT_FRAME_HEADER_BYTES], uint32_t type,
		    const void *payload, size_t length);

/* Appends a whole frame; -EMSGSIZE, or -ENOMEM with nothing appended. */
int kt_frame_append(struct kt_strbuf *sb, uint32_t type, const void *payload,
		    size_t length);

/*
 * Writes a whole frame to `fd`, past short counts. One writer at a time: two
 * threads on one descriptor need a lock of their own. 0 or -errno.
 */
int kt_frame_write(int fd, uint32_t type, const void *payload, size_t length);

/* The four letters of a type for a message; a byte that is none shows as ?. */
struct kt_frame_tag {
	char text[5];
};
struct kt_frame_tag kt_frame_tag(uint32_t type);
