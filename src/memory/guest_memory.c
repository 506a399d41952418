// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <string.h>

#include "base/fd.h"
#include "base/macro.h"
#include "memory/guest_memory.h"

static const struct kt_memory_region *region_of(const struct kt_guest_memory *memory,
						uint64_t gpa)
{
	for (size_t i = 0; i < memory->n_regions; i++) {
		const struct kt_memory_region *r = &memory->regions[i];

		if (gpa >= r->gpa && gpa - r->gpa < r->size_bytes)
			return r;
	}
	return NULL;
}

static bool fetch(const struct kt_guest_memory *memory, uint64_t gpa,
		  uint8_t *hva, uint64_t length)
{
	return !memory->source ||
	       memory->source->fetch(memory->source->userdata, gpa, hva,
				     length) == 0;
}

void *kt_guest_memory_at(const struct kt_guest_memory *memory, uint64_t gpa,
			 uint64_t length)
{
	const struct kt_memory_region *r = region_of(memory, gpa);
	uint8_t *hva;

	if (!r || length > r->size_bytes - (gpa - r->gpa))
		return NULL;
	hva = r->hva + (gpa - r->gpa);
	return fetch(memory, gpa, hva, length) ? hva : NULL;
}

void *kt_guest_memory_piece(const struct kt_guest_memory *memory, uint64_t gpa,
			    uint64_t length, uint64_t *ret_length)
{
	const struct kt_memory_region *r = region_of(memory, gpa);
	uint64_t offset;
	uint8_t *hva;

	if (!r)
		return NULL;
	offset = gpa - r->gpa;
	hva = r->hva + offset;
	*ret_length = KT_MIN(length, r->size_bytes - offset);
	return fetch(memory, gpa, hva, *ret_length) ? hva : NULL;
}

/* Copies stretch by stretch, each inside one region. */
static int copy_pieces(const struct kt_guest_memory *memory, uint64_t gpa,
		       uint8_t *data, uint64_t length, bool to_guest)
{
	while (length) {
		uint64_t piece;
		void *hva = kt_guest_memory_piece(memory, gpa, length, &piece);

		if (!hva)
			return -EFAULT;
		if (to_guest)
			memcpy(hva, data, piece);
		else
			memcpy(data, hva, piece);
		data += piece;
		length -= piece;
		if (length && __builtin_add_overflow(gpa, piece, &gpa))
			return -EFAULT;
	}
	/*
	 * The guest may change its bytes at any time: whoever checks the copy
	 * must not have it read again behind their back.
	 */
	__asm__ volatile("" ::: "memory");
	return 0;
}

int kt_guest_memory_read(const struct kt_guest_memory *memory, uint64_t gpa,
			 void *data, uint64_t length)
{
	return copy_pieces(memory, gpa, data, length, false);
}

int kt_guest_memory_write(const struct kt_guest_memory *memory, uint64_t gpa,
			  const void *data, uint64_t length)
{
	return copy_pieces(memory, gpa, (uint8_t *)data, length, true);
}

int kt_guest_memory_load(const struct kt_guest_memory *memory, uint64_t gpa,
			 int fd, uint64_t offset, uint64_t length)
{
	while (length) {
		uint64_t bytes;
		void *at = kt_guest_memory_piece(memory, gpa, length, &bytes);
		int r;

		if (!at)
			return -EFAULT;
		r = kt_pread_all(fd, at, bytes, (off_t)offset);
		if (r)
			return r;
		gpa += bytes;
		offset += bytes;
		length -= bytes;
	}
	return 0;
}

uint64_t kt_guest_memory_end(const struct kt_guest_memory *memory, uint64_t gpa)
{
	uint64_t end = 0;

	for (size_t i = 0; i < memory->n_regions; i++) {
		const struct kt_memory_region *r = &memory->regions[i];

		if (end ? r->gpa == end :
			  gpa >= r->gpa && gpa - r->gpa < r->size_bytes)
			end = r->gpa + r->size_bytes;
	}
	return end;
}
