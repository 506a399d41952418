/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

/* cmocka wants these four before itself. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

/* Fails with both texts shown when `part` does not occur in `text`. */
#define assert_contains(text, part)                                            \
	do {                                                                   \
		const char *text_ = (text), *part_ = (part);                   \
		if (!text_ || !strstr(text_, part_))                           \
			fail_msg("\"%s\" does not contain \"%s\"",             \
				 text_ ? text_ : "(null)", part_);             \
	} while (0)
