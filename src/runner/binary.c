// SPDX-License-Identifier: GPL-2.0-only
#include "runner/binary.h"

#include <elf.h>
#include <fcntl.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/macro.h"
#include "kernel/machine.h"

#define LINK_IT "link it with libktstr-test and -static"

/* Of a "#!" line and of a loader's path. */
#define TEXT_MAX 256

#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define ELF_DATA ELFDATA2LSB
#else
#define ELF_DATA ELFDATA2MSB
#endif

/* The file that is looked at. */
struct binary {
	const char *path;
	int fd;
	uint64_t bytes;
	Elf64_Ehdr header;
};

char *kt_test_binary_path(const char *binary)
{
	return strchr(binary, '/') ? strdup(binary) : kt_path_join(".", binary);
}

static int open_binary(struct binary *b, struct ktstr_error *err)
{
	struct stat st;

	if (stat(b->path, &st) < 0)
		return kt_err_errno(err, -errno, "test binary %s", b->path);
	if (!S_ISREG(st.st_mode))
		return kt_err(err, -EINVAL,
			      "test binary %s: it is a directory or a device, "
			      "not a program",
			      b->path);
	if (access(b->path, X_OK) < 0)
		return kt_err(
			err, -EINVAL,
			"test binary %s: it is not executable; `chmod +x` "
			"it if it is a program",
			b->path);
	if (st.st_size == 0)
		return kt_err(err, -EINVAL,
			      "test binary %s: it is empty; was its build "
			      "interrupted?",
			      b->path);
	b->bytes = (uint64_t)st.st_size;
	b->fd = open(b->path, O_RDONLY | O_CLOEXEC);
	return b->fd < 0 ?
		       kt_err_errno(err, -errno,
				    "test binary %s cannot be read", b->path) :
		       0;
}

static int cut_short(const struct binary *b, const char *what, uint64_t end,
		     struct ktstr_error *err)
{
	return kt_err(
		err, -EINVAL,
		"test binary %s is cut short: %s should end at byte %llu, "
		"but the file has %llu bytes; build or copy it again",
		b->path, what, (unsigned long long)end,
		(unsigned long long)b->bytes);
}

/* The part of the file, if it has that; `what` is its name. */
static int read_part(const struct binary *b, uint64_t offset, void *to,
		     size_t bytes, const char *what, struct ktstr_error *err)
{
	int r;

	if (offset > b->bytes || bytes > b->bytes - offset)
		return cut_short(b, what, offset + bytes, err);
	r = kt_pread_all(b->fd, to, bytes, (off_t)offset);
	return r < 0 ? kt_err_errno(err, r, "test binary %s cannot be read",
				    b->path) :
		       0;
}

/* What does not begin as an ELF file does. */
static int explain_text(const struct binary *b, struct ktstr_error *err)
{
	char text[TEXT_MAX] = "";
	ssize_t n = pread(b->fd, text, sizeof(text) - 1, 0);

	if (n < 2 || memcmp(text, "#!", 2) != 0)
		return kt_err(err, -EINVAL,
			      "test binary %s is no program: it does not begin "
			      "as an ELF file does; " LINK_IT,
			      b->path);
	text[strcspn(text, "\n")] = '\0';
	return kt_err(err, -EINVAL,
		      "test binary %s is a script (%s), and a machine has "
		      "nothing that could run it; name the program itself",
		      b->path, text);
}

static const char *machine_name(unsigned int machine)
{
	static const struct {
		unsigned int machine;
		const char *name;
	} names[] = {
		{ EM_386, "32-bit x86" }, { EM_ARM, "32-bit ARM" },
		{ EM_X86_64, "x86-64" },  { EM_AARCH64, "arm64" },
		{ EM_RISCV, "RISC-V" },   { EM_PPC64, "64-bit PowerPC" },
		{ EM_S390, "IBM Z" },     { EM_LOONGARCH, "LoongArch" },
	};

	for (size_t i = 0; i < KT_ARRAY_SIZE(names); i++) {
		if (names[i].machine == machine)
			return names[i].name;
	}
	return "another machine";
}

