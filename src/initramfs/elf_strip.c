// SPDX-License-Identifier: GPL-2.0-only
#include <elf.h>
#include <endian.h>
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/macro.h"
#include "initramfs/elf_strip.h"

#define STRIP_MAX_BYTES       UINT32_MAX
#define STRIP_MAX_NAMES_BYTES (16 * KT_MIB)
#define STRIP_MAX_ALIGNMENT   4096
#define STRIP_NATIVE_DATA                                                      \
	(BYTE_ORDER == LITTLE_ENDIAN ? ELFDATA2LSB : ELFDATA2MSB)

/*
 * The file, and what becomes of it:
 *
 *	+--------------------------+----------------------+----------+
 *	| headers, all that is     | kept sections behind | section  |
 *	| loaded: where it was     | it, moved together   | headers  |
 *	+--------------------------+----------------------+----------+
 *	0                      fixed_bytes              table      bytes
 */
struct strip {
	int fd;
	uint64_t file_bytes;
	Elf64_Ehdr header;
	Elf64_Phdr *segments;
	Elf64_Shdr *sections; /* as in the file */
	char *names;
	uint64_t names_bytes;
	uint16_t *new_index; /* 0 for a section that is dropped */
	uint64_t *new_offset;
	uint16_t n_kept;
	uint64_t fixed_bytes;
	uint64_t table;
	uint64_t bytes;
};

static void strip_deinit(struct strip *s)
{
	free(s->segments);
	free(s->sections);
	free(s->names);
	free(s->new_index);
	free(s->new_offset);
}

static bool fits(const struct strip *s, uint64_t offset, uint64_t bytes)
{
	return offset <= s->file_bytes && bytes <= s->file_bytes - offset;
}

/* A part of the file in fresh memory; NULL when it is not all there. */
static void *read_part(const struct strip *s, uint64_t offset, uint64_t bytes)
{
	void *part;

	if (!fits(s, offset, bytes))
		return NULL;
	part = malloc(bytes ? bytes : 1);
	if (part && kt_pread_all(s->fd, part, bytes, (off_t)offset) < 0) {
		free(part);
		return NULL;
	}
	return part;
}

static bool is_debug_name(const char *name)
{
	static const char *const prefixes[] = { ".debug_", ".zdebug_",
						".gnu.debuglto_", ".stab" };
	static const char *const names[] = { ".gdb_index", ".line", ".debug" };

	for (size_t i = 0; i < KT_ARRAY_SIZE(prefixes); i++)
		if (!strncmp(name, prefixes[i], strlen(prefixes[i])))
			return true;
	for (size_t i = 0; i < KT_ARRAY_SIZE(names); i++)
		if (!strcmp(name, names[i]))
			return true;
	return false;
}

static bool is_relocations(const Elf64_Shdr *section)
{
	return section->sh_type == SHT_REL || section->sh_type == SHT_RELA;
}

/* Reads all headers; whether the file is one that can be taken apart. */
static bool strip_read_headers(struct strip *s)
{
	Elf64_Ehdr *h = &s->header;
	const Elf64_Shdr *names;

	if (s->file_bytes < sizeof(*h) ||
	    kt_pread_all(s->fd, h, sizeof(*h), 0) < 0 ||
	    memcmp(h->e_ident, ELFMAG, SELFMAG) ||
	    h->e_ident[EI_CLASS] != ELFCLASS64 ||
	    h->e_ident[EI_DATA] != STRIP_NATIVE_DATA ||
	    (h->e_type != ET_EXEC && h->e_type != ET_DYN) ||
	    h->e_ehsize != sizeof(*h) ||
	    h->e_phentsize != sizeof(*s->segments) || h->e_phnum == PN_XNUM ||
	    h->e_shentsize != sizeof(*s->sections) || h->e_shnum < 2 ||
	    h->e_shnum >= SHN_LORESERVE || h->e_shstrndx >= h->e_shnum)
		return false;
	s->segments = read_part(s, h->e_phoff,
				(uint64_t)h->e_phnum * sizeof(*s->segments));
	s->sections = read_part(s, h->e_shoff,
				(uint64_t)h->e_shnum * sizeof(*s->sections));
	if (!s->segments || !s->sections)
		return false;
	names = &s->sections[h->e_shstrndx];
	if (names->sh_type != SHT_STRTAB || !names->sh_size ||
	    names->sh_size > STRIP_MAX_NAMES_BYTES)
		return false;
	s->names = read_part(s, names->sh_offset, names->sh_size);
	s->names_bytes = names->sh_size;
	return s->names && !s->names[s->names_bytes - 1];
}

