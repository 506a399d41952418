// SPDX-License-Identifier: GPL-2.0-only
#include <assert.h>
#include <errno.h>
#include <stdatomic.h>
#include <string.h>

#include "base/macro.h"
#include "device/virtio/queue.h"

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__,
	       "the rings are little-endian and used as they are");

/* The rings as they lie in guest memory (section 2.7.5 to 2.7.8). */

struct kt_virtqueue_desc {
	uint64_t gpa;
	uint32_t length;
	uint16_t flags;
	uint16_t next;
};

enum {
	DESC_NEXT = 1,
	DESC_WRITE = 2, /* the device writes into it */
	DESC_INDIRECT = 4,
};

/* Behind the ring's last entry lies the driver's used_event. */
struct kt_virtqueue_avail {
	uint16_t flags;
	uint16_t idx;
	uint16_t ring[];
};

enum {
	AVAIL_NO_INTERRUPT = 1,
};

struct kt_virtqueue_used_entry {
	uint32_t head;
	uint32_t written;
};

/* Behind the ring's last entry lies our avail_event. */
struct kt_virtqueue_used {
	uint16_t flags;
	uint16_t idx;
	struct kt_virtqueue_used_entry ring[];
};

enum {
	USED_NO_NOTIFY = 1,
};

#define DESC_ALIGN  16
#define AVAIL_ALIGN 2
#define USED_ALIGN  4

/* Both rings hold a 16-bit event index behind their entries. */
#define AVAIL_BYTES(size)                                                      \
	(sizeof(struct kt_virtqueue_avail) + 2ULL * (size) + 2)
#define USED_BYTES(size)                                                       \
	(sizeof(struct kt_virtqueue_used) +                                    \
	 sizeof(struct kt_virtqueue_used_entry) * (size) + 2)

/*
 * What both sides touch is loaded and stored once, by these. The fields are
 * aligned: the areas are, and memory regions are page-aligned.
 */
static uint16_t load16(const uint16_t *p, int order)
{
	return __atomic_load_n(p, order);
}

static void store16(uint16_t *p, uint16_t value, int order)
{
	__atomic_store_n(p, value, order);
}

static uint16_t *avail_used_event(const struct kt_virtqueue *vq)
{
	return &vq->avail->ring[vq->size];
}

static uint16_t *used_avail_event(const struct kt_virtqueue *vq)
{
	return (uint16_t *)&vq->used->ring[vq->size];
}

static int vq_violation(struct kt_virtqueue *vq, const char *what)
{
	vq->violation = what;
	return -EPROTO;
}

void kt_virtqueue_init(struct kt_virtqueue *vq,
		       const struct kt_guest_memory *memory, uint16_t max_size,
		       uint64_t max_chain_bytes)
{
	assert(max_size && max_size <= KT_VIRTQUEUE_MAX_SIZE &&
	       !(max_size & (max_size - 1)));
	*vq = (struct kt_virtqueue){
		.memory = memory,
		.max_size = max_size,
		.max_chain_bytes = max_chain_bytes,
	};
}

void kt_virtqueue_reset(struct kt_virtqueue *vq)
{
	kt_virtqueue_init(vq, vq->memory, vq->max_size, vq->max_chain_bytes);
}

static int vq_refuse(struct kt_virtqueue *vq, const char *what)
{
	vq->violation = what;
	return -EINVAL;
}

static void *vq_area(const struct kt_virtqueue *vq, uint64_t gpa,
		     uint64_t align, uint64_t length)
{
	if (gpa & (align - 1))
		return NULL;
	return kt_guest_memory_at(vq->memory, gpa, length);
}

