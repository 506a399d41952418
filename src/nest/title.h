/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

/*
 * What `ps` shows for this process from now on, in place of the arguments that
 * it was started with. Where the kernel does not let a process move its
 * arguments (CONFIG_CHECKPOINT_RESTORE), the title is cut to their room.
 *
 * Call it once, in a process with one thread that needs its arguments no more.
 */
void kt_nest_set_title(const char *title);
