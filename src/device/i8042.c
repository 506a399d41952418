// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>

#include "base/mutex.h"
#include "device/i8042.h"

enum {
	OFFSET_DATA = KT_I8042_DATA_PORT - KT_I8042_DATA_PORT,
	OFFSET_COMMAND = KT_I8042_COMMAND_PORT - KT_I8042_DATA_PORT,
};

enum {
	STATUS_OUTPUT_FULL = 0x01, /* a byte waits at port 0x60 */
	STATUS_SYSTEM = 0x04,      /* the self test has passed */
	STATUS_COMMAND = 0x08,     /* the last write was a command */
	STATUS_NOT_LOCKED = 0x10,
};

enum {
	COMMAND_READ_CONFIG = 0x20,
	COMMAND_WRITE_CONFIG = 0x60,
	COMMAND_DISABLE_AUX = 0xa7,
	COMMAND_ENABLE_AUX = 0xa8,
	COMMAND_TEST_AUX = 0xa9,
	COMMAND_SELF_TEST = 0xaa,
	COMMAND_TEST_KEYBOARD = 0xab,
	COMMAND_DISABLE_KEYBOARD = 0xad,
	COMMAND_ENABLE_KEYBOARD = 0xae,
	COMMAND_READ_OUTPUT = 0xd0,
	COMMAND_WRITE_OUTPUT = 0xd1,
	COMMAND_LOOP_KEYBOARD = 0xd2,
	COMMAND_LOOP_AUX = 0xd3,
	/* 0xf0 to 0xff pulse the output bits that are 0 in the low half. */
	COMMAND_PULSE = 0xf0,
};

enum {
	CONFIG_SYSTEM = 0x04,
	CONFIG_KEYBOARD_DISABLED = 0x10,
	CONFIG_AUX_DISABLED = 0x20,
	CONFIG_TRANSLATE = 0x40,
};

enum {
	OUTPUT_NOT_RESET = 0x01, /* wired to the CPU's reset line, inverted */
	OUTPUT_A20 = 0x02,
	OUTPUT_IDLE = 0xcc,
};

#define SELF_TEST_PASSED    0x55
#define INTERFACE_WORKS     0x00
#define INTERFACE_CLOCK_LOW 0x01 /* nothing is plugged in there */

struct kt_i8042 {
	pthread_mutex_t lock;
	void (*reset)(void *userdata);
	void *userdata;
	uint8_t config;
	uint8_t pending; /* command that waits for its byte at 0x60, or 0 */
	uint8_t output;
	bool output_full;
	bool last_was_command;
};

int kt_i8042_create(void (*reset)(void *userdata), void *userdata,
		    struct kt_i8042 **ret)
{
	struct kt_i8042 *controller = calloc(1, sizeof(*controller));

	if (!controller)
		return -ENOMEM;
	(void)kt_mutex_init(&controller->lock);
	controller->reset = reset;
	controller->userdata = userdata;
	controller->config = CONFIG_SYSTEM | CONFIG_TRANSLATE;
	*ret = controller;
	return 0;
}

void kt_i8042_destroy(struct kt_i8042 *controller)
{
	if (!controller)
		return;
	pthread_mutex_destroy(&controller->lock);
	free(controller);
}

static void i8042_answer(struct kt_i8042 *controller, uint8_t byte)
{
	controller->output = byte;
	controller->output_full = true;
}

