// SPDX-License-Identifier: GPL-2.0-only
#include <elf.h>
#include <fcntl.h>
#include <unistd.h>

#include "base/fd.h"
#include "micro.h"
#include "test.h"

#define CODE_OFFSET 0x1000

/* What every kernel says of itself, behind the code. */
static const char banner[] = "Linux version 7.0.0-micro (ktstr) #1 SMP\n";

void micro_write_kernel(const char *path, const uint8_t *code, size_t length)
{
	Elf64_Ehdr header = {
		.e_ident = { ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS64,
			     ELFDATA2LSB, EV_CURRENT },
		.e_type = ET_EXEC,
		.e_machine = EM_X86_64,
		.e_version = EV_CURRENT,
		.e_entry = MICRO_GPA,
		.e_phoff = sizeof(Elf64_Ehdr),
		.e_ehsize = sizeof(Elf64_Ehdr),
		.e_phentsize = sizeof(Elf64_Phdr),
		.e_phnum = 1,
	};
	Elf64_Phdr segment = {
		.p_type = PT_LOAD,
		.p_flags = PF_R | PF_W | PF_X,
		.p_offset = CODE_OFFSET,
		.p_vaddr = MICRO_GPA,
		.p_paddr = MICRO_GPA,
		.p_filesz = length + sizeof(banner),
		.p_memsz = length + sizeof(banner),
		.p_align = 0x1000,
	};
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(kt_pwrite_all(fd, &header, sizeof(header), 0), 0);
	assert_int_equal(
		kt_pwrite_all(fd, &segment, sizeof(segment), sizeof(header)), 0);
	assert_int_equal(kt_pwrite_all(fd, code, length, CODE_OFFSET), 0);
	assert_int_equal(kt_pwrite_all(fd, banner, sizeof(banner),
				       (off_t)(CODE_OFFSET + length)),
			 0);
	close(fd);
}
