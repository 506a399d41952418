/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

/*
 * What every test binary does: be the guest's init, list its tests, run one of
 * them, or, run plainly, hand itself to `ktstr test`. Returns the exit status.
 */
int kt_test_main(int argc, char **argv);
