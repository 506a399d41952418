// SPDX-License-Identifier: GPL-2.0-only
/*
 * A guest that is nothing but malice: an ELF "kernel" that is entered as Linux
 * is (64 bit, boot_params in RSI) and does what "micro=NAME" on its command
 * line says. Integer instructions only, so that a KVM which emulates its guest
 * runs it, too.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define COM1         0x3f8
#define COM2         0x2f8
#define I8042        0x64
#define I8042_DATA   0x60
#define SLEEP_PORT   0x600
#define VIRTIO       0xd0000000UL
#define VIRTIO_BYTES 0x4000UL /* all windows, three of them empty */

/* By this the host knows it for a kernel. */
__attribute__((used)) static const char banner[] =
	"Linux version 0.0.0-micro (hostile@guest) #1\n";

__asm__(".section .text.start, \"ax\"\n"
	".globl _start\n"
	"_start:\n"
	"	cli\n"
	"	lea stack_end(%rip), %rsp\n"
	"	mov %rsi, %rdi\n"
	"	call micro_main\n"
	"1:	hlt\n"
	"	jmp 1b\n"
	".section .bss\n"
	"	.balign 16\n"
	"	.skip 16384\n"
	"stack_end:\n"
	".text\n");

static inline void outb(uint16_t port, uint8_t value)
{
	__asm__ volatile("outb %0, %1" : : "a"(value), "Nd"(port));
}

static inline void outw(uint16_t port, uint16_t value)
{
	__asm__ volatile("outw %0, %1" : : "a"(value), "Nd"(port));
}

static inline void outl(uint16_t port, uint32_t value)
{
	__asm__ volatile("outl %0, %1" : : "a"(value), "Nd"(port));
}

static inline uint8_t inb(uint16_t port)
{
	uint8_t value;

	__asm__ volatile("inb %1, %0" : "=a"(value) : "Nd"(port));
	return value;
}

static inline uint32_t inl(uint16_t port)
{
	uint32_t value;

	__asm__ volatile("inl %1, %0" : "=a"(value) : "Nd"(port));
	return value;
}

static void print(const char *text)
{
	while (*text)
		outb(COM1, (uint8_t)*text++);
}

/* xorshift64: the same garbage in every run. */
static uint64_t seed = 0x9e3779b97f4a7c15;

static uint64_t garbage(void)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return seed;
}

static inline volatile uint32_t *reg(uint32_t offset)
{
	return (volatile uint32_t *)(VIRTIO + offset);
}

static _Noreturn void hang(void)
{
	for (;;)
		__asm__ volatile("");
}

static _Noreturn void halt(void)
{
	for (;;)
		__asm__ volatile("hlt");
}

static _Noreturn void triple_fault(void)
{
	static const struct {
		uint16_t limit;
		uint64_t base;
	} __attribute__((packed)) none = { 0, 0 };

	__asm__ volatile("lidt %0\n\tud2" : : "m"(none));
	hang();
}

static _Noreturn void reset(void)
{
	outb(I8042, 0xfe);
	hang();
}

/* Both consoles as fast as they go, without a newline on one of them. */
static _Noreturn void flood_serial(void)
{
	for (;;) {
		outb(COM1, (uint8_t)garbage());
		outb(COM2, 'x');
	}
}

/* Ports whose accesses end the machine by design. */
static bool is_way_out(uint16_t port)
{
	return (port >= I8042_DATA - 3 && port <= I8042) ||
	       (port >= SLEEP_PORT - 3 && port <= SLEEP_PORT + 1);
}

/* The PCI reset register and the like do not exist here. */
static void poke_ports(void)
{
	for (int i = 0; i < 6000; i++) {
		uint64_t r = garbage();
		uint16_t port = (uint16_t)(r >> 16);

		/* Half of it on what is there. */
		if (r & 1)
			port = (r & 2 ? COM1 : COM2) + (port & 7);
		if (is_way_out(port))
			continue;
		switch (r >> 2 & 7) {
		case 0:
			outb(port, (uint8_t)(r >> 32));
			break;
		case 1:
			outw(port, (uint16_t)(r >> 32));
			break;
		case 2:
			outl(port, (uint32_t)(r >> 32));
			break;
		case 3:
			inl(port);
			break;
		default:
			inb(port);
			break;
		}
	}
}

