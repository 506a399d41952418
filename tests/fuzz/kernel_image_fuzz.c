// SPDX-License-Identifier: GPL-2.0-only
/*
 * A file that somebody calls a kernel, from its first bytes to its BTF: a
 * bzImage is unpacked, what comes out is read as an ELF file, and its sections
 * are looked through. A bare ELF file, a bare compressed payload with its size
 * behind it and a bare BTF blob enter where they belong, so that checksums do
 * not stand between the input and what lies behind them.
 */
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/macro.h"
#include "fuzz.h"
#include "kernel/btf.h"
#include "base/bytes.h"
#include "kernel/bzimage.h"
#include "kernel/elf.h"
#include "kernel/image.h"

/* Enough for every path; the real ceiling, init_size, would cost time. */
#define UNPACKED_MAX_BYTES (256 * KT_KIB)

static void read_btf(const uint8_t *data, size_t bytes)
{
	struct ktstr_error err = { 0 };

	if (kt_btf_check(data, bytes, &err))
		fuzz_check(err.message[0]);
}

static void check_segments(const struct kt_elf *elf, size_t bytes)
{
	bool entered = false;

	fuzz_check(elf->n_segments > 0);
	fuzz_check(elf->n_segments <= KT_KERNEL_SEGMENTS_MAX);
	for (size_t i = 0; i < elf->n_segments; i++) {
		const struct kt_kernel_segment *s = &elf->segments[i];

		fuzz_check(s->file_offset <= bytes);
		fuzz_check(s->file_bytes <= bytes - s->file_offset);
		fuzz_check(s->file_bytes <= s->memory_bytes);
		fuzz_check(s->gpa + s->memory_bytes > s->gpa);
		fuzz_check(!i || s[-1].gpa + s[-1].memory_bytes <= s->gpa);
		entered |= elf->entry >= s->gpa &&
			   elf->entry < s->gpa + s->file_bytes;
	}
	fuzz_check(entered);
}

static void read_elf(const uint8_t *data, size_t bytes)
{
	struct ktstr_error err = { 0 };
	const uint8_t *section;
	size_t section_bytes;
	struct kt_elf elf;

	if (!kt_elf_parse(data, bytes, &elf, &err))
		check_segments(&elf, bytes);
	else
		fuzz_check(err.message[0]);
	if (kt_elf_section(data, bytes, ".BTF", &section, &section_bytes, &err))
		return;
	fuzz_check(section >= data && section <= data + bytes);
	fuzz_check(section_bytes <= (size_t)(data + bytes - section));
	read_btf(section, section_bytes);
}

/*
 * Room whose end is the end of mapped memory: the decompressors are libraries
 * that the sanitizer does not watch, but this they cannot write past.
 */
struct guarded {
	uint8_t *map;
	size_t map_bytes;
	uint8_t *data;
};

static void guarded_init(struct guarded *room, size_t bytes)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	size_t usable = KT_ALIGN_UP(bytes, page);
	void *map;

	room->map_bytes = usable + page;
	map = mmap(NULL, room->map_bytes, PROT_READ | PROT_WRITE,
		   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	fuzz_check(map != MAP_FAILED);
	room->map = map;
	fuzz_check(!mprotect(room->map + usable, page, PROT_NONE));
	room->data = room->map + usable - bytes;
}

static void guarded_deinit(struct guarded *room)
{
	munmap(room->map, room->map_bytes);
}

/* What fills some room exactly must not go into less. */
static void refuse_less_room(struct kt_bzimage image, uint32_t bytes)
{
	struct guarded out;

	image.unpacked_bytes = bytes;
	guarded_init(&out, bytes);
	fuzz_check(kt_bzimage_unpack(&image, out.data, NULL));
	guarded_deinit(&out);
}

static void read_payload(const uint8_t *data, size_t bytes)
{
	struct kt_bzimage image = {
		.payload = data,
		.payload_bytes = bytes,
		.compression = kt_compression_detect(data, bytes),
	};
	struct ktstr_error err = { 0 };
	struct guarded out;

	if (image.compression == KT_COMPRESSION_UNKNOWN || bytes < 8)
		return;
	image.unpacked_bytes = kt_le32_at(data + bytes - 4);
	if (!image.unpacked_bytes || image.unpacked_bytes > UNPACKED_MAX_BYTES)
		return;
	guarded_init(&out, image.unpacked_bytes);
	if (!kt_bzimage_unpack(&image, out.data, &err)) {
		read_elf(out.data, image.unpacked_bytes);
		refuse_less_room(image, image.unpacked_bytes - 1);
		refuse_less_room(image, image.unpacked_bytes / 2);
	} else {
		fuzz_check(err.message[0]);
	}
	guarded_deinit(&out);
}

static void read_bzimage(const uint8_t *data, size_t bytes)
{
	struct ktstr_error err = { 0 };
	struct kt_bzimage image;

	if (kt_bzimage_parse(data, bytes, &image, &err)) {
		fuzz_check(err.message[0]);
		return;
	}
	fuzz_check(image.payload >= data);
	fuzz_check(image.payload_bytes <= (size_t)(data + bytes - image.payload));
	fuzz_check(image.compression == KT_COMPRESSION_UNKNOWN ||
		   image.unpacked_bytes <= image.init_size);
	fuzz_check(memchr(image.release, '\0', sizeof(image.release)));
	fuzz_check(!strchr(image.release, '/'));
	read_payload(image.payload, image.payload_bytes);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
	char release[KT_RELEASE_BYTES];
	struct ktstr_error err = { 0 };
	enum kt_image_kind kind;

	if (kt_image_release(data, bytes, release, &err))
		fuzz_check(err.message[0]);
	if (kt_image_identify(data, bytes, &kind, &err)) {
		read_payload(data, bytes);
		read_btf(data, bytes);
	} else if (kind == KT_IMAGE_BZIMAGE) {
		read_bzimage(data, bytes);
	} else {
		read_elf(data, bytes);
	}
	return 0;
}
