// SPDX-License-Identifier: GPL-2.0-only
#include <elf.h>
#include <string.h>

#include "kernel/elf.h"
#include "kernel/machine.h"

/* Program headers of a kernel: 4 or 5 PT_LOAD, a PT_NOTE; more is no kernel. */
#define PROGRAM_HEADERS_MAX 64
/* No x86-64 or arm64 machine has a physical address beyond 52 bits. */
#define PHYSICAL_LIMIT      (1ULL << 52)

static int damaged(const char *what, struct ktstr_error *err)
{
	return kt_err(err, -EBADMSG, "the kernel's ELF file is damaged: %s",
		      what);
}

static int truncated(const char *what, struct ktstr_error *err)
{
	return kt_err(err, -EBADMSG,
		      "the kernel's ELF file is truncated: it ends before %s",
		      what);
}

bool kt_elf_detect(const uint8_t *data, size_t bytes)
{
	return bytes >= SELFMAG && !memcmp(data, ELFMAG, SELFMAG);
}

/* Headers may lie at any address: they are copied out, never cast to. */
static int read_header(const uint8_t *data, size_t bytes, Elf64_Ehdr *ret,
		       struct ktstr_error *err)
{
	if (!kt_elf_detect(data, bytes))
		return kt_err(err, -ENOEXEC, "not an ELF file");
	if (bytes < sizeof(*ret))
		return truncated("the end of its header", err);
	memcpy(ret, data, sizeof(*ret));
	if (ret->e_ident[EI_CLASS] != ELFCLASS64 ||
	    ret->e_ident[EI_DATA] != ELFDATA2LSB)
		return kt_err(err, -ENOEXEC,
			      "a kernel for another architecture (an ELF file "
			      "that is not 64-bit little-endian); guests here "
			      "are " KT_MACHINE_NAME);
	return 0;
}

static const char *machine_name(unsigned int machine)
{
	switch (machine) {
	case EM_X86_64:
		return "x86-64";
	case EM_AARCH64:
		return "arm64";
	case EM_RISCV:
		return "riscv";
	case EM_PPC64:
		return "powerpc";
	case EM_S390:
		return "s390";
	case EM_LOONGARCH:
		return "loongarch";
	default:
		return "unknown ELF machine";
	}
}

static int check_kind(const Elf64_Ehdr *header, struct ktstr_error *err)
{
	if (header->e_machine != KT_MACHINE_ELF)
		return kt_err(err, -ENOEXEC,
			      "a kernel for another architecture (%s); guests "
			      "here are " KT_MACHINE_NAME,
			      machine_name(header->e_machine));
	/* arm64 links vmlinux as ET_DYN, x86 as ET_EXEC. */
	if (header->e_type != ET_EXEC &&
	    (header->e_type != ET_DYN || KT_MACHINE_ELF == EM_X86_64))
		return kt_err(err, -ENOEXEC,
			      "an ELF file that is not a kernel (type %u where "
			      "a kernel has 2, executable)",
			      header->e_type);
	if (header->e_phentsize != sizeof(Elf64_Phdr))
		return damaged("its program headers have a foreign size", err);
	if (!header->e_phnum || header->e_phnum > PROGRAM_HEADERS_MAX)
		return damaged("no kernel has that many program headers", err);
	return 0;
}

static int check_segment(const Elf64_Phdr *ph, size_t bytes,
			 struct ktstr_error *err)
{
	if (ph->p_filesz > ph->p_memsz)
		return damaged("a segment is longer in the file than in memory",
			       err);
	if (ph->p_offset > bytes || ph->p_filesz > bytes - ph->p_offset)
		return truncated("the end of a segment", err);
	if (ph->p_paddr >= PHYSICAL_LIMIT ||
	    ph->p_memsz > PHYSICAL_LIMIT - ph->p_paddr)
		return damaged("a segment goes past physical memory", err);
	return 0;
}

/* Keeps the list ascending; the file's order is by virtual address. */
static int insert_segment(struct kt_elf *elf, const Elf64_Phdr *ph,
			  struct ktstr_error *err)
{
	struct kt_kernel_segment segment = {
		.gpa = ph->p_paddr,
		.file_offset = ph->p_offset,
		.file_bytes = ph->p_filesz,
		.memory_bytes = ph->p_memsz,
	};
	size_t at = elf->n_segments;

	if (elf->n_segments == KT_ARRAY_SIZE(elf->segments))
		return damaged("no kernel has that many segments", err);
	for (; at && elf->segments[at - 1].gpa > segment.gpa; at--)
		elf->segments[at] = elf->segments[at - 1];
	elf->segments[at] = segment;
	elf->n_segments++;
	return 0;
}

