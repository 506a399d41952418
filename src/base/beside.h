/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

/*
 * Where a program is that belongs to this one: the file that the environment
 * variable names, else the one of that name beside this program, as in a build
 * directory, else `installed`. Whether it is there is for the caller to find
 * out. Caller frees; -ENOMEM.
 */
int kt_beside_find(const char *variable, const char *name,
		   const char *installed, char **ret);
