// SPDX-License-Identifier: GPL-2.0-only
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/macro.h"
#include "monitor/image.h"

#define OWNER       "ktstr"
#define NOTE_ALIGN  4ULL
#define PAGE_BYTES  4096ULL
/* What is looked at, and left out when it is all zero, at a time. */
#define PIECE_BYTES (64 * KT_KIB)

enum note_type {
	NOTE_GUEST = 1,
	NOTE_BTF = 2,
};

json_t *kt_image_describe(const struct kt_image *image)
{
	const char *const *names = kt_kernel_symbol_names();
	json_t *symbols = json_object();

	for (size_t i = 0; symbols && i < KT_N_SYMBOLS; i++) {
		char text[32];

		snprintf(text, sizeof(text), "%#llx",
			 (unsigned long long)image->symbols.address[i]);
		if (image->symbols.address[i])
			json_object_set_new(symbols, names[i], json_string(text));
	}
	return json_pack("{s:s, s:I, s:o}", "release", image->release, "cpus",
			 (json_int_t)image->n_cpus, "symbols", symbols);
}

static uint64_t note_bytes(size_t descriptor_bytes)
{
	return sizeof(Elf64_Nhdr) + KT_ALIGN_UP(sizeof(OWNER), NOTE_ALIGN) +
	       KT_ALIGN_UP(descriptor_bytes, NOTE_ALIGN);
}

static int write_note(int fd, uint64_t offset, enum note_type type,
		      const void *descriptor, size_t bytes)
{
	const Elf64_Nhdr header = {
		.n_namesz = sizeof(OWNER),
		.n_descsz = (Elf64_Word)bytes,
		.n_type = type,
	};
	int r = kt_pwrite_all(fd, &header, sizeof(header), (off_t)offset);

	offset += sizeof(header);
	if (!r)
		r = kt_pwrite_all(fd, OWNER, sizeof(OWNER), (off_t)offset);
	offset += KT_ALIGN_UP(sizeof(OWNER), NOTE_ALIGN);
	if (!r)
		r = kt_pwrite_all(fd, descriptor, bytes, (off_t)offset);
	return r;
}

static bool is_zero(const uint8_t *data, size_t bytes)
{
	return !data[0] && memcmp(data, data + 1, bytes - 1) == 0;
}

static int write_region(const struct kt_memory_region *region, int fd,
			uint64_t offset)
{
	uint64_t at, bytes;

	for (at = 0; at < region->size_bytes; at += bytes) {
		int r;

		bytes = KT_MIN(region->size_bytes - at, PIECE_BYTES);
		if (is_zero(region->hva + at, bytes))
			continue;
		r = kt_pwrite_all(fd, region->hva + at, bytes,
				  (off_t)(offset + at));
		if (r)
			return r;
	}
	return 0;
}

static int write_headers(const struct kt_image *image, int fd,
			 uint64_t notes_bytes, uint64_t data_offset)
{
	size_t n = image->memory.n_regions + 1;
	uint64_t notes_offset = sizeof(Elf64_Ehdr) + n * sizeof(Elf64_Phdr);
	const Elf64_Ehdr header = {
		.e_ident = { ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS64,
			     ELFDATA2LSB, EV_CURRENT },
		.e_type = ET_CORE,
		.e_machine = EM_X86_64,
		.e_version = EV_CURRENT,
		.e_phoff = sizeof(header),
		.e_ehsize = sizeof(header),
		.e_phentsize = sizeof(Elf64_Phdr),
		.e_phnum = (Elf64_Half)n,
	};
	Elf64_Phdr segments[KT_IMAGE_REGIONS_MAX + 1] = { {
		.p_type = PT_NOTE,
		.p_offset = notes_offset,
		.p_filesz = notes_bytes,
		.p_align = NOTE_ALIGN,
	} };
	int r = kt_pwrite_all(fd, &header, sizeof(header), 0);

	for (size_t i = 0; i < image->memory.n_regions; i++) {
		const struct kt_memory_region *region = &image->memory.regions[i];

		segments[i + 1] = (Elf64_Phdr){
			.p_type = PT_LOAD,
			.p_flags = PF_R | PF_W | PF_X,
			.p_offset = data_offset,
			.p_paddr = region->gpa,
			.p_filesz = region->size_bytes,
			.p_memsz = region->size_bytes,
			.p_align = PAGE_BYTES,
		};
		data_offset += region->size_bytes;
	}
	return r ? r :
		   kt_pwrite_all(fd, segments, n * sizeof(segments[0]),
				 sizeof(header));
}

