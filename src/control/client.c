// SPDX-License-Identifier: GPL-2.0-only
#include "control/client.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/macro.h"
#include "control/directory.h"
#include "control/protocol.h"

#define PAGE_BYTES   4096ULL
#define ANSWER_S     10
/* Far above any description and any kernel's BTF. */
#define ANSWER_BYTES (256u << 20)

int kt_control_connect(const char *name, struct kt_control_client *ret,
		       struct ktstr_error *err)
{
	const struct timeval bound = { .tv_sec = ANSWER_S };
	int fd, r = kt_control_open(name, &fd, err);

	if (r)
		return r;
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &bound, sizeof(bound));
	ret->fd = fd;
	return 0;
}

void kt_control_disconnect(struct kt_control_client *client)
{
	client->fd = kt_close(client->fd);
}

static int receive(int fd, void *data, size_t bytes)
{
	uint8_t *at = data;

	while (bytes) {
		ssize_t n = recv(fd, at, bytes, 0);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return errno == EAGAIN ? -ETIMEDOUT : -errno;
		if (n == 0)
			return -ECONNRESET;
		at += n;
		bytes -= (size_t)n;
	}
	return 0;
}

/* Sends a request and takes the head of its answer. */
static int ask(struct kt_control_client *client,
	       const struct kt_control_request *request, uint32_t *ret_length)
{
	struct kt_control_answer answer;
	int r;

	if (send(client->fd, request, sizeof(*request), MSG_NOSIGNAL) !=
	    sizeof(*request))
		return errno == EPIPE ? -ECONNRESET : -errno;
	r = receive(client->fd, &answer, sizeof(answer));
	if (r)
		return r;
	if (answer.error)
		return answer.error < 0 ? answer.error : -EPROTO;
	if (answer.length > ANSWER_BYTES)
		return -EPROTO;
	*ret_length = answer.length;
	return 0;
}

/* The whole of an answer, with a NUL behind it. */
static int ask_all(struct kt_control_client *client, uint32_t what, void **ret,
		   size_t *ret_bytes)
{
	const struct kt_control_request request = { .what = what };
	_cleanup_free_ char *data = NULL;
	uint32_t length;
	int r = ask(client, &request, &length);

	if (r)
		return r;
	data = malloc((size_t)length + 1);
	if (!data)
		return -ENOMEM;
	r = receive(client->fd, data, length);
	if (r)
		return r;
	data[length] = '\0';
	*ret_bytes = length;
	*ret = TAKE_PTR(data);
	return 0;
}

static int fail(struct ktstr_error *err, int error)
{
	if (error == -ECONNRESET)
		return kt_err(err, error, "the VM has ended");
	return kt_err_errno(err, error, "the VM does not answer");
}

int kt_control_description(struct kt_control_client *client, char **ret,
			   struct ktstr_error *err)
{
	size_t bytes;
	void *text;
	int r = ask_all(client, KT_CONTROL_DESCRIBE, &text, &bytes);

	if (r)
		return fail(err, r);
	*ret = text;
	return 0;
}

int kt_control_btf(struct kt_control_client *client, void **ret,
		   size_t *ret_bytes, struct ktstr_error *err)
{
	int r = ask_all(client, KT_CONTROL_BTF, ret, ret_bytes);

	return r ? fail(err, r) : 0;
}

static int fetch_page(struct kt_live_memory *live, uint64_t gpa, uint8_t *hva)
{
	const struct kt_control_request request = {
		.what = KT_CONTROL_READ,
		.length = PAGE_BYTES,
		.gpa = gpa,
	};
	uint32_t length;
	int r = ask(live->client, &request, &length);

	if (r)
		return r;
	if (length != PAGE_BYTES)
		return -EPROTO;
	live->n_fetches++;
	return receive(live->client->fd, hva, length);
}

/* Its pages' bits begin here; -1: not of these regions. */
static ssize_t first_bit(const struct kt_live_memory *live, uint64_t gpa)
{
	uint64_t first = 0;

	for (size_t i = 0; i < live->memory.n_regions; i++) {
		const struct kt_memory_region *region = &live->regions[i];

		if (gpa >= region->gpa && gpa - region->gpa < region->size_bytes)
			return (ssize_t)(first + (gpa - region->gpa) / PAGE_BYTES);
		first += region->size_bytes / PAGE_BYTES;
	}
	return -1;
}

/* Called with a stretch that lies inside one region. */
static int fetch(void *userdata, uint64_t gpa, uint8_t *hva, uint64_t length)
{
	struct kt_live_memory *live = userdata;
	uint64_t off = gpa % PAGE_BYTES;
	uint64_t end = KT_ALIGN_UP(off + KT_MAX(length, 1ULL), PAGE_BYTES);
	ssize_t bit = first_bit(live, gpa);

	if (bit < 0)
		return -EFAULT;
	for (uint64_t at = 0; at < end; at += PAGE_BYTES, bit++) {
		int r;

		if (live->fetched[bit / 8] >> bit % 8 & 1)
			continue;
		r = fetch_page(live, gpa - off + at, hva - off + at);
		if (r)
			return r;
		live->fetched[bit / 8] |= (uint8_t)(1 << bit % 8);
	}
	return 0;
}

static int map_regions(struct kt_live_memory *live)
{
	for (size_t i = 0; i < live->memory.n_regions; i++) {
		struct kt_memory_region *region = &live->regions[i];
		void *at;

		if (!region->size_bytes ||
		    (region->gpa | region->size_bytes) % PAGE_BYTES ||
		    (i > 0 &&
		     region->gpa < region[-1].gpa + region[-1].size_bytes))
			return -EBADMSG;
		at = mmap(NULL, region->size_bytes, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
		if (at == MAP_FAILED)
			return -errno;
		region->hva = at;
		live->n_pages += region->size_bytes / PAGE_BYTES;
	}
	live->fetched = calloc(live->n_pages / 8 + 1, 1);
	return live->fetched ? 0 : -ENOMEM;
}

int kt_live_memory_init(struct kt_live_memory *live,
			struct kt_control_client *client,
			const struct kt_memory_region *regions,
			size_t n_regions, struct ktstr_error *err)
{
	int r;

	*live = (struct kt_live_memory){ .client = client };
	if (n_regions == 0 || n_regions > KT_LIVE_REGIONS_MAX)
		return kt_err(err, -E2BIG, "the VM's RAM has %zu regions",
			      n_regions);
	for (size_t i = 0; i < n_regions; i++) {
		live->regions[i] = regions[i];
		live->regions[i].hva = NULL;
	}
	live->source = (struct kt_memory_source){ fetch, live };
	live->memory = (struct kt_guest_memory){ live->regions, n_regions,
						 &live->source };
	r = map_regions(live);
	if (!r)
		return 0;
	kt_live_memory_deinit(live);
	return kt_err_errno(err, r, "cannot make room for the VM's memory");
}

void kt_live_memory_deinit(struct kt_live_memory *live)
{
	for (size_t i = 0; i < live->memory.n_regions; i++) {
		if (live->regions[i].hva)
			munmap(live->regions[i].hva, live->regions[i].size_bytes);
	}
	free(live->fetched);
	*live = (struct kt_live_memory){ 0 };
}

void kt_live_memory_forget(struct kt_live_memory *live)
{
	memset(live->fetched, 0, live->n_pages / 8 + 1);
}
