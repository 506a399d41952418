// SPDX-License-Identifier: GPL-2.0-only
#include <string.h>
#include <unistd.h>

#include "guest/exec.h"
#include "guest/init.h"
#include "wire/guest_files.h"

int main(int argc, char **argv)
{
	if (argc == 3 && strcmp(argv[1], KT_EXEC_ARG) == 0 && getpid() != 1)
		return kt_exec_main(argv[2]);
	return kt_guest_init_main(argc, argv);
}
