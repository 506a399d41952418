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
#include "monitor/find.h"
#include "monitor/image.h"
#include "monitor/view.h"

#define OWNER       "ktstr"
#define NOTE_ALIGN  4ULL
#define PAGE_BYTES  4096ULL
/* The kernel keeps a page for it. */
#define VMCOREINFO_MAX 65536ULL
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

struct note {
	const char *owner;
	uint32_t type;
	const void *descriptor;
	size_t bytes;
};

static uint64_t note_bytes(const struct note *note)
{
	return sizeof(Elf64_Nhdr) +
	       KT_ALIGN_UP(strlen(note->owner) + 1, NOTE_ALIGN) +
	       KT_ALIGN_UP(note->bytes, NOTE_ALIGN);
}

static int write_note(int fd, uint64_t offset, const struct note *note)
{
	size_t owner_bytes = strlen(note->owner) + 1;
	const Elf64_Nhdr header = {
		.n_namesz = (Elf64_Word)owner_bytes,
		.n_descsz = (Elf64_Word)note->bytes,
		.n_type = note->type,
	};
	int r = kt_pwrite_all(fd, &header, sizeof(header), (off_t)offset);

	offset += sizeof(header);
	if (!r)
		r = kt_pwrite_all(fd, note->owner, owner_bytes, (off_t)offset);
	offset += KT_ALIGN_UP(owner_bytes, NOTE_ALIGN);
	if (!r)
		r = kt_pwrite_all(fd, note->descriptor, note->bytes,
				  (off_t)offset);
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

/* Notes, regions, and the kernel's image if it was found. */
#define SEGMENTS_MAX (KT_IMAGE_REGIONS_MAX + 2)

static size_t n_segments(const struct kt_image *image)
{
	return 1 + image->memory.n_regions + (image->kernel_bytes > 0);
}

static Elf64_Phdr kernel_segment(const struct kt_image *image, uint64_t offset)
{
	return (Elf64_Phdr){
		.p_type = PT_LOAD,
		.p_flags = PF_R | PF_W | PF_X,
		.p_offset = offset,
		.p_vaddr = image->kernel_va,
		.p_paddr = image->kernel_gpa,
		.p_filesz = image->kernel_bytes,
		.p_memsz = image->kernel_bytes,
		.p_align = PAGE_BYTES,
	};
}

static int write_headers(const struct kt_image *image, int fd,
			 uint64_t notes_bytes, uint64_t data_offset)
{
	size_t n = n_segments(image);
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
	Elf64_Phdr segments[SEGMENTS_MAX] = { {
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
		if (image->kernel_bytes && image->kernel_gpa >= region->gpa &&
		    image->kernel_gpa - region->gpa < region->size_bytes)
			segments[n - 1] = kernel_segment(
				image, data_offset + image->kernel_gpa -
					       region->gpa);
		data_offset += region->size_bytes;
	}
	return r ? r :
		   kt_pwrite_all(fd, segments, n * sizeof(segments[0]),
				 sizeof(header));
}

static int write_all(const struct kt_image *image, const char *guest, int fd)
{
	const struct note notes[] = {
		{ OWNER, NOTE_GUEST, guest, strlen(guest) },
		{ OWNER, NOTE_BTF, image->btf, image->btf_bytes },
		{ "VMCOREINFO", 0, image->vmcoreinfo, image->vmcoreinfo_bytes },
	};
	size_t n = KT_ARRAY_SIZE(notes) - !image->vmcoreinfo;
	uint64_t first = sizeof(Elf64_Ehdr) +
			 n_segments(image) * sizeof(Elf64_Phdr);
	uint64_t at = first, data;
	int r = 0;

	for (size_t i = 0; !r && i < n; i++) {
		r = write_note(fd, at, &notes[i]);
		at += note_bytes(&notes[i]);
	}
	data = KT_ALIGN_UP(at, PAGE_BYTES);
	if (!r)
		r = write_headers(image, fd, at - first, data);
	for (size_t i = 0; !r && i < image->memory.n_regions; i++) {
		r = write_region(&image->memory.regions[i], fd, data);
		data += image->memory.regions[i].size_bytes;
	}
	if (!r && ftruncate(fd, (off_t)data) < 0)
		r = -errno;
	return r;
}

/* Where the kernel is linked to be, as arch/x86/include/asm/page_64_types.h has it. */
#define LINK_BASE  0xffffffff80000000ULL
#define LINK_BYTES (1ULL << 30)

static char *read_vmcoreinfo(struct kt_view *view, const uint64_t *address,
			     size_t *ret_bytes)
{
	_cleanup_free_ char *text = NULL;
	uint64_t data, bytes;

	if (!address[KT_SYMBOL_VMCOREINFO_DATA] ||
	    !address[KT_SYMBOL_VMCOREINFO_SIZE] ||
	    kt_view_u64(view, address[KT_SYMBOL_VMCOREINFO_DATA], &data) < 0 ||
	    kt_view_u64(view, address[KT_SYMBOL_VMCOREINFO_SIZE], &bytes) < 0 ||
	    bytes == 0 || bytes > VMCOREINFO_MAX)
		return NULL;
	text = malloc(bytes);
	if (!text || kt_view_read(view, data, text, bytes) < 0)
		return NULL;
	*ret_bytes = bytes;
	return TAKE_PTR(text);
}

/* From the page of its tables to the end of the region that they are in. */
static void find_kernel(struct kt_image *image, const struct kt_paging *paging)
{
	uint64_t table = image->symbols.address[KT_SYMBOL_ROOT_TABLE];

	for (size_t i = 0; i < image->memory.n_regions; i++) {
		const struct kt_memory_region *region = &image->memory.regions[i];
		uint64_t before;

		if (paging->root_gpa < region->gpa ||
		    paging->root_gpa - region->gpa >= region->size_bytes)
			continue;
		before = KT_MIN(paging->root_gpa - region->gpa,
				table - LINK_BASE);
		image->kernel_va = table - before;
		image->kernel_gpa = paging->root_gpa - before;
		image->kernel_bytes =
			KT_MIN(region->size_bytes -
				       (image->kernel_gpa - region->gpa),
			       LINK_BASE + LINK_BYTES - image->kernel_va);
	}
}

void kt_image_add_debug(struct kt_image *image)
{
	_cleanup_free_ struct kt_view *view = malloc(sizeof(*view));
	struct kt_paging paging;

	if (!view || kt_find_x86_64(&image->memory, &image->symbols, &paging,
				    NULL) < 0)
		return;
	kt_view_init(view, &image->memory, &paging);
	image->vmcoreinfo = read_vmcoreinfo(view, image->symbols.address,
					    &image->vmcoreinfo_bytes);
	if (image->vmcoreinfo)
		find_kernel(image, &paging);
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
		/* One with an address is the kernel's image, once more. */
		else if (segment.p_type == PT_LOAD && !segment.p_vaddr)
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
	    header.e_phnum > SEGMENTS_MAX)
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
