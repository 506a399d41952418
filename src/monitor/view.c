// SPDX-License-Identifier: GPL-2.0-only
#include <endian.h>
#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "base/macro.h"
#include "monitor/view.h"

/* Translations are kept for pieces of this size, which every page is made of. */
#define PIECE_SHIFT 12
#define PIECE_BYTES (1ULL << PIECE_SHIFT)

void kt_view_init(struct kt_view *view, const struct kt_guest_memory *memory,
		  const struct kt_paging *paging)
{
	*view = (struct kt_view){ .memory = memory, .paging = *paging };
}

void kt_view_forget(struct kt_view *view)
{
	memset(view->cache, 0, sizeof(view->cache));
}

static int translate(struct kt_view *view, uint64_t va, uint64_t *ret_gpa)
{
	uint64_t page = va >> PIECE_SHIFT;
	struct kt_view_slot *slot =
		&view->cache[(page ^ page >> 8) % KT_VIEW_CACHE_SLOTS];
	struct kt_translation found;
	int r;

	if (slot->page != page) {
		view->n_walks++;
		r = kt_paging_translate(&view->paging, view->memory,
					va & ~(PIECE_BYTES - 1), &found);
		if (r)
			return r;
		*slot = (struct kt_view_slot){ page, found.gpa };
	}
	*ret_gpa = slot->gpa + va % PIECE_BYTES;
	return 0;
}

/* The host's address of what lies at `va`, up to the end of its piece. */
static int locate(struct kt_view *view, uint64_t va, size_t length, void **ret,
		  size_t *ret_length)
{
	uint64_t gpa, bytes = PIECE_BYTES - va % PIECE_BYTES;
	void *hva;
	int r = translate(view, va, &gpa);

	if (r)
		return r;
	bytes = KT_MIN(bytes, (uint64_t)length);
	hva = kt_guest_memory_at(view->memory, gpa, bytes);
	if (!hva)
		return -EFAULT;
	*ret = hva;
	*ret_length = bytes;
	return 0;
}

#define COPY_AS(type_)                                                         \
	({                                                                     \
		*(volatile type_ *)to = *(const volatile type_ *)from;         \
		sizeof(type_);                                                 \
	})

/* In the greatest units in which both lie aligned, so that none is torn. */
static void copy(uint8_t *to, const uint8_t *from, size_t length)
{
	while (length) {
		uintptr_t both = (uintptr_t)to | (uintptr_t)from;
		size_t n;

		if (length >= sizeof(uint64_t) && both % sizeof(uint64_t) == 0)
			n = COPY_AS(uint64_t);
		else if (length >= sizeof(uint32_t) &&
			 both % sizeof(uint32_t) == 0)
			n = COPY_AS(uint32_t);
		else if (length >= sizeof(uint16_t) &&
			 both % sizeof(uint16_t) == 0)
			n = COPY_AS(uint16_t);
		else
			n = COPY_AS(uint8_t);
		to += n;
		from += n;
		length -= n;
	}
}

static int transfer(struct kt_view *view, uint64_t va, uint8_t *data,
		    size_t length, bool to_guest)
{
	while (length) {
		size_t bytes;
		void *hva;
		int r = locate(view, va, length, &hva, &bytes);

		if (r)
			return r;
		if (to_guest)
			copy(hva, data, bytes);
		else
			copy(data, hva, bytes);
		data += bytes;
		length -= bytes;
		if (length && __builtin_add_overflow(va, bytes, &va))
			return -EFAULT;
	}
	return 0;
}

int kt_view_read(struct kt_view *view, uint64_t va, void *data, size_t length)
{
	return transfer(view, va, data, length, false);
}

int kt_view_write(struct kt_view *view, uint64_t va, const void *data,
		  size_t length)
{
	return transfer(view, va, (uint8_t *)data, length, true);
}

int kt_view_u8(struct kt_view *view, uint64_t va, uint8_t *ret)
{
	return kt_view_read(view, va, ret, sizeof(*ret));
}

int kt_view_u32(struct kt_view *view, uint64_t va, uint32_t *ret)
{
	uint32_t value;
	int r = kt_view_read(view, va, &value, sizeof(value));

	if (!r)
		*ret = le32toh(value);
	return r;
}

int kt_view_u64(struct kt_view *view, uint64_t va, uint64_t *ret)
{
	uint64_t value;
	int r = kt_view_read(view, va, &value, sizeof(value));

	if (!r)
		*ret = le64toh(value);
	return r;
}

int kt_view_unsigned(struct kt_view *view, uint64_t va, uint32_t size,
		     uint64_t *ret)
{
	uint64_t value = 0;
	int r;

	if (size != 1 && size != 2 && size != 4 && size != 8)
		return -EINVAL;
	r = kt_view_read(view, va, &value, size);
	if (!r)
		*ret = le64toh(value);
	return r;
}

int kt_view_text(struct kt_view *view, uint64_t va, char *ret, size_t size)
{
	size_t length = 0;

	while (length + 1 < size) {
		size_t bytes, i;
		const volatile char *from;
		void *hva;
		int r = locate(view, va + length, size - 1 - length, &hva,
			       &bytes);

		if (r && !length)
			return r;
		if (r)
			break;
		from = hva;
		for (i = 0; i < bytes; i++) {
			char c = from[i];

			if (!c)
				break;
			ret[length++] = c >= ' ' && c <= '~' ? c : '?';
		}
		if (i < bytes)
			break;
	}
	ret[length] = '\0';
	return 0;
}
