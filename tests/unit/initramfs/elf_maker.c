// SPDX-License-Identifier: GPL-2.0-only
#include "test.h"

#include <elf.h>
#include <stdlib.h>

#include "base/strbuf.h"
#include "elf_maker.h"

#define BASE 0x10000

static uint64_t add_text(struct kt_strbuf *sb, const char *text)
{
	uint64_t at = sb->length;

	kt_strbuf_add_bytes(sb, text, strlen(text) + 1);
	return at;
}

static void add_dyn(struct kt_strbuf *sb, int64_t tag, uint64_t value)
{
	const Elf64_Dyn dyn = { .d_tag = tag, .d_un.d_val = value };

	kt_strbuf_add_bytes(sb, &dyn, sizeof(dyn));
}

static void pad_to(struct kt_strbuf *sb, size_t alignment)
{
	while (sb->length % alignment)
		kt_strbuf_add_char(sb, '\0');
}

static uint8_t *make_32_bit(const struct elf_spec *spec, size_t *ret_bytes)
{
	Elf32_Ehdr *header = calloc(1, sizeof(*header));

	assert_non_null(header);
	memcpy(header->e_ident, ELFMAG, SELFMAG);
	header->e_ident[EI_CLASS] = ELFCLASS32;
	header->e_ident[EI_DATA] = ELFDATA2LSB;
	header->e_ident[EI_VERSION] = EV_CURRENT;
	header->e_type = ET_DYN;
	header->e_machine = spec->machine ? spec->machine : EM_386;
	header->e_version = EV_CURRENT;
	header->e_ehsize = sizeof(*header);
	*ret_bytes = sizeof(*header);
	return (uint8_t *)header;
}

struct sections {
	Elf64_Shdr headers[9];
	uint16_t n;
	struct kt_strbuf names;
};

static void add_section(struct kt_strbuf *out, struct sections *sections,
			const char *name, uint32_t type, const void *data,
			size_t bytes, Elf64_Shdr extra)
{
	Elf64_Shdr *section = &sections->headers[sections->n++];

	pad_to(out, 8);
	*section = extra;
	section->sh_name = (uint32_t)add_text(&sections->names, name);
	section->sh_type = type;
	section->sh_offset = out->length;
	section->sh_size = bytes;
	section->sh_addralign = 8;
	kt_strbuf_add_bytes(out, data, bytes);
}

/* Section headers; the loaded part ends where `out` ends now. */
static void add_sections(struct kt_strbuf *out, uint64_t text_offset)
{
	const Elf64_Sym symbols[] = {
		{ 0 },
		/* In .text, number 1; of .debug_line, 3; in .comment, 4. */
		{ .st_name = 1, .st_shndx = 1, .st_value = BASE },
		{ .st_info = ELF64_ST_INFO(STB_LOCAL, STT_SECTION),
		  .st_shndx = 3 },
		{ .st_name = 1, .st_shndx = 4 },
		{ .st_name = 1, .st_shndx = SHN_ABS, .st_value = 7 },
	};
	static const char debug[4096] = "DWARF";
	const Elf64_Rela rela = { .r_offset = 1 };
	struct sections sections = { .n = 1 };
	Elf64_Ehdr header;

	add_text(&sections.names, "");
	sections.headers[1] = (Elf64_Shdr){
		.sh_name = (uint32_t)add_text(&sections.names, ".text"),
		.sh_type = SHT_PROGBITS,
		.sh_flags = SHF_ALLOC,
		.sh_offset = text_offset,
		.sh_size = sizeof(ELF_MAKER_TEXT),
		.sh_addr = BASE + text_offset,
		.sh_addralign = 1,
	};
	sections.n = 2;
	add_section(out, &sections, ".debug_info", SHT_PROGBITS, debug,
		    sizeof(debug), (Elf64_Shdr){ 0 });
	add_section(out, &sections, ".debug_line", SHT_PROGBITS, debug,
		    sizeof(debug), (Elf64_Shdr){ 0 });
	add_section(out, &sections, ".comment", SHT_PROGBITS, ELF_MAKER_COMMENT,
		    sizeof(ELF_MAKER_COMMENT), (Elf64_Shdr){ 0 });
	add_section(out, &sections, ".symtab", SHT_SYMTAB, symbols,
		    sizeof(symbols),
		    (Elf64_Shdr){ .sh_link = 6,
				  .sh_info = 3,
				  .sh_entsize = sizeof(Elf64_Sym) });
	add_section(out, &sections, ".strtab", SHT_STRTAB, "\0sym", 5,
		    (Elf64_Shdr){ 0 });
	add_section(out, &sections, ".rela.debug_info", SHT_RELA, &rela,
		    sizeof(rela),
		    (Elf64_Shdr){ .sh_link = 5,
				  .sh_info = 2,
				  .sh_entsize = sizeof(rela) });
	add_section(out, &sections, ".shstrtab", SHT_STRTAB, "", 0,
		    (Elf64_Shdr){ 0 });
	sections.headers[8].sh_size = sections.names.length;
	kt_strbuf_add_bytes(out, sections.names.data, sections.names.length);
	pad_to(out, 8);
	memcpy(&header, out->data, sizeof(header));
	header.e_shoff = out->length;
	header.e_shentsize = sizeof(Elf64_Shdr);
	header.e_shnum = sections.n;
	header.e_shstrndx = (uint16_t)(sections.n - 1);
	memcpy(out->data, &header, sizeof(header));
	kt_strbuf_add_bytes(out, sections.headers,
			    sections.n * sizeof(Elf64_Shdr));
	kt_strbuf_deinit(&sections.names);
}