static void access(uint64_t address, uint64_t value, unsigned int how)
{
	switch (how & 7) {
	case 0:
		*(volatile uint8_t *)address = (uint8_t)value;
		break;
	case 1:
		*(volatile uint16_t *)address = (uint16_t)value;
		break;
	case 2:
		*(volatile uint64_t *)address = value;
		break;
	case 3:
		(void)*(volatile uint8_t *)address;
		break;
	case 4:
		(void)*(volatile uint64_t *)address;
		break;
	case 5:
		(void)*(volatile uint32_t *)address;
		break;
	default:
		*(volatile uint32_t *)address = (uint32_t)value;
		break;
	}
}

/* Any register, any width, any alignment, any value. */
static void poke_registers(void)
{
	for (int i = 0; i < 10000; i++) {
		uint64_t r = garbage();
		uint64_t offset = r & 0xff;

		if (r & 0x300)
			offset &= ~3UL;
		else
			offset = (r >> 16) % (VIRTIO_BYTES - 8);
		access(VIRTIO + offset, garbage(), (unsigned int)(r >> 40));
	}
}

/* And what is no device at all. */
static void poke_holes(void)
{
	static const uint64_t holes[] = { 0xa0000,    0xc0000000, 0xd0004000,
					  0xe0000000, 0xfe000000, 0xfffff000 };

	for (int i = 0; i < 1500; i++) {
		uint64_t r = garbage();
		uint64_t base = holes[r % (sizeof(holes) / sizeof(*holes))];

		access(base + (r >> 32 & 0xff0), garbage(),
		       (unsigned int)(r >> 16));
	}
}

#define QUEUES 6
#define SIZE   128

struct desc {
	uint64_t gpa;
	uint32_t length;
	uint16_t flags, next;
};

static struct rings {
	struct desc desc[SIZE];
	struct {
		uint16_t flags, idx, ring[SIZE], event;
	} avail;
	struct {
		uint16_t flags, idx;
		struct {
			uint32_t head, written;
		} ring[SIZE];
		uint16_t event;
	} used __attribute__((aligned(4)));
} rings[QUEUES] __attribute__((aligned(4096)));

static uint8_t buffer[65536] __attribute__((aligned(4096)));

static inline void barrier(void)
{
	__asm__ volatile("" ::: "memory");
}

static void zero(void *at, size_t bytes)
{
	for (uint64_t *p = at; bytes; bytes -= 8)
		*p++ = 0;
}

static void bring_up(void)
{
	*reg(0x70) = 0;
	*reg(0x70) = 3;
	*reg(0x24) = 0;
	*reg(0x20) = 2 | 1u << 28; /* multiport, indirect descriptors */
	*reg(0x24) = 1;
	*reg(0x20) = 1; /* VERSION_1 */
	*reg(0x70) = 11;
	for (uint32_t i = 0; i < QUEUES; i++) {
		struct rings *q = &rings[i];

		zero(q, sizeof(*q));
		*reg(0x30) = i;
		*reg(0x38) = SIZE;
		*reg(0x80) = (uint32_t)(uintptr_t)q->desc;
		*reg(0x84) = 0;
		*reg(0x90) = (uint32_t)(uintptr_t)&q->avail;
		*reg(0x94) = 0;
		*reg(0xa0) = (uint32_t)(uintptr_t)&q->used;
		*reg(0xa4) = 0;
		*reg(0x44) = 1;
	}
	*reg(0x70) = 15;
}

/* Like a descriptor, mostly. */
static void garbage_desc(struct desc *desc)
{
	uint64_t r = garbage();

	desc->gpa = (uintptr_t)buffer + (r & 0xfff);
	desc->length = r >> 16 & 0x7fff;
	desc->flags = r >> 32 & 7;
	desc->next = r >> 40 & (SIZE - 1);
	switch (r >> 56) {
	case 0:
		desc->gpa = garbage();
		break;
	case 1:
		desc->length = (uint32_t)garbage();
		break;
	case 2:
		desc->next = (uint16_t)garbage();
		break;
	default:
		break;
	}
	if (desc->flags & 4)
		desc->length &= ~15u;
}