/* Returns true when the command pulls the reset line. */
static bool i8042_command(struct kt_i8042 *controller, uint8_t command)
{
	controller->pending = 0;
	switch (command) {
	case COMMAND_READ_CONFIG:
		i8042_answer(controller, controller->config);
		break;
	case COMMAND_DISABLE_AUX:
		controller->config |= CONFIG_AUX_DISABLED;
		break;
	case COMMAND_ENABLE_AUX:
		controller->config &= ~CONFIG_AUX_DISABLED;
		break;
	case COMMAND_DISABLE_KEYBOARD:
		controller->config |= CONFIG_KEYBOARD_DISABLED;
		break;
	case COMMAND_ENABLE_KEYBOARD:
		controller->config &= ~CONFIG_KEYBOARD_DISABLED;
		break;
	case COMMAND_TEST_AUX:
		i8042_answer(controller, INTERFACE_CLOCK_LOW);
		break;
	case COMMAND_SELF_TEST:
		controller->config |= CONFIG_SYSTEM;
		i8042_answer(controller, SELF_TEST_PASSED);
		break;
	case COMMAND_TEST_KEYBOARD:
		i8042_answer(controller, INTERFACE_WORKS);
		break;
	case COMMAND_READ_OUTPUT:
		i8042_answer(controller,
			     OUTPUT_IDLE | OUTPUT_A20 | OUTPUT_NOT_RESET);
		break;
	case COMMAND_WRITE_CONFIG:
	case COMMAND_WRITE_OUTPUT:
	case COMMAND_LOOP_KEYBOARD:
	case COMMAND_LOOP_AUX:
		controller->pending = command;
		break;
	default:
		return (command & COMMAND_PULSE) == COMMAND_PULSE &&
		       !(command & OUTPUT_NOT_RESET);
	}
	return false;
}

/* The byte that belongs to a command; else it goes to no keyboard. */
static bool i8042_data(struct kt_i8042 *controller, uint8_t byte)
{
	uint8_t command = controller->pending;

	controller->pending = 0;
	switch (command) {
	case COMMAND_WRITE_CONFIG:
		controller->config = byte;
		break;
	case COMMAND_WRITE_OUTPUT:
		return !(byte & OUTPUT_NOT_RESET);
	case COMMAND_LOOP_KEYBOARD:
	case COMMAND_LOOP_AUX:
		/*
		 * Without a mouse port the byte shows up as the keyboard's,
		 * from which a driver sees at once that there is none.
		 */
		i8042_answer(controller, byte);
		break;
	default:
		break;
	}
	return false;
}

static uint8_t i8042_status(const struct kt_i8042 *controller)
{
	uint8_t status = STATUS_NOT_LOCKED;

	if (controller->config & CONFIG_SYSTEM)
		status |= STATUS_SYSTEM;
	if (controller->last_was_command)
		status |= STATUS_COMMAND;
	if (controller->output_full)
		status |= STATUS_OUTPUT_FULL;
	return status;
}

static uint8_t i8042_read_port(struct kt_i8042 *controller, uint64_t offset)
{
	switch (offset) {
	case OFFSET_DATA:
		controller->output_full = false;
		return controller->output;
	case OFFSET_COMMAND:
		return i8042_status(controller);
	default:
		return 0xff;
	}
}

static bool i8042_write_port(struct kt_i8042 *controller, uint64_t offset,
			     uint8_t byte)
{
	switch (offset) {
	case OFFSET_DATA:
		controller->last_was_command = false;
		return i8042_data(controller, byte);
	case OFFSET_COMMAND:
		controller->last_was_command = true;
		return i8042_command(controller, byte);
	default:
		return false;
	}
}

static void i8042_read(void *device, uint64_t offset, void *data, uint32_t length)
{
	struct kt_i8042 *controller = device;

	pthread_mutex_lock(&controller->lock);
	for (uint32_t i = 0; i < length; i++)
		((uint8_t *)data)[i] = i8042_read_port(controller, offset + i);
	pthread_mutex_unlock(&controller->lock);
}

static void i8042_write(void *device, uint64_t offset, const void *data,
			uint32_t length)
{
	struct kt_i8042 *controller = device;
	bool reset = false;

	pthread_mutex_lock(&controller->lock);
	for (uint32_t i = 0; i < length; i++)
		reset |= i8042_write_port(controller, offset + i,
					  ((const uint8_t *)data)[i]);
	pthread_mutex_unlock(&controller->lock);
	if (reset)
		controller->reset(controller->userdata);
}

const struct kt_device_ops kt_i8042_ops = {
	.name = "i8042",
	.read = i8042_read,
	.write = i8042_write,
};
