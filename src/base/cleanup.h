/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

/*
 * Scope-bound ownership. A variable marked `_cleanup_free_` or the like gives
 * its resource back when it leaves scope; TAKE_PTR() and TAKE_FD() hand the
 * resource on and leave the empty value behind.
 */

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define _cleanup_(f) __attribute__((cleanup(f)))

/*
 * Defines `void f_cleanup(type *p)` that calls f(*p) on a non-NULL pointer,
 * for use as `_cleanup_(f_cleanup)`.
 */
#define KT_DEFINE_CLEANUP(type, f)                                             \
	static inline void f##_cleanup(type *p)                                \
	{                                                                      \
		if (*p)                                                        \
			f(*p);                                                 \
	}

#define TAKE_PTR(p)                                                            \
	({                                                                     \
		__typeof__(p) taken_ = (p);                                    \
		(p) = NULL;                                                    \
		taken_;                                                        \
	})

#define TAKE_FD(fd)                                                            \
	({                                                                     \
		int taken_ = (fd);                                             \
		(fd) = -1;                                                     \
		taken_;                                                        \
	})

static inline void kt_cleanup_free(void *p)
{
	free(*(void **)p);
}

/* Closes and returns -1; errno is left as it was. */
static inline int kt_close(int fd)
{
	if (fd >= 0) {
		int saved = errno;

		close(fd);
		errno = saved;
	}
	return -1;
}

static inline void kt_cleanup_close(const int *fd)
{
	kt_close(*fd);
}

static inline void kt_cleanup_fclose(FILE **f)
{
	if (*f)
		fclose(*f);
}

static inline void kt_cleanup_closedir(DIR **d)
{
	if (*d)
		closedir(*d);
}

#define _cleanup_free_     _cleanup_(kt_cleanup_free)
#define _cleanup_close_    _cleanup_(kt_cleanup_close)
#define _cleanup_fclose_   _cleanup_(kt_cleanup_fclose)
#define _cleanup_closedir_ _cleanup_(kt_cleanup_closedir)
