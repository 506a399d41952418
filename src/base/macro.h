/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

#include <stddef.h>
#include <stdint.h>

#define KT_ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

#define KT_MIN(a, b)                                                           \
	({                                                                     \
		__typeof__(a) a_ = (a);                                        \
		__typeof__(b) b_ = (b);                                        \
		a_ < b_ ? a_ : b_;                                             \
	})

#define KT_MAX(a, b)                                                           \
	({                                                                     \
		__typeof__(a) a_ = (a);                                        \
		__typeof__(b) b_ = (b);                                        \
		a_ > b_ ? a_ : b_;                                             \
	})

/* `to` must be a power of two. */
#define KT_ALIGN_UP(x, to)   (((x) + ((to) - 1)) & ~((__typeof__(x))(to) - 1))
#define KT_ALIGN_DOWN(x, to) ((x) & ~((__typeof__(x))(to) - 1))

#define KT_KIB (1ULL << 10)
#define KT_MIB (1ULL << 20)
#define KT_GIB (1ULL << 30)

#define KT_CONTAINER_OF(ptr, type, member)                                     \
	((type *)((char *)(ptr) - offsetof(type, member)))

#define KT_PRINTF(fmt, args) __attribute__((format(printf, fmt, args)))
#define KT_UNUSED            __attribute__((unused))
#define KT_PACKED            __attribute__((packed))
#define KT_MUST_CHECK        __attribute__((warn_unused_result))
