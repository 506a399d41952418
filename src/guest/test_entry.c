// SPDX-License-Identifier: GPL-2.0-only
/* Linked into a test binary, as long as that has no main() of its own. */
#include "guest/test_main.h"

int main(int argc, char **argv)
{
	return kt_test_main(argc, argv);
}