static bool is_debug(const struct strip *s, const Elf64_Shdr *section)
{
	return !(section->sh_flags & SHF_ALLOC) && section->sh_type != SHT_NULL &&
	       section->sh_name < s->names_bytes &&
	       is_debug_name(s->names + section->sh_name);
}

/*
 * Decides which sections stay, under which number. Whether there is anything
 * to drop, and dropping it leaves the numbers of loaded sections alone: the
 * dynamic symbols refer to them.
 */
static bool strip_choose(struct strip *s)
{
	const uint16_t n = s->header.e_shnum;
	uint16_t n_kept = 0;

	s->new_index = calloc(n, sizeof(*s->new_index));
	s->new_offset = calloc(n, sizeof(*s->new_offset));
	if (!s->new_index || !s->new_offset)
		return false;
	for (uint16_t i = 0; i < n; i++) {
		const Elf64_Shdr *section = &s->sections[i];
		bool drop = is_debug(s, section);

		if (is_relocations(section) && section->sh_info < n)
			drop |= is_debug(s, &s->sections[section->sh_info]) &&
				!(section->sh_flags & SHF_ALLOC);
		if (section->sh_type == SHT_SYMTAB_SHNDX ||
		    section->sh_type == SHT_GROUP || section->sh_link >= n ||
		    (drop && i == s->header.e_shstrndx))
			return false;
		if (drop)
			continue;
		if ((section->sh_flags & SHF_ALLOC) && n_kept != i)
			return false;
		s->new_index[i] = n_kept++;
	}
	s->n_kept = n_kept;
	return n_kept < n;
}

static bool is_kept(const struct strip *s, uint16_t i)
{
	return !i || s->new_index[i];
}

static bool has_bytes(const Elf64_Shdr *section)
{
	return section->sh_type != SHT_NOBITS && section->sh_type != SHT_NULL;
}

/* Finds a place for everything; whether that worked out. */
static bool strip_lay_out(struct strip *s)
{
	uint64_t fixed =
		KT_MAX((uint64_t)sizeof(s->header),
		       s->header.e_phoff + (uint64_t)s->header.e_phnum *
						   sizeof(*s->segments));
	uint64_t at;

	for (uint16_t i = 0; i < s->header.e_phnum; i++) {
		const Elf64_Phdr *segment = &s->segments[i];

		if (!fits(s, segment->p_offset, segment->p_filesz))
			return false;
		if (segment->p_filesz)
			fixed = KT_MAX(fixed,
				       segment->p_offset + segment->p_filesz);
	}
	for (uint16_t i = 0; i < s->header.e_shnum; i++) {
		const Elf64_Shdr *section = &s->sections[i];

		if (!has_bytes(section))
			continue;
		if (!fits(s, section->sh_offset, section->sh_size) ||
		    section->sh_addralign > STRIP_MAX_ALIGNMENT ||
		    (section->sh_addralign & (section->sh_addralign - 1)))
			return false;
		if (section->sh_flags & SHF_ALLOC)
			fixed = KT_MAX(fixed,
				       section->sh_offset + section->sh_size);
	}
	at = fixed;
	for (uint16_t i = 0; i < s->header.e_shnum; i++) {
		const Elf64_Shdr *section = &s->sections[i];
		const uint64_t end = section->sh_offset + section->sh_size;

		s->new_offset[i] = section->sh_offset;
		if (!is_kept(s, i) || !has_bytes(section))
			continue;
		if (end <= fixed) {
			/* Loaded, and with numbers that would have to change. */
			if (section->sh_type == SHT_SYMTAB)
				return false;
			continue;
		}
		at = KT_ALIGN_UP(at, KT_MAX(section->sh_addralign, 1ULL));
		s->new_offset[i] = at;
		at += section->sh_size;
	}
	s->fixed_bytes = fixed;
	s->table = KT_ALIGN_UP(at, sizeof(uint64_t));
	s->bytes = s->table + (uint64_t)s->n_kept * sizeof(*s->sections);
	/* Sections that share bytes would be copied once for each. */
	return s->bytes <= s->file_bytes;
}

