/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

/*
 * Lines on standard error, from any thread. A VM's threads speak as well, and
 * must not stand still for a reader that does not read: the first line that
 * finds no room waits a second for it, later ones not at all. What is not
 * written yet is kept up to a bound and written as soon as there is room, at
 * the latest when the program ends; what is beyond the bound is counted, and
 * the count is told.
 */

#include <stddef.h>

/* One or more whole lines, written at once so that processes do not mix. */
void kt_message_print(const char *text, size_t length);
