/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

/*
 * The user's terminal in raw mode, and back. One terminal a process: a crash
 * must find it without being told, so that it is never left raw.
 */

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

/*
 * Puts the terminal behind `fd` into raw mode and keeps what it was. From then
 * on a crash of the process gives it back too. `fd` stays the caller's.
 */
int kt_terminal_make_raw(int fd, struct ktstr_error *err);

/* Undoes that; does nothing if it was not done. Any thread, any number. */
void kt_terminal_restore(void);

/* Raw again after kt_terminal_restore(), say when the user comes back. */
void kt_terminal_raw_again(void);

/* Lines that are printed now must begin with a carriage return. */
bool kt_terminal_is_raw(void);

/* False when `fd` is no terminal or does not know its size. */
bool kt_terminal_size(int fd, uint16_t *ret_columns, uint16_t *ret_rows);