/*
 * Gives the symbols of a moved table their sections' new numbers. A symbol of a
 * dropped section, which only ever names the section itself, is blanked out.
 */
static void renumber_symbols(const struct strip *s, uint8_t *data, uint64_t bytes)
{
	for (uint64_t at = 0; bytes - at >= sizeof(Elf64_Sym);
	     at += sizeof(Elf64_Sym)) {
		Elf64_Sym symbol;

		memcpy(&symbol, data + at, sizeof(symbol));
		if (symbol.st_shndx == SHN_UNDEF ||
		    symbol.st_shndx >= s->header.e_shnum)
			continue;
		if (is_kept(s, symbol.st_shndx))
			symbol.st_shndx = s->new_index[symbol.st_shndx];
		else
			symbol = (Elf64_Sym){ .st_shndx = SHN_ABS };
		memcpy(data + at, &symbol, sizeof(symbol));
	}
}

static int strip_write(const struct strip *s, uint8_t *out)
{
	Elf64_Ehdr header = s->header;
	int r;

	r = kt_pread_all(s->fd, out, s->fixed_bytes, 0);
	if (r < 0)
		return r;
	header.e_shoff = s->table;
	header.e_shnum = s->n_kept;
	header.e_shstrndx = s->new_index[header.e_shstrndx];
	memcpy(out, &header, sizeof(header));
	for (uint16_t i = 0; i < s->header.e_shnum; i++) {
		Elf64_Shdr section = s->sections[i];
		uint8_t *data = out + s->new_offset[i];

		if (!is_kept(s, i))
			continue;
		if (s->new_offset[i] >= s->fixed_bytes && has_bytes(&section)) {
			r = kt_pread_all(s->fd, data, section.sh_size,
					 (off_t)section.sh_offset);
			if (r < 0)
				return r;
			if (section.sh_type == SHT_SYMTAB)
				renumber_symbols(s, data, section.sh_size);
		}
		section.sh_offset = s->new_offset[i];
		section.sh_link = s->new_index[section.sh_link];
		if ((is_relocations(&section) ||
		     (section.sh_flags & SHF_INFO_LINK)) &&
		    section.sh_info < s->header.e_shnum)
			section.sh_info = s->new_index[section.sh_info];
		memcpy(out + s->table + s->new_index[i] * sizeof(section),
		       &section, sizeof(section));
	}
	return 0;
}

static int read_whole(const struct strip *s, uint8_t **ret, uint64_t *ret_bytes)
{
	char *data;
	size_t bytes;
	int r;

	if (lseek(s->fd, 0, SEEK_SET) < 0)
		return -errno;
	r = kt_read_fd(s->fd, STRIP_MAX_BYTES, &data, &bytes);
	if (r < 0)
		return r;
	*ret = (uint8_t *)data;
	*ret_bytes = bytes;
	return 0;
}

int kt_elf_read_stripped(int fd, const char *path, uint8_t **ret,
			 uint64_t *ret_bytes, struct ktstr_error *err)
{
	_cleanup_(strip_deinit) struct strip s = { .fd = fd };
	_cleanup_free_ uint8_t *out = NULL;
	struct stat st;
	int r;

	if (fstat(fd, &st) < 0) {
		r = -errno;
		return kt_err_errno(err, r, "cannot read \"%s\"", path);
	}
	s.file_bytes = (uint64_t)st.st_size;
	if (strip_read_headers(&s) && strip_choose(&s) && strip_lay_out(&s)) {
		out = calloc(1, s.bytes);
		r = out ? strip_write(&s, out) : -ENOMEM;
		if (!r) {
			*ret = TAKE_PTR(out);
			*ret_bytes = s.bytes;
			return 0;
		}
	} else {
		r = read_whole(&s, ret, ret_bytes);
	}
	if (r < 0)
		return kt_err_errno(err, r, "cannot read \"%s\"", path);
	return 0;
}
