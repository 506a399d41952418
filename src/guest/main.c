// SPDX-License-Identifier: GPL-2.0-only
#include "guest/init.h"

int main(int argc, char **argv)
{
	return kt_guest_init_main(argc, argv);
}
