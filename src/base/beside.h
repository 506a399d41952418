/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

/* This program, and those that belong to it. */

/* The path of this very program, whatever it was called by; caller frees. */
char *kt_self_path(void);

/*
 * A copy of `argv` with that path in front, or with what stood there if it is
 * not known; it borrows the other strings. NULL: no memory.
 */
char **kt_self_argv(const char *const *argv);
void kt_self_argv_free(char **argv);

/*
 * Where a program is that belongs to this one: the file that the environment
 * variable names, else the one of that name beside this program, as in a build
 * directory, else `installed`. Whether it is there is for the caller to find
 * out. Caller frees; -ENOMEM.
 */
int kt_beside_find(const char *variable, const char *name,
		   const char *installed, char **ret);