int kt_virtqueue_enable(struct kt_virtqueue *vq, bool event_idx, bool indirect)
{
	if (!vq->size || vq->size > vq->max_size || (vq->size & (vq->size - 1)))
		return vq_refuse(vq, "the size is no power of two in range");
	vq->desc = vq_area(vq, vq->desc_gpa, DESC_ALIGN,
			   sizeof(*vq->desc) * (uint64_t)vq->size);
	if (!vq->desc)
		return vq_refuse(vq, "the descriptor table is misaligned or "
				     "outside RAM");
	vq->avail =
		vq_area(vq, vq->avail_gpa, AVAIL_ALIGN, AVAIL_BYTES(vq->size));
	if (!vq->avail)
		return vq_refuse(vq, "the available ring is misaligned or "
				     "outside RAM");
	vq->used = vq_area(vq, vq->used_gpa, USED_ALIGN, USED_BYTES(vq->size));
	if (!vq->used)
		return vq_refuse(vq, "the used ring is misaligned or "
				     "outside RAM");
	vq->event_idx = event_idx;
	vq->indirect = indirect;
	vq->next_avail = 0;
	vq->next_used = 0;
	vq->signalled_used = 0;
	vq->violation = NULL;
	vq->ready = true;
	return 0;
}

/* Where the walk stands: in the queue's own table or in an indirect one. */
struct vq_walk {
	bool indirect;
	uint64_t table_gpa; /* of an indirect table */
	uint32_t table_entries;
	uint32_t index;
	uint32_t n_walked;
};

/* The only read of a descriptor; all checks are made on the copy. */
static int vq_copy_desc(struct kt_virtqueue *vq, const struct vq_walk *walk,
			struct kt_virtqueue_desc *ret)
{
	const uint64_t *words;
	uint64_t gpa, low, high;

	if (walk->index >= walk->table_entries)
		return vq_violation(vq, "a descriptor index is out of range");
	if (walk->indirect) {
		/* Cannot wrap: the whole table lies below 2^64. */
		gpa = walk->table_gpa + sizeof(*ret) * (uint64_t)walk->index;
		if (kt_guest_memory_read(vq->memory, gpa, ret, sizeof(*ret)) < 0)
			return vq_violation(vq, "an indirect table lies "
						"outside RAM");
		return 0;
	}
	words = (const uint64_t *)&vq->desc[walk->index];
	low = __atomic_load_n(&words[0], __ATOMIC_RELAXED);
	high = __atomic_load_n(&words[1], __ATOMIC_RELAXED);
	memcpy(ret, &low, sizeof(low));
	memcpy((uint8_t *)ret + sizeof(low), &high, sizeof(high));
	return 0;
}

static int vq_enter_indirect(struct kt_virtqueue *vq, struct vq_walk *walk,
			     const struct kt_virtqueue_desc *desc)
{
	uint64_t end;

	if (!vq->indirect)
		return vq_violation(vq, "an indirect descriptor was not "
					"negotiated");
	if (walk->indirect)
		return vq_violation(vq, "an indirect table holds an indirect "
					"descriptor");
	if (desc->flags & DESC_NEXT)
		return vq_violation(vq, "an indirect descriptor has a "
					"successor");
	if (!desc->length || desc->length % sizeof(*desc))
		return vq_violation(vq, "an indirect table's length is no "
					"multiple of 16");
	if (__builtin_add_overflow(desc->gpa, desc->length, &end))
		return vq_violation(vq, "an indirect table lies outside RAM");
	walk->indirect = true;
	walk->table_gpa = desc->gpa;
	walk->table_entries = desc->length / sizeof(*desc);
	walk->index = 0;
	return 0;
}

static int vq_add_piece(struct kt_virtqueue *vq, struct kt_virtqueue_chain *chain,
			void *base, size_t length, bool writable)
{
	uint32_t n = chain->n_readable + chain->n_writable;

	if (n == KT_ARRAY_SIZE(chain->pieces))
		return vq_violation(vq, "a chain has too many pieces");
	chain->pieces[n] = (struct iovec){ .iov_base = base, .iov_len = length };
	if (writable)
		chain->n_writable++;
	else
		chain->n_readable++;
	return 0;
}

