/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

/*
 * What lies where in an x86-64 guest: physical addresses, I/O ports and
 * interrupts. Everything that has a fixed place has it here, and only here.
 *
 *   0x0000_0000  real-mode vectors and BIOS data, left zero     RAM
 *   0x0000_1000  GDT of the 64-bit entry                        RAM
 *   0x0000_2000  boot_params ("zero page")                      RAM
 *   0x0000_3000  kernel command line, 16 KiB                    RAM
 *   0x0000_8000  page tables of the 64-bit entry, 32 KiB        RAM
 *   0x0001_0000  free                                           RAM
 *   0x0009_E000  MP configuration table, 7 KiB                  reserved
 *   0x0009_FC00  MP floating pointer, last KiB of base memory   reserved
 *   0x000A_0000  VGA window and option ROMs: nothing            hole
 *   0x000E_0000  RSDP, then the other ACPI tables, 128 KiB      reserved
 *   0x0010_0000  kernel, initramfs, and all else                RAM
 *   0xC000_0000  end of low RAM (or earlier), start of hole     hole
 *   0xD000_0000  virtio-mmio windows, 4 KiB each                device
 *   0xFEC0_0000  IOAPIC                                         device
 *   0xFEE0_0000  local APICs                                    device
 *   0xFEFF_C000  KVM: identity map (1 page), TSS (3 pages)      KVM's own
 *   0x1_0000_0000  the rest of RAM, to the end                  RAM
 *
 * RAM below 1 MiB is [0, KT_BASE_MEMORY_END); the e820 map calls the two
 * reserved stretches reserved and does not mention holes.
 */

/* Below 1 MiB */
#define KT_BOOT_GDT_GPA         0x1000ULL
#define KT_BOOT_PARAMS_GPA      0x2000ULL
#define KT_CMDLINE_GPA          0x3000ULL
#define KT_CMDLINE_BYTES        0x4000ULL /* with the NUL */
#define KT_BOOT_PAGE_TABLES_GPA 0x8000ULL
#define KT_BOOT_PAGE_TABLES_END 0x10000ULL
#define KT_BASE_MEMORY_END      0x9e000ULL
#define KT_MP_TABLE_GPA         0x9e000ULL
#define KT_MP_TABLE_BYTES       0x1c00ULL
#define KT_MP_POINTER_GPA       0x9fc00ULL
#define KT_BASE_MEMORY_TOP      0xa0000ULL /* end of the reserved stretch */
#define KT_ACPI_GPA             0xe0000ULL /* the RSDP itself */
#define KT_ACPI_END             0x100000ULL

/* RAM around the hole below 4 GiB */
#define KT_HIGH_MEMORY_GPA 0x100000ULL
#define KT_HOLE_GPA        0xc0000000ULL
#define KT_HOLE_END        0x100000000ULL

/*
 * virtio-mmio: device n has its own window and an edge-triggered interrupt.
 * The GSIs stay below 16, where a kernel without ACPI finds them too, and
 * away from 9, which Linux takes for the SCI.
 */
#define KT_VIRTIO_GPA           0xd0000000ULL
#define KT_VIRTIO_BYTES         0x1000ULL
#define KT_VIRTIO_MAX           4
#define KT_VIRTIO_WINDOW_GPA(n) (KT_VIRTIO_GPA + (n)*KT_VIRTIO_BYTES)
#define KT_VIRTIO_GSI(n)        (5 + (n))

/* Interrupt controllers */
#define KT_IOAPIC_GPA   0xfec00000ULL
#define KT_IOAPIC_BYTES 0x1000ULL
#define KT_IOAPIC_ID    0
#define KT_IOAPIC_PINS  24
#define KT_LAPIC_GPA    0xfee00000ULL
#define KT_LAPIC_BYTES  0x1000ULL

/* KVM_SET_IDENTITY_MAP_ADDR and KVM_SET_TSS_ADDR; only Intel uses them */
#define KT_KVM_IDENTITY_GPA 0xfeffc000ULL
#define KT_KVM_TSS_GPA      0xfeffd000ULL

/* I/O ports, with the ISA interrupts (GSI equals IRQ, but for the timer) */
#define KT_COM1_PORT    0x3f8
#define KT_COM2_PORT    0x2f8
#define KT_COM_PORTS    8
#define KT_COM1_IRQ     4
#define KT_COM2_IRQ     3
#define KT_I8042_DATA   0x60
#define KT_I8042_STATUS 0x64
#define KT_I8042_RESET  0xfe /* written to KT_I8042_STATUS: reset */
#define KT_PIT_GSI      2    /* ISA IRQ 0 comes in on pin 2 */
#define KT_SCI_GSI      9

/*
 * ACPI sleep registers of reduced hardware, ACPI 6.5 section 4.8.3.7. A byte
 * written to the control port with SLP_EN set is a power-off, S5 being the
 * only state there is; the status port reads 0.
 */
#define KT_SLEEP_CONTROL_PORT 0x600
#define KT_SLEEP_STATUS_PORT  0x601
#define KT_SLEEP_SLP_EN       0x20
#define KT_SLEEP_TYPE_S5      5