static void poke_queues(void)
{
	for (int round = 0; round < 60; round++) {
		bring_up();
		for (int i = 0; i < 40; i++) {
			uint64_t r = garbage();
			uint32_t queue = r % QUEUES;
			struct rings *q = &rings[queue];
			uint16_t head = r >> 8 & (SIZE - 1);

			garbage_desc(&q->desc[head]);
			/* Tables for indirect descriptors, too. */
			garbage_desc((struct desc *)(buffer + (r >> 20 & 0xfff0)));
			q->avail.ring[q->avail.idx % SIZE] = head;
			barrier();
			q->avail.idx += (r >> 56) ? 1 : (r >> 40 & 0x1ff);
			barrier();
			*reg(0x50) = queue;
		}
	}
}

/* Sends the buffer's first bytes, as fast as the host takes them. */
static void transmit(uint32_t queue, uint32_t length)
{
	struct rings *q = &rings[queue];
	volatile uint16_t *used = &q->used.idx;
	uint16_t head = q->avail.idx % SIZE;

	while ((uint16_t)(q->avail.idx - *used) >= SIZE)
		;
	q->desc[head] = (struct desc){ (uintptr_t)buffer, length, 0, 0 };
	q->avail.ring[head] = head;
	barrier();
	q->avail.idx++;
	barrier();
	*reg(0x50) = queue;
}

/* A good driver with endless bytes, none of which is a frame. */
static _Noreturn void flood_console(void)
{
	bring_up();
	for (size_t i = 0; i < sizeof(buffer); i++)
		buffer[i] = (uint8_t)garbage();
	for (;;) {
		transmit(1, sizeof(buffer));
		transmit(5, sizeof(buffer));
	}
}

/* Endless output in proper frames: type, length, crc32, 0, then a line. */
static _Noreturn void flood_frames(void)
{
	static const uint8_t frame[] = {
		'S',  'T',  'D',  'O',  4, 0, 0, 0, /* length */
		0x28, 0x61, 0x95, 0x6d, 0, 0, 0, 0, /* crc32 */
		'b',  'l',  'a',  '\n',
	};
	uint32_t length = 0;

	bring_up();
	for (uint32_t i = 0; i + sizeof(frame) <= sizeof(buffer);
	     i += sizeof(frame)) {
		for (uint32_t k = 0; k < sizeof(frame); k++)
			buffer[i + k] = frame[k];
		length = i + sizeof(frame);
	}
	for (;;)
		transmit(5, length);
}

/* Control messages about ports that are and are not. */
static _Noreturn void flood_control(void)
{
	bring_up();
	for (;;) {
		uint64_t *message = (uint64_t *)buffer;

		*message = garbage() & 0x0001000700000003;
		transmit(3, 8);
	}
}

static void poke_devices(void)
{
	poke_registers();
	poke_holes();
}

static const struct {
	const char *name;
	void (*run)(void);
} tricks[] = {
	{ "hang", hang },
	{ "halt", halt },
	{ "triple-fault", triple_fault },
	{ "reset", reset },
	{ "serial", flood_serial },
	{ "ports", poke_ports },
	{ "registers", poke_devices },
	{ "queues", poke_queues },
	{ "console", flood_console },
	{ "frames", flood_frames },
	{ "control", flood_control },
};

/* What follows "micro=" on the command line begins with `name`. */
static bool is_asked(const char *cmdline, const char *name)
{
	static const char key[] = "micro=";

	for (; *cmdline; cmdline++) {
		size_t i = 0, k = 0;

		while (key[i] && cmdline[i] == key[i])
			i++;
		if (key[i])
			continue;
		while (name[k] && cmdline[i + k] == name[k])
			k++;
		if (!name[k] && (cmdline[i + k] == '\0' || cmdline[i + k] == ' '))
			return true;
	}
	return false;
}

#define BOOT_PARAMS_CMDLINE 0x228

void micro_main(const uint8_t *boot_params);

void micro_main(const uint8_t *boot_params)
{
	const char *cmdline =
		(const char *)(uintptr_t) *
		(const uint32_t *)(boot_params + BOOT_PARAMS_CMDLINE);

	for (size_t i = 0; i < sizeof(tricks) / sizeof(*tricks); i++) {
		if (!is_asked(cmdline, tricks[i].name))
			continue;
		print("micro: ");
		print(tricks[i].name);
		print("\r\n");
		tricks[i].run();
		print("micro: survived\r\n");
		reset();
	}
	print("micro: nothing to do\r\n");
	reset();
}
