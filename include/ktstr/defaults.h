/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef KTSTR_DEFAULTS_H
#define KTSTR_DEFAULTS_H

/*
 * For macros that make a struct with its defaults in it, over which go the
 * caller's own fields: of that compilers would warn.
 */
#ifdef __clang__
#define KTSTR_ALLOW_OVERRIDE_                                                  \
	_Pragma("clang diagnostic ignored \"-Winitializer-overrides\"")
#else
#define KTSTR_ALLOW_OVERRIDE_                                                  \
	_Pragma("GCC diagnostic ignored \"-Woverride-init\"")                  \
	_Pragma("GCC diagnostic ignored \"-Woverride-init-side-effects\"")
#endif

#endif