static int write_all(const struct kt_image *image, const char *guest, int fd)
{
	size_t guest_bytes = strlen(guest);
	uint64_t notes = sizeof(Elf64_Ehdr) +
			 (image->memory.n_regions + 1) * sizeof(Elf64_Phdr);
	uint64_t notes_bytes =
		note_bytes(guest_bytes) + note_bytes(image->btf_bytes);
	uint64_t data = KT_ALIGN_UP(notes + notes_bytes, PAGE_BYTES);
	uint64_t at = data;
	int r = write_headers(image, fd, notes_bytes, data);

	if (!r)
		r = write_note(fd, notes, NOTE_GUEST, guest, guest_bytes);
	if (!r)
		r = write_note(fd, notes + note_bytes(guest_bytes), NOTE_BTF,
			       image->btf, image->btf_bytes);
	for (size_t i = 0; !r && i < image->memory.n_regions; i++) {
		r = write_region(&image->memory.regions[i], fd, at);
		at += image->memory.regions[i].size_bytes;
	}
	if (!r && ftruncate(fd, (off_t)at) < 0)
		r = -errno;
	return r;
}

int kt_image_write(const struct kt_image *image, int fd, struct ktstr_error *err)
{
	_cleanup_free_ char *guest = NULL;
	json_t *described;
	int r;

	if (image->memory.n_regions > KT_IMAGE_REGIONS_MAX)
		return kt_err(err, -E2BIG,
			      "the guest's RAM has %zu regions; an image can "
			      "hold %d",
			      image->memory.n_regions, KT_IMAGE_REGIONS_MAX);
	described = kt_image_describe(image);
	if (described)
		guest = json_dumps(described, JSON_COMPACT);
	json_decref(described);
	if (!guest)
		return kt_err(err, -ENOMEM, "no memory to describe the guest");
	r = write_all(image, guest, fd);
	return r ? kt_err_errno(err, r, "cannot write the guest's memory") : 0;
}

/* A stretch of the file, or NULL when it is not wholly inside. */
static const uint8_t *piece(const struct kt_image *image, uint64_t offset,
			    uint64_t bytes)
{
	if (offset > image->mapping_bytes || bytes > image->mapping_bytes - offset)
		return NULL;
	return (const uint8_t *)image->mapping + offset;
}

static int take_region(struct kt_image *image, const Elf64_Phdr *segment)
{
	size_t n = image->memory.n_regions;
	const uint8_t *data = piece(image, segment->p_offset, segment->p_filesz);
	uint64_t end;

	if (!data || n == KT_IMAGE_REGIONS_MAX || !segment->p_filesz ||
	    segment->p_filesz != segment->p_memsz ||
	    (segment->p_offset | segment->p_paddr | segment->p_filesz) %
		    PAGE_BYTES ||
	    __builtin_add_overflow(segment->p_paddr, segment->p_filesz, &end))
		return -EBADMSG;
	if (n > 0 && segment->p_paddr < image->regions[n - 1].gpa +
						image->regions[n - 1].size_bytes)
		return -EBADMSG;
	/* What is written there is so for this mapping alone. */
	image->regions[n] = (struct kt_memory_region){
		.gpa = segment->p_paddr,
		.size_bytes = segment->p_filesz,
		.hva = (uint8_t *)data,
	};
	image->memory.n_regions++;
	return 0;
}

int kt_image_take_description(struct kt_image *image, json_t *guest)
{
	json_t *symbols, *address;
	const char *name, *release = NULL;
	json_int_t cpus = 0;

	if (json_unpack(guest, "{s:s, s:I, s:o}", "release", &release, "cpus",
			&cpus, "symbols", &symbols) < 0 ||
	    cpus < 1 || cpus > UINT16_MAX ||
	    strlen(release) >= sizeof(image->release))
		return -EBADMSG;
	image->n_cpus = (uint32_t)cpus;
	strcpy(image->release, release);
	json_object_foreach(symbols, name, address)
	{
		const char *value = json_string_value(address);

		if (value)
			kt_kernel_symbols_set(&image->symbols, name,
					      strtoull(value, NULL, 16));
	}
	return 0;
}

static int take_guest(struct kt_image *image, const char *text, size_t bytes)
{
	json_t *guest = json_loadb(text, bytes, 0, NULL);
	int r = guest ? kt_image_take_description(image, guest) : -EBADMSG;

	json_decref(guest);
	return r;
}

