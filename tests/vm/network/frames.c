// SPDX-License-Identifier: GPL-2.0-only
/*
 * Sends frames of mixed sizes through an interface that sends them back, and
 * holds what comes against what went, byte for byte. Runs in the guest.
 *
 * usage: frames INTERFACE COUNT SEED [GREATEST_BYTES]
 */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define ETHERTYPE   0x88b5 /* for local experiments, IEEE 802 */
#define LEAST       (sizeof(struct ether_header) + sizeof(uint32_t))
#define GREATEST    1514
#define UNDERWAY    32 /* frames, before some have to come back */
#define PATIENCE_MS 20000

#ifndef PACKET_IGNORE_OUTGOING /* since v4.20 */
#define PACKET_IGNORE_OUTGOING 23
#endif

struct run {
	int fd;
	uint32_t count;
	uint32_t seed;
	uint32_t greatest;
	uint32_t n_sent;
	uint32_t n_back;
	bool *back; /* by number */
};

static void fail(const char *what)
{
	perror(what);
	exit(1);
}

static uint32_t next_random(uint32_t *state)
{
	*state = *state * 1664525 + 1013904223;
	return *state >> 8;
}

/* Frame `number` of the run; its length. The same at every call. */
static uint32_t make_frame(const struct run *run, uint32_t number, uint8_t *frame)
{
	static const uint8_t address[ETH_ALEN] = { 2, 0, 0, 0, 0, 1 };
	struct ether_header header = { .ether_type = htons(ETHERTYPE) };
	uint32_t state = run->seed * 2654435761u + number, length;

	length = LEAST + next_random(&state) % (run->greatest - LEAST + 1);
	memcpy(header.ether_dhost, address, ETH_ALEN);
	memcpy(header.ether_shost, address, ETH_ALEN);
	memcpy(frame, &header, sizeof(header));
	memcpy(frame + sizeof(header), &number, sizeof(number));
	for (uint32_t i = LEAST; i < length; i++)
		frame[i] = (uint8_t)next_random(&state);
	return length;
}

static void open_socket(struct run *run, const char *interface)
{
	struct sockaddr_ll to = {
		.sll_family = AF_PACKET,
		.sll_protocol = htons(ETHERTYPE),
		.sll_ifindex = (int)if_nametoindex(interface),
	};
	int on = 1, bytes = 16 << 20;

	run->fd = socket(AF_PACKET, SOCK_RAW, htons(ETHERTYPE));
	if (run->fd < 0 || !to.sll_ifindex)
		fail(interface);
	if (bind(run->fd, (struct sockaddr *)&to, sizeof(to)) < 0)
		fail("bind");
	if (setsockopt(run->fd, SOL_PACKET, PACKET_IGNORE_OUTGOING, &on,
		       sizeof(on)) < 0)
		fail("PACKET_IGNORE_OUTGOING");
	/* fq_codel, the default of some kernels, drops what waits for long. */
	if (setsockopt(run->fd, SOL_PACKET, PACKET_QDISC_BYPASS, &on,
		       sizeof(on)) < 0)
		fail("PACKET_QDISC_BYPASS");
	if (setsockopt(run->fd, SOL_SOCKET, SO_RCVBUFFORCE, &bytes,
		       sizeof(bytes)) < 0)
		fail("SO_RCVBUFFORCE");
}

/* False when the device's queue is full; what is underway makes room. */
static bool send_one(struct run *run)
{
	uint8_t frame[65536];
	uint32_t length = make_frame(run, run->n_sent, frame);

	if (send(run->fd, frame, length, 0) != (ssize_t)length) {
		if (errno == ENOBUFS && run->n_sent > run->n_back)
			return false;
		fail("send");
	}
	run->n_sent++;
	return true;
}

static void receive_one(struct run *run)
{
	uint8_t frame[65536], wanted[65536];
	ssize_t n = recv(run->fd, frame, sizeof(frame), 0);
	uint32_t number, length;

	if (n < 0)
		fail("recv");
	memcpy(&number, frame + sizeof(struct ether_header), sizeof(number));
	if ((size_t)n < LEAST || number >= run->n_sent) {
		printf("a frame of %zd bytes came that was not sent\n", n);
		exit(1);
	}
	if (run->back[number]) {
		printf("frame %u came twice\n", number);
		exit(1);
	}
	length = make_frame(run, number, wanted);
	if ((uint32_t)n != length || memcmp(frame, wanted, length) != 0) {
		printf("frame %u of %u bytes came back with %zd, changed\n",
		       number, length, n);
		exit(1);
	}
	run->back[number] = true;
	run->n_back++;
}

/* Which ones, and whether one more frame makes them come after all. */
static void tell_missing(struct run *run)
{
	struct pollfd p = { .fd = run->fd, .events = POLLIN };
	uint8_t frame[65536];
	uint32_t length = make_frame(run, 0, frame), n = 0;

	printf("%u of %u frames did not come back:", run->n_sent - run->n_back,
	       run->n_sent);
	for (uint32_t i = 0; i < run->n_sent; i++) {
		if (!run->back[i])
			printf(" %u", i);
	}
	if (send(run->fd, frame, length, 0) < 0)
		fail("send");
	while (poll(&p, 1, PATIENCE_MS / 4) > 0 &&
	       recv(run->fd, frame, sizeof(frame), 0) > 0)
		n++;
	printf("; one more sent: %u came\n", n);
}

int main(int argc, char **argv)
{
	struct run run = { .greatest = GREATEST };

	if (argc < 4)
		return 2;
	run.count = (uint32_t)strtoul(argv[2], NULL, 10);
	run.seed = (uint32_t)strtoul(argv[3], NULL, 10);
	if (argc > 4)
		run.greatest = (uint32_t)strtoul(argv[4], NULL, 10);
	run.back = calloc(run.count, sizeof(*run.back));
	if (!run.count || !run.back)
		return 2;
	open_socket(&run, argv[1]);
	while (run.n_back < run.count) {
		struct pollfd p = { .fd = run.fd, .events = POLLIN };

		while (run.n_sent < run.count &&
		       run.n_sent - run.n_back < UNDERWAY && send_one(&run))
			;
		if (poll(&p, 1, PATIENCE_MS) <= 0) {
			tell_missing(&run);
			return 1;
		}
		receive_one(&run);
	}
	printf("%u frames came back as they were\n", run.n_back);
	return 0;
}