static int check_header(struct binary *b, struct ktstr_error *err)
{
	unsigned char magic[SELFMAG];
	const Elf64_Ehdr *header = &b->header;
	int r;

	if (b->bytes < sizeof(magic) ||
	    kt_pread_all(b->fd, magic, sizeof(magic), 0) < 0 ||
	    memcmp(magic, ELFMAG, SELFMAG) != 0)
		return explain_text(b, err);
	r = read_part(b, 0, &b->header, sizeof(b->header), "its ELF header", err);
	if (r < 0)
		return r;
	/* The machine has its place in the header of either class. */
	if (header->e_ident[EI_CLASS] != ELFCLASS64 ||
	    header->e_ident[EI_DATA] != ELF_DATA ||
	    header->e_machine != KT_MACHINE_ELF)
		return kt_err(err, -EINVAL,
			      "test binary %s is for %s (ELF machine %u, "
			      "%d-bit), but guests here are " KT_MACHINE_NAME
			      "; compile it for that",
			      b->path, machine_name(header->e_machine),
			      header->e_machine,
			      header->e_ident[EI_CLASS] == ELFCLASS64 ? 64 : 32);
	if (header->e_type != ET_EXEC && header->e_type != ET_DYN)
		return kt_err(err, -EINVAL,
			      "test binary %s is no program yet, but an object "
			      "file or a core (ELF type %u); " LINK_IT,
			      b->path, header->e_type);
	return 0;
}

static int refuse_dynamic(const struct binary *b, const Elf64_Phdr *segment,
			  struct ktstr_error *err)
{
	char loader[TEXT_MAX] = "";
	int r = read_part(b, segment->p_offset, loader,
			  KT_MIN(segment->p_filesz, sizeof(loader) - 1),
			  "the name of its loader", err);

	if (r < 0)
		return r;
	return kt_err(err, -EINVAL,
		      "test binary %s is dynamic: it needs the loader %s and "
		      "shared libraries, and a test's machine has none of the "
		      "host's; link it with -static",
		      b->path, loader);
}

static int check_segments(const struct binary *b, struct ktstr_error *err)
{
	const Elf64_Ehdr *header = &b->header;
	size_t n_loaded = 0;

	if (header->e_phentsize != sizeof(Elf64_Phdr))
		return kt_err(err, -EINVAL,
			      "test binary %s is damaged: its ELF header tells "
			      "of program headers of %u bytes, not %zu; build "
			      "or copy it again",
			      b->path, header->e_phentsize, sizeof(Elf64_Phdr));
	for (unsigned int i = 0; i < header->e_phnum; i++) {
		Elf64_Phdr segment;
		int r = read_part(b, header->e_phoff + i * sizeof(segment),
				  &segment, sizeof(segment), "a program header",
				  err);

		if (r == 0 && segment.p_type == PT_INTERP)
			r = refuse_dynamic(b, &segment, err);
		if (r < 0)
			return r;
		if (segment.p_type != PT_LOAD)
			continue;
		n_loaded++;
		if (segment.p_offset > b->bytes ||
		    segment.p_filesz > b->bytes - segment.p_offset)
			return cut_short(b, "a segment",
					 segment.p_offset + segment.p_filesz,
					 err);
	}
	return n_loaded ? 0 :
			  kt_err(err, -EINVAL,
				 "test binary %s has nothing that could be "
				 "loaded; " LINK_IT,
				 b->path);
}

/* Behind all else in a file, so the first to be lost of one that is cut. */
static int check_sections(const struct binary *b, struct ktstr_error *err)
{
	const Elf64_Ehdr *header = &b->header;
	uint64_t bytes = (uint64_t)header->e_shnum * header->e_shentsize;

	if (header->e_shoff > b->bytes || bytes > b->bytes - header->e_shoff)
		return cut_short(b, "its section headers",
				 header->e_shoff + bytes, err);
	return 0;
}

int kt_test_binary_check(const char *binary, struct ktstr_error *err)
{
	_cleanup_free_ char *path = kt_test_binary_path(binary);
	struct binary b = { .path = path, .fd = -1 };
	int r;

	if (!path)
		return kt_err_errno(err, -ENOMEM, "no memory for a path");
	r = open_binary(&b, err);
	if (r == 0)
		r = check_header(&b, err);
	if (r == 0)
		r = check_segments(&b, err);
	if (r == 0)
		r = check_sections(&b, err);
	kt_close(b.fd);
	return r;
}