static int take_note(struct kt_image *image, const Elf64_Nhdr *header,
		     const uint8_t *owner, const uint8_t *descriptor)
{
	if (header->n_namesz != sizeof(OWNER) ||
	    memcmp(owner, OWNER, sizeof(OWNER)) != 0)
		return 0;
	switch (header->n_type) {
	case NOTE_GUEST:
		return take_guest(image, (const char *)descriptor,
				  header->n_descsz);
	case NOTE_BTF:
		image->btf = descriptor;
		image->btf_bytes = header->n_descsz;
		return 0;
	}
	return 0;
}

static int take_notes(struct kt_image *image, const Elf64_Phdr *segment)
{
	uint64_t at = segment->p_offset, end;

	if (!piece(image, at, segment->p_filesz))
		return -EBADMSG;
	end = at + segment->p_filesz;
	while (at < end) {
		const uint8_t *start = piece(image, at, sizeof(Elf64_Nhdr));
		const uint8_t *owner, *descriptor;
		Elf64_Nhdr header;
		int r;

		if (!start)
			return -EBADMSG;
		memcpy(&header, start, sizeof(header));
		at += sizeof(header);
		owner = piece(image, at, header.n_namesz);
		at += KT_ALIGN_UP((uint64_t)header.n_namesz, NOTE_ALIGN);
		descriptor = piece(image, at, header.n_descsz);
		at += KT_ALIGN_UP((uint64_t)header.n_descsz, NOTE_ALIGN);
		if (!owner || !descriptor)
			return -EBADMSG;
		r = take_note(image, &header, owner, descriptor);
		if (r)
			return r;
	}
	return 0;
}

static int take_segments(struct kt_image *image, const Elf64_Ehdr *header)
{
	for (size_t i = 0; i < header->e_phnum; i++) {
		const uint8_t *at =
			piece(image, header->e_phoff + i * sizeof(Elf64_Phdr),
			      sizeof(Elf64_Phdr));
		Elf64_Phdr segment;
		int r = 0;

		if (!at)
			return -EBADMSG;
		memcpy(&segment, at, sizeof(segment));
		if (segment.p_type == PT_NOTE)
			r = take_notes(image, &segment);
		else if (segment.p_type == PT_LOAD)
			r = take_region(image, &segment);
		if (r)
			return r;
	}
	return image->n_cpus && image->btf && image->memory.n_regions ? 0 :
									-EBADMSG;
}

static int parse(struct kt_image *image)
{
	const uint8_t *start = piece(image, 0, sizeof(Elf64_Ehdr));
	Elf64_Ehdr header;

	if (!start)
		return -EBADMSG;
	memcpy(&header, start, sizeof(header));
	if (memcmp(header.e_ident, ELFMAG, SELFMAG) != 0 ||
	    header.e_ident[EI_CLASS] != ELFCLASS64 ||
	    header.e_ident[EI_DATA] != ELFDATA2LSB || header.e_type != ET_CORE ||
	    header.e_phentsize != sizeof(Elf64_Phdr) ||
	    header.e_phoff > image->mapping_bytes ||
	    header.e_phnum > KT_IMAGE_REGIONS_MAX + 1)
		return -EBADMSG;
	return take_segments(image, &header);
}

static int map(struct kt_image *image, const char *path, struct ktstr_error *err)
{
	_cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat st;
	void *mapping;

	if (fd < 0)
		return kt_err_errno(err, -errno, "cannot open \"%s\"", path);
	if (fstat(fd, &st) < 0)
		return kt_err_errno(err, -errno, "cannot look at \"%s\"", path);
	if (!S_ISREG(st.st_mode) || st.st_size == 0)
		return kt_err(err, -EBADMSG,
			      "\"%s\" is no image of a guest's memory: %s", path,
			      S_ISREG(st.st_mode) ? "it is empty" :
						    "it is no regular file");
	mapping = mmap(NULL, (size_t)st.st_size, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE, fd, 0);
	if (mapping == MAP_FAILED)
		return kt_err_errno(err, -errno, "cannot map \"%s\"", path);
	image->mapping = mapping;
	image->mapping_bytes = (size_t)st.st_size;
	return 0;
}

int kt_image_open(struct kt_image *image, const char *path,
		  struct ktstr_error *err)
{
	int r;

	*image = (struct kt_image){ 0 };
	image->memory.regions = image->regions;
	r = map(image, path, err);
	if (!r && parse(image) < 0)
		r = kt_err(err, -EBADMSG,
			   "\"%s\" is no image of a guest's memory, or is cut "
			   "off; `ktstr shell --save FILE` writes one",
			   path);
	if (r)
		kt_image_close(image);
	return r;
}

void kt_image_close(struct kt_image *image)
{
	if (image->mapping)
		munmap(image->mapping, image->mapping_bytes);
	image->mapping = NULL;
}
