/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

/*
 * What is said over the socket of a running VM. Both ends are programs of one
 * user on one machine, so integers are in native order. The client asks, the
 * server answers, one after the other:
 *
 *	request   | what u32 | length u32 | gpa u64 |
 *	answer    | error i32 | length u32 | payload ... |
 *
 *	KT_CONTROL_DESCRIBE   JSON; gpa and length are 0
 *	KT_CONTROL_BTF        the kernel's BTF; likewise
 *	KT_CONTROL_READ       `length` bytes of RAM at `gpa`,
 *KT_CONTROL_READ_MAX at most; all of them or -EFAULT
 *
 * `error` is 0 or -errno, and then there is no payload.
 */

#include <stdint.h>

enum kt_control_request_type {
	KT_CONTROL_DESCRIBE = 1,
	KT_CONTROL_BTF,
	KT_CONTROL_READ,
};

#define KT_CONTROL_READ_MAX (64u << 10)

struct kt_control_request {
	uint32_t what;
	uint32_t length;
	uint64_t gpa;
};

struct kt_control_answer {
	int32_t error;
	uint32_t length;
};
