// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <gelf.h>
#include <libelf.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/macro.h"
#include "initramfs/elf_dynamic.h"

#define DYNAMIC_MAX_STRING_BYTES (64 * KT_MIB)
#define DYNAMIC_MAX_ENTRIES      65536

KT_DEFINE_CLEANUP(Elf *, elf_end)

void kt_elf_dynamic_deinit(struct kt_elf_dynamic *elf)
{
	free(elf->interpreter);
	for (size_t i = 0; i < elf->n_needed; i++)
		free(elf->needed[i]);
	free(elf->needed);
	free(elf->soname);
	free(elf->rpath);
	free(elf->runpath);
	*elf = (struct kt_elf_dynamic){ 0 };
}

bool kt_elf_abi_equal(const struct kt_elf_abi *a, const struct kt_elf_abi *b)
{
	return a->elf_class == b->elf_class && a->data == b->data &&
	       a->machine == b->machine;
}

/* A string that ends inside `bytes`, copied. */
static int copy_string(const char *data, size_t bytes, uint64_t offset, char **ret)
{
	char *copy;

	if (!data || offset >= bytes ||
	    !memchr(data + offset, '\0', bytes - offset))
		return -EBADMSG;
	copy = strdup(data + offset);
	if (!copy)
		return -ENOMEM;
	free(*ret);
	*ret = copy;
	return 0;
}

static int add_needed(struct kt_elf_dynamic *elf, const char *strings,
		      size_t bytes, uint64_t offset)
{
	char **needed =
		reallocarray(elf->needed, elf->n_needed + 1, sizeof(*needed));
	int r;

	if (!needed)
		return -ENOMEM;
	elf->needed = needed;
	needed[elf->n_needed] = NULL;
	r = copy_string(strings, bytes, offset, &needed[elf->n_needed]);
	if (!r)
		elf->n_needed++;
	return r;
}

/* The part of the file that is loaded at `address`, to the end of its segment. */
static int find_address(Elf *elf, size_t n_headers, uint64_t address,
			uint64_t *ret_offset, uint64_t *ret_bytes)
{
	for (size_t i = 0; i < n_headers; i++) {
		GElf_Phdr ph;

		if (!gelf_getphdr(elf, (int)i, &ph))
			return -EBADMSG;
		if (ph.p_type != PT_LOAD || address < ph.p_vaddr ||
		    address - ph.p_vaddr >= ph.p_filesz)
			continue;
		*ret_offset = ph.p_offset + (address - ph.p_vaddr);
		*ret_bytes = ph.p_filesz - (address - ph.p_vaddr);
		return 0;
	}
	return -EBADMSG;
}

static int read_interpreter(Elf *elf, const GElf_Phdr *ph,
			    struct kt_elf_dynamic *ret)
{
	Elf_Data *data;

	if (!ph->p_filesz || ph->p_filesz > 4096)
		return -EBADMSG;
	data = elf_getdata_rawchunk(elf, (int64_t)ph->p_offset,
				    (size_t)ph->p_filesz, ELF_T_BYTE);
	if (!data)
		return -EBADMSG;
	return copy_string(data->d_buf, data->d_size, 0, &ret->interpreter);
}

/* The dynamic section as a table; at most what its segment holds. */
static Elf_Data *get_dynamic(Elf *elf, const GElf_Phdr *ph)
{
	size_t entry = gelf_fsize(elf, ELF_T_DYN, 1, EV_CURRENT);
	uint64_t bytes = ph->p_filesz;

	if (!entry || bytes > DYNAMIC_MAX_ENTRIES * entry)
		return NULL;
	return elf_getdata_rawchunk(elf, (int64_t)ph->p_offset,
				    (size_t)(bytes - bytes % entry), ELF_T_DYN);
}

static int read_dynamic(Elf *elf, size_t n_headers, const GElf_Phdr *ph,
			struct kt_elf_dynamic *ret)
{
	uint64_t address = 0, bytes = 0, offset, most;
	Elf_Data *dynamic = get_dynamic(elf, ph);
	const char *strings = NULL;
	bool has_names = false;
	GElf_Dyn dyn;
	int r;

	if (!dynamic)
		return -EBADMSG;
	for (int i = 0; gelf_getdyn(dynamic, i, &dyn) && dyn.d_tag != DT_NULL;
	     i++) {
		switch (dyn.d_tag) {
		case DT_STRTAB:
			address = dyn.d_un.d_ptr;
			break;
		case DT_STRSZ:
			bytes = dyn.d_un.d_val;
			break;
		case DT_FLAGS_1:
			ret->no_default_libraries =
				dyn.d_un.d_val & DF_1_NODEFLIB;
			break;
		case DT_NEEDED:
		case DT_SONAME:
		case DT_RPATH:
		case DT_RUNPATH:
			has_names = true;
			break;
		}
	}
	if (!has_names)
		return 0;
	r = find_address(elf, n_headers, address, &offset, &most);
	if (r < 0)
		return r;
	if (bytes > most || bytes > DYNAMIC_MAX_STRING_BYTES)
		return -EBADMSG;
	if (bytes) {
		Elf_Data *data = elf_getdata_rawchunk(elf, (int64_t)offset,
						      (size_t)bytes, ELF_T_BYTE);

		if (!data)
			return -EBADMSG;
		strings = data->d_buf;
	}
	for (int i = 0;
	     !r && gelf_getdyn(dynamic, i, &dyn) && dyn.d_tag != DT_NULL; i++) {
		uint64_t at = dyn.d_un.d_val;

		if (dyn.d_tag == DT_NEEDED)
			r = add_needed(ret, strings, (size_t)bytes, at);
		else if (dyn.d_tag == DT_SONAME)
			r = copy_string(strings, (size_t)bytes, at, &ret->soname);
		else if (dyn.d_tag == DT_RPATH)
			r = copy_string(strings, (size_t)bytes, at, &ret->rpath);
		else if (dyn.d_tag == DT_RUNPATH)
			r = copy_string(strings, (size_t)bytes, at,
					&ret->runpath);
	}
	return r;
}

int kt_elf_dynamic_read(int fd, struct kt_elf_dynamic *ret)
{
	_cleanup_(elf_end_cleanup) Elf *elf = NULL;
	_cleanup_elf_dynamic_ struct kt_elf_dynamic result = { 0 };
	size_t n_headers;
	GElf_Ehdr header;
	GElf_Phdr ph;
	int r = 0;

	/* Selects the version that the API speaks; may be said any number of
	 * times. */
	if (elf_version(EV_CURRENT) == EV_NONE)
		return -ENOSYS;
	elf = elf_begin(fd, ELF_C_READ, NULL);
	if (!elf || elf_kind(elf) != ELF_K_ELF || !gelf_getehdr(elf, &header))
		return -ENOEXEC;
	result.abi.elf_class = header.e_ident[EI_CLASS];
	result.abi.data = header.e_ident[EI_DATA];
	result.abi.machine = header.e_machine;
	result.type = header.e_type;
	if (elf_getphdrnum(elf, &n_headers) < 0)
		return -EBADMSG;
	for (size_t i = 0; i < n_headers && !r; i++) {
		if (!gelf_getphdr(elf, (int)i, &ph))
			return -EBADMSG;
		if (ph.p_type == PT_INTERP)
			r = read_interpreter(elf, &ph, &result);
		else if (ph.p_type == PT_DYNAMIC)
			r = read_dynamic(elf, n_headers, &ph, &result);
	}
	if (r < 0)
		return r;
	*ret = result;
	result = (struct kt_elf_dynamic){ 0 };
	return 0;
}