static int vq_add_buffer(struct kt_virtqueue *vq,
			 struct kt_virtqueue_chain *chain,
			 const struct kt_virtqueue_desc *desc)
{
	bool writable = desc->flags & DESC_WRITE;
	uint64_t gpa = desc->gpa, left = desc->length, end;

	if (!left)
		return vq_violation(vq, "a buffer has no bytes");
	if (__builtin_add_overflow(gpa, left, &end))
		return vq_violation(vq, "a buffer lies outside RAM");
	if (!writable && chain->n_writable)
		return vq_violation(vq, "a readable buffer follows a "
					"writable one");
	if (chain->readable_bytes + chain->writable_bytes + left >
	    vq->max_chain_bytes)
		return vq_violation(vq, "a chain is longer than the device "
					"takes");
	if (writable)
		chain->writable_bytes += left;
	else
		chain->readable_bytes += left;
	while (left) {
		uint64_t length;
		void *base =
			kt_guest_memory_piece(vq->memory, gpa, left, &length);
		int r;

		if (!base)
			return vq_violation(vq, "a buffer lies outside RAM");
		r = vq_add_piece(vq, chain, base, length, writable);
		if (r < 0)
			return r;
		left -= length;
		gpa += length;
	}
	return 0;
}

static int vq_walk_chain(struct kt_virtqueue *vq, struct kt_virtqueue_chain *chain)
{
	struct vq_walk walk = {
		.table_entries = vq->size,
		.index = chain->head,
	};

	for (;;) {
		struct kt_virtqueue_desc desc;
		int r;

		/*
		 * A chain, an indirect one too, has at most as many buffers
		 * as the queue has descriptors (2.7.5.3.1): a longer one is
		 * a loop or a driver that breaks that rule.
		 */
		if (walk.n_walked == vq->size)
			return vq_violation(vq, "a chain loops or is longer "
						"than the queue");
		r = vq_copy_desc(vq, &walk, &desc);
		if (r < 0)
			return r;
		if (desc.flags & DESC_INDIRECT) {
			r = vq_enter_indirect(vq, &walk, &desc);
			if (r < 0)
				return r;
			continue;
		}
		walk.n_walked++;
		r = vq_add_buffer(vq, chain, &desc);
		if (r < 0)
			return r;
		if (!(desc.flags & DESC_NEXT))
			return 0;
		walk.index = desc.next;
	}
}

bool kt_virtqueue_pending(const struct kt_virtqueue *vq)
{
	return vq->ready && !vq->violation &&
	       load16(&vq->avail->idx, __ATOMIC_ACQUIRE) != vq->next_avail;
}

void kt_virtqueue_get_state(const struct kt_virtqueue *vq,
			    struct kt_virtqueue_state *ret)
{
	*ret = (struct kt_virtqueue_state){ .ready = vq->ready };
	if (!vq->ready)
		return;
	ret->size = vq->size;
	ret->waiting = (uint16_t)(load16(&vq->avail->idx, __ATOMIC_ACQUIRE) -
				  vq->next_avail);
	ret->unweighed = (uint16_t)(vq->next_used - vq->signalled_used);
	ret->event_idx = vq->event_idx;
	if (vq->event_idx)
		ret->unseen =
			(uint16_t)(vq->next_used - load16(avail_used_event(vq),
							  __ATOMIC_RELAXED));
}

int kt_virtqueue_pop(struct kt_virtqueue *vq, struct kt_virtqueue_chain *chain)
{
	uint16_t idx, head;
	int r;

	if (vq->violation)
		return -EPROTO;
	if (!vq->ready)
		return 0;
	/* Pairs with the driver's barrier between entry and index. */
	idx = load16(&vq->avail->idx, __ATOMIC_ACQUIRE);
	if (idx == vq->next_avail)
		return 0;
	if ((uint16_t)(idx - vq->next_avail) > vq->size)
		return vq_violation(vq, "the available index jumped");
	head = load16(&vq->avail->ring[vq->next_avail & (vq->size - 1)],
		      __ATOMIC_RELAXED);
	if (head >= vq->size)
		return vq_violation(vq, "a head is out of range");

	chain->head = head;
	chain->n_readable = 0;
	chain->n_writable = 0;
	chain->readable_bytes = 0;
	chain->writable_bytes = 0;
	r = vq_walk_chain(vq, chain);
	if (r < 0)
		return r;
	vq->next_avail++;
	return 1;
}

