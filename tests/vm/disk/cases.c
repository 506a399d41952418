// SPDX-License-Identifier: GPL-2.0-only
/* Tests whose machines have devices, and that use them. */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <poll.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <ktstr/disk.h>
#include <ktstr/network.h>
#include <ktstr/payload.h>
#include <ktstr/test.h>

KTSTR_PAYLOAD(fio, .binary = "fio",
	      .args = KTSTR_PAYLOAD_ARGS("--name=verified",
					 "--filename=/dev/vda", "--rw=randwrite",
					 "--bs=4k", "--size=512k", "--direct=1",
					 "--ioengine=psync", "--fsync=16",
					 "--verify=crc32c", "--do_verify=1",
					 "--output-format=json"),
	      .timeout_s = 300,
	      KTSTR_PAYLOAD_METRICS(
		      KTSTR_JSON_METRIC("writes", "jobs[0].write.total_ios",
					.min = 128, .max = 128),
		      KTSTR_JSON_METRIC("reads", "jobs[0].read.total_ios",
					.min = 128, .max = 128),
		      KTSTR_JSON_METRIC("error", "jobs[0].error", .max = 0)))

KTSTR_TEST(verifies, .memory_mib = 1024, .timeout_s = 400,
	   .payloads = KTSTR_PAYLOADS(&fio),
	   .disk = KTSTR_DISK(.size_mib = 32, .iops = 5000))
{
	return ktstr_run_payload(ctx, &fio);
}

#define FRAMES 200

static int open_device(void)
{
	struct ifreq request = { .ifr_name = "eth0" };
	struct sockaddr_ll address = {
		.sll_family = AF_PACKET,
		.sll_protocol = htons(0x88b5),
	};
	int fd = socket(AF_PACKET, SOCK_RAW, htons(0x88b5));

	if (fd < 0 || ioctl(fd, SIOCGIFFLAGS, &request) < 0)
		return -1;
	request.ifr_flags |= IFF_UP;
	if (ioctl(fd, SIOCSIFFLAGS, &request) < 0)
		return -1;
	address.sll_ifindex = (int)if_nametoindex("eth0");
	return bind(fd, (struct sockaddr *)&address, sizeof(address)) ? -1 : fd;
}

/* The next frame that came in; what went out is shown to the socket, too. */
static ssize_t receive(int fd, uint8_t *frame, size_t size)
{
	for (;;) {
		struct pollfd p = { .fd = fd, .events = POLLIN };
		struct sockaddr_ll from = { 0 };
		socklen_t length = sizeof(from);
		ssize_t n;

		if (poll(&p, 1, 10000) <= 0)
			return -1;
		n = recvfrom(fd, frame, size, 0, (struct sockaddr *)&from,
			     &length);
		if (n < 0 || from.sll_pkttype != PACKET_OUTGOING)
			return n;
	}
}

KTSTR_TEST(echoes, .timeout_s = 200, .network = KTSTR_NETWORK(.queue_pairs = 1))
{
	uint8_t frame[1514] = { 2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 1, 0x88, 0xb5 };
	uint8_t back[sizeof(frame)];
	int fd = open_device();

	KTSTR_REQUIRE(ctx, fd >= 0);
	KTSTR_REQUIRE(ctx, access("/sys/class/net/eth0/queues/rx-1", F_OK) < 0);
	for (int i = 0; i < FRAMES; i++) {
		size_t length = 60 + (size_t)i * 7;

		memset(frame + 14, i, length - 14);
		KTSTR_REQUIRE(ctx, send(fd, frame, length, 0) == (ssize_t)length);
		KTSTR_REQUIRE(ctx, receive(fd, back, sizeof(back)) ==
					   (ssize_t)length);
		KTSTR_REQUIRE(ctx, memcmp(frame, back, length) == 0);
	}
	close(fd);
	return KTSTR_PASS;
}

KTSTR_TEST(has_neither)
{
	KTSTR_REQUIRE(ctx, access("/dev/vda", F_OK) < 0);
	KTSTR_REQUIRE(ctx, if_nametoindex("eth0") == 0);
	return KTSTR_PASS;
}
