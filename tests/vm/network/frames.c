// SPDX-License-Identifier: GPL-2.0-only
/*
 * In the guest: sends frames of mixed lengths through eth0 and holds what comes
 * back against what was sent, byte for byte.
 *
 * usage: frames CPU FRAMES MTU
 */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

/* For experiments within one site (IEEE 802); nobody else answers to it. */
#define FRAME_TYPE 0x88b5

/* So many are under way at most, which the card has buffers for. */
#define WINDOW      16
#define PATIENCE_MS 10000
#define FRAME_MAX   (65535 + ETH_HLEN)

struct seen {
	uint64_t sent;
	uint64_t back;
	uint64_t sent_bytes;
};

static void fail(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	fprintf(stderr, "frames: ");
	vfprintf(stderr, format, args);
	fprintf(stderr, "\n");
	va_end(args);
	exit(1);
}

static void pin(int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	if (sched_setaffinity(0, sizeof(set), &set) < 0)
		fail("CPU %d: %s", cpu, strerror(errno));
}

static int open_card(uint8_t mac[ETH_ALEN])
{
	int fd = socket(AF_PACKET, SOCK_RAW, htons(FRAME_TYPE)), on = 1;
	struct ifreq request = { .ifr_name = "eth0" };
	struct sockaddr_ll address = {
		.sll_family = AF_PACKET,
		.sll_protocol = htons(FRAME_TYPE),
	};

	if (fd < 0)
		fail("no packet socket: %s", strerror(errno));
	if (ioctl(fd, SIOCGIFHWADDR, &request) < 0)
		fail("eth0: %s", strerror(errno));
	memcpy(mac, request.ifr_hwaddr.sa_data, ETH_ALEN);
	if (ioctl(fd, SIOCGIFINDEX, &request) < 0)
		fail("eth0: %s", strerror(errno));
	address.sll_ifindex = request.ifr_ifindex;
	/* Only what the card received, not what goes to it. */
	if (setsockopt(fd, SOL_PACKET, PACKET_IGNORE_OUTGOING, &on, sizeof(on)) <
		    0 ||
	    bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0)
		fail("eth0: %s", strerror(errno));
	return fd;
}

static uint32_t mix(uint32_t x)
{
	x ^= x << 13;
	x ^= x >> 17;
	return x ^ x << 5;
}

/* Frame `n`, which tells its number; its length, from the shortest on. */
static size_t make_frame(uint64_t n, size_t mtu, const uint8_t *mac,
			 uint8_t *frame)
{
	const uint16_t type = htons(FRAME_TYPE);
	uint32_t x = (uint32_t)n * 2654435761u + 1;
	size_t payload = 46 + mix(x) % (mtu - 46 + 1);

	memcpy(frame, mac, ETH_ALEN);
	memcpy(frame + ETH_ALEN, mac, ETH_ALEN);
	memcpy(frame + 12, &type, sizeof(type));
	memcpy(frame + ETH_HLEN, &n, sizeof(n));
	for (size_t i = sizeof(n); i < payload; i++) {
		x = mix(x);
		frame[ETH_HLEN + i] = (uint8_t)x;
	}
	return ETH_HLEN + payload;
}

static void send_one(int fd, size_t mtu, const uint8_t *mac, struct seen *seen)
{
	static uint8_t frame[FRAME_MAX];
	size_t length = make_frame(seen->sent, mtu, mac, frame);

	if (send(fd, frame, length, 0) != (ssize_t)length)
		fail("frame %llu of %zu bytes: %s",
		     (unsigned long long)seen->sent, length, strerror(errno));
	seen->sent++;
	seen->sent_bytes += length;
}

/* On one CPU frames go by one pair of queues, which keeps their order. */
static void take_one(int fd, size_t mtu, const uint8_t *mac, struct seen *seen)
{
	static uint8_t frame[FRAME_MAX], back[FRAME_MAX];
	struct pollfd pollfd = { .fd = fd, .events = POLLIN };
	size_t length = make_frame(seen->back, mtu, mac, frame);
	ssize_t n;

	if (poll(&pollfd, 1, PATIENCE_MS) <= 0)
		fail("frame %llu of %zu bytes did not come back",
		     (unsigned long long)seen->back, length);
	n = recv(fd, back, sizeof(back), 0);
	if (n != (ssize_t)length)
		fail("frame %llu came back with %zd bytes, not %zu",
		     (unsigned long long)seen->back, n, length);
	for (size_t i = 0; i < length; i++) {
		if (back[i] != frame[i])
			fail("byte %zu of frame %llu came back as %#04x, not "
			     "%#04x",
			     i, (unsigned long long)seen->back, back[i],
			     frame[i]);
	}
	seen->back++;
}

int main(int argc, char **argv)
{
	uint8_t mac[ETH_ALEN];
	struct seen seen = { 0 };
	uint64_t n_frames;
	size_t mtu;
	int fd;

	if (argc != 4)
		fail("usage: frames CPU FRAMES MTU");
	n_frames = strtoull(argv[2], NULL, 10);
	mtu = strtoul(argv[3], NULL, 10);
	if (mtu < 46 || mtu > 65535)
		fail("%zu is no MTU", mtu);
	pin(atoi(argv[1]));
	fd = open_card(mac);
	while (seen.back < n_frames) {
		while (seen.sent < n_frames && seen.sent - seen.back < WINDOW)
			send_one(fd, mtu, mac, &seen);
		take_one(fd, mtu, mac, &seen);
	}
	printf("frames: CPU %s: %llu frames, %llu bytes came back\n", argv[1],
	       (unsigned long long)seen.back,
	       (unsigned long long)seen.sent_bytes);
	return 0;
}