static int check_layout(const struct kt_elf *elf, struct ktstr_error *err)
{
	if (!elf->n_segments)
		return damaged("it has nothing to load", err);
	for (size_t i = 1; i < elf->n_segments; i++) {
		const struct kt_kernel_segment *before = &elf->segments[i - 1];

		if (before->gpa + before->memory_bytes > elf->segments[i].gpa)
			return damaged("two segments overlap in memory", err);
	}
	for (size_t i = 0; i < elf->n_segments; i++) {
		const struct kt_kernel_segment *s = &elf->segments[i];

		if (elf->entry >= s->gpa && elf->entry - s->gpa < s->file_bytes)
			return 0;
	}
	return damaged("its entry point lies in no segment", err);
}

int kt_elf_parse(const uint8_t *data, size_t bytes, struct kt_elf *ret,
		 struct ktstr_error *err)
{
	struct kt_elf elf = {0};
	Elf64_Ehdr header;
	int r;

	r = read_header(data, bytes, &header, err);
	if (r)
		return r;
	r = check_kind(&header, err);
	if (r)
		return r;
	if (header.e_phoff > bytes ||
	    header.e_phnum * sizeof(Elf64_Phdr) > bytes - header.e_phoff)
		return truncated("the end of its program headers", err);
	elf.entry = header.e_entry;
	for (size_t i = 0; i < header.e_phnum; i++) {
		Elf64_Phdr ph;

		memcpy(&ph, data + header.e_phoff + i * sizeof(ph), sizeof(ph));
		if (ph.p_type != PT_LOAD || !ph.p_memsz)
			continue;
		r = check_segment(&ph, bytes, err);
		if (r)
			return r;
		/* x86 names the physical entry, arm64 the virtual one. */
		if (header.e_entry >= PHYSICAL_LIMIT &&
		    header.e_entry >= ph.p_vaddr &&
		    header.e_entry - ph.p_vaddr < ph.p_memsz)
			elf.entry = ph.p_paddr + (header.e_entry - ph.p_vaddr);
		r = insert_segment(&elf, &ph, err);
		if (r)
			return r;
	}
	r = check_layout(&elf, err);
	if (r)
		return r;
	*ret = elf;
	return 0;
}

/* Section `index`, with its bytes checked unless it has none in the file. */
static int read_section(const uint8_t *data, size_t bytes,
			const Elf64_Ehdr *header, size_t index, Elf64_Shdr *ret,
			struct ktstr_error *err)
{
	memcpy(ret, data + header->e_shoff + index * sizeof(*ret), sizeof(*ret));
	if (ret->sh_type != SHT_NOBITS &&
	    (ret->sh_offset > bytes || ret->sh_size > bytes - ret->sh_offset))
		return truncated("the end of a section", err);
	return 0;
}

int kt_elf_section(const uint8_t *data, size_t bytes, const char *name,
		   const uint8_t **ret, size_t *ret_bytes,
		   struct ktstr_error *err)
{
	size_t wanted = strlen(name) + 1;
	Elf64_Shdr names, section;
	Elf64_Ehdr header;
	int r;

	r = read_header(data, bytes, &header, err);
	if (r)
		return r;
	if (!header.e_shoff || !header.e_shnum)
		return kt_err(err, -ENOENT, "the kernel has no section table");
	if (header.e_shentsize != sizeof(Elf64_Shdr) ||
	    header.e_shstrndx >= header.e_shnum)
		return damaged("its section table contradicts itself", err);
	if (header.e_shoff > bytes ||
	    header.e_shnum * sizeof(Elf64_Shdr) > bytes - header.e_shoff)
		return truncated("the end of its section table", err);
	r = read_section(data, bytes, &header, header.e_shstrndx, &names, err);
	if (r)
		return r;
	if (names.sh_type != SHT_STRTAB)
		return damaged("its section names are no string table", err);
	for (size_t i = 0; i < header.e_shnum; i++) {
		r = read_section(data, bytes, &header, i, &section, err);
		if (r)
			return r;
		if (section.sh_type == SHT_NOBITS ||
		    section.sh_name >= names.sh_size ||
		    wanted > names.sh_size - section.sh_name ||
		    memcmp(data + names.sh_offset + section.sh_name, name, wanted))
			continue;
		*ret = data + section.sh_offset;
		*ret_bytes = section.sh_size;
		return 0;
	}
	return kt_err(err, -ENOENT, "the kernel has no %s section", name);
}