void kt_virtqueue_push_all(struct kt_virtqueue *vq,
			   const struct kt_virtqueue_returned *returned,
			   uint16_t n)
{
	if (!vq->ready)
		return;
	for (uint16_t i = 0; i < n; i++) {
		struct kt_virtqueue_used_entry *entry =
			&vq->used->ring[vq->next_used & (vq->size - 1)];

		__atomic_store_n(&entry->head, returned[i].head,
				 __ATOMIC_RELAXED);
		__atomic_store_n(&entry->written, returned[i].written,
				 __ATOMIC_RELAXED);
		vq->next_used++;
	}
	/* The entries and the buffers' bytes come before the index. */
	store16(&vq->used->idx, vq->next_used, __ATOMIC_RELEASE);
}

void kt_virtqueue_push(struct kt_virtqueue *vq, uint16_t head, uint32_t written)
{
	const struct kt_virtqueue_returned returned = { head, written };

	kt_virtqueue_push_all(vq, &returned, 1);
}

void kt_virtqueue_put_back(struct kt_virtqueue *vq, uint16_t n)
{
	if (vq->ready)
		vq->next_avail = (uint16_t)(vq->next_avail - n);
}

bool kt_virtqueue_should_interrupt(struct kt_virtqueue *vq)
{
	uint16_t before = vq->signalled_used, event;

	if (!vq->ready || vq->next_used == before)
		return false;
	/*
	 * The index stored before, the event or flag loaded after: else both
	 * sides could miss each other's last step.
	 */
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	vq->signalled_used = vq->next_used;
	if (!vq->event_idx)
		return !(load16(&vq->avail->flags, __ATOMIC_RELAXED) &
			 AVAIL_NO_INTERRUPT);
	/* Has the used index moved past the event (2.7.7.1)? */
	event = load16(avail_used_event(vq), __ATOMIC_RELAXED);
	return (uint16_t)(vq->next_used - event - 1) <
	       (uint16_t)(vq->next_used - before);
}

bool kt_virtqueue_want_notify(struct kt_virtqueue *vq)
{
	if (!vq->ready || vq->violation)
		return false;
	if (vq->event_idx)
		store16(used_avail_event(vq), vq->next_avail, __ATOMIC_RELAXED);
	else
		store16(&vq->used->flags, 0, __ATOMIC_RELAXED);
	/* As in kt_virtqueue_should_interrupt(), the other way round. */
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	return kt_virtqueue_pending(vq);
}

void kt_virtqueue_dont_notify(struct kt_virtqueue *vq)
{
	/* With event indices a stale avail_event already means silence. */
	if (vq->ready && !vq->event_idx)
		store16(&vq->used->flags, USED_NO_NOTIFY, __ATOMIC_RELAXED);
}

/* Finds the place `offset` bytes into `n` pieces and copies from there on. */
static size_t chain_copy(const struct iovec *pieces, uint32_t n, uint64_t offset,
			 void *to, const void *from, size_t length)
{
	size_t done = 0;

	for (uint32_t i = 0; i < n && done < length; i++) {
		uint8_t *base = pieces[i].iov_base;
		size_t piece = pieces[i].iov_len;

		if (offset >= piece) {
			offset -= piece;
			continue;
		}
		piece = KT_MIN(piece - offset, length - done);
		if (to)
			memcpy((uint8_t *)to + done, base + offset, piece);
		else
			memcpy(base + offset, (const uint8_t *)from + done,
			       piece);
		done += piece;
		offset = 0;
	}
	return done;
}

size_t kt_virtqueue_chain_read(const struct kt_virtqueue_chain *chain,
			       uint64_t offset, void *data, size_t length)
{
	return chain_copy(chain->pieces, chain->n_readable, offset, data, NULL,
			  length);
}

size_t kt_virtqueue_chain_write(const struct kt_virtqueue_chain *chain,
				uint64_t offset, const void *data, size_t length)
{
	return chain_copy(chain->pieces + chain->n_readable, chain->n_writable,
			  offset, NULL, data, length);
}