uint8_t *make_elf(const struct elf_spec *spec, size_t *ret_bytes)
{
	_cleanup_strbuf_ struct kt_strbuf strings = { 0 };
	_cleanup_strbuf_ struct kt_strbuf dynamic = { 0 };
	struct kt_strbuf out = { 0 };
	Elf64_Phdr segments[3] = { 0 };
	Elf64_Ehdr header = {
		.e_type = ET_DYN,
		.e_machine = spec->machine ? spec->machine : EM_X86_64,
		.e_version = EV_CURRENT,
		.e_phoff = sizeof(header),
		.e_ehsize = sizeof(header),
		.e_phentsize = sizeof(Elf64_Phdr),
		.e_phnum = 3,
	};
	uint64_t strings_at, text_at;

	if (spec->is_32_bit)
		return make_32_bit(spec, ret_bytes);
	memcpy(header.e_ident, ELFMAG, SELFMAG);
	header.e_ident[EI_CLASS] = ELFCLASS64;
	header.e_ident[EI_DATA] = ELFDATA2LSB;
	header.e_ident[EI_VERSION] = EV_CURRENT;
	add_text(&strings, "");
	for (size_t i = 0; spec->needed && spec->needed[i]; i++)
		add_dyn(&dynamic, DT_NEEDED, add_text(&strings, spec->needed[i]));
	if (spec->soname)
		add_dyn(&dynamic, DT_SONAME, add_text(&strings, spec->soname));
	if (spec->rpath)
		add_dyn(&dynamic, DT_RPATH, add_text(&strings, spec->rpath));
	if (spec->runpath)
		add_dyn(&dynamic, DT_RUNPATH, add_text(&strings, spec->runpath));
	if (spec->flags_1)
		add_dyn(&dynamic, DT_FLAGS_1, spec->flags_1);
	add_dyn(&dynamic, DT_STRSZ, strings.length);

	kt_strbuf_add_bytes(&out, &header, sizeof(header));
	kt_strbuf_add_bytes(&out, segments, sizeof(segments));
	strings_at = out.length;
	kt_strbuf_add_bytes(&out, strings.data, strings.length);
	if (spec->interpreter) {
		segments[2].p_type = PT_INTERP;
		segments[2].p_offset = add_text(&out, spec->interpreter);
		segments[2].p_filesz = strlen(spec->interpreter) + 1;
	}
	text_at = add_text(&out, ELF_MAKER_TEXT);
	pad_to(&out, 8);
	add_dyn(&dynamic, DT_STRTAB, BASE + strings_at);
	add_dyn(&dynamic, DT_NULL, 0);
	segments[1].p_type = PT_DYNAMIC;
	segments[1].p_offset = out.length;
	segments[1].p_vaddr = BASE + out.length;
	segments[1].p_filesz = dynamic.length;
	kt_strbuf_add_bytes(&out, dynamic.data, dynamic.length);
	segments[0].p_type = PT_LOAD;
	segments[0].p_vaddr = BASE;
	segments[0].p_filesz = out.length;
	segments[0].p_memsz = out.length;
	memcpy(out.data + sizeof(header), segments, sizeof(segments));
	if (spec->sections)
		add_sections(&out, text_at);
	assert_false(kt_strbuf_failed(&out));
	*ret_bytes = out.length;
	return (uint8_t *)kt_strbuf_steal(&out);
}

const char *scratch_elf(const struct scratch *scratch, const char *name,
			const struct elf_spec *spec)
{
	size_t bytes;
	uint8_t *data = make_elf(spec, &bytes);
	const char *path = scratch_file(scratch, name, data, bytes, 0755);

	free(data);
	return path;
}
