// lwIP for the simulated board: threads, sockets, IPv4.
//
// Memory comes from fixed pools, not from the heap: the board has RAM to spare, and the firmware's heap
// figures then do not move with the traffic. Values are fixed because the library is compiled once
// per toolchain.
// SPDX-License-Identifier: MIT
#pragma once

// --- operating system
#define NO_SYS 0
#define SYS_LIGHTWEIGHT_PROT 1
#define LWIP_COMPAT_MUTEX 0
#define LWIP_TCPIP_CORE_LOCKING 1
// the receive task hands frames to the stack itself: back pressure reaches the descriptor ring, not a mailbox
#define LWIP_TCPIP_CORE_LOCKING_INPUT 1
#define TCPIP_THREAD_NAME "tiT"
#define TCPIP_THREAD_STACKSIZE 4096
#define TCPIP_THREAD_PRIO 18
#define TCPIP_MBOX_SIZE 64
#define DEFAULT_ACCEPTMBOX_SIZE 16
#define DEFAULT_TCP_RECVMBOX_SIZE 64
#define DEFAULT_UDP_RECVMBOX_SIZE 6
#define DEFAULT_RAW_RECVMBOX_SIZE 8
// a call into the core without the core lock is a bug that shows up much later, as corruption
void sys_check_core_locking(void);
#define LWIP_ASSERT_CORE_LOCKED() sys_check_core_locking()

// --- sizes. Pools hold 16 sockets of an application with a full receive window each, and as many
// connections again that wait to be accepted or to be closed.
#define MEM_ALIGNMENT 4
#define MEM_SIZE (384 * 1024)
// connections that wait to be accepted are no sockets: they need memory only, as in ESP-IDF
#ifdef LWIP_PORT_LIBRARY
#define MEMP_NUM_NETCONN 32
#else
#include "sdkconfig.h"
#define MEMP_NUM_NETCONN CONFIG_LWIP_MAX_SOCKETS
#endif
// a connection that the board has closed and its peer has not waits 20 s for that
#define MEMP_NUM_TCP_PCB 256
#define MEMP_NUM_TCP_PCB_LISTEN 8
#define MEMP_NUM_UDP_PCB 16
#define MEMP_NUM_RAW_PCB 4
#define MEMP_NUM_TCP_SEG 320
#define MEMP_NUM_NETBUF 64
#define MEMP_NUM_PBUF 64
#define MEMP_NUM_ARP_QUEUE 32
#define MEMP_NUM_TCPIP_MSG_API 32
#define MEMP_NUM_TCPIP_MSG_INPKT 32
#define MEMP_NUM_SYS_TIMEOUT 16
#define PBUF_POOL_SIZE 512
#define PBUF_POOL_BUFSIZE 1536

// --- link layer: two bytes of padding put the IP header on a word boundary (unaligned access traps)
#define ETH_PAD_SIZE 2
#define LWIP_ARP 1
#define ARP_QUEUEING 1
#define LWIP_NETIF_HOSTNAME 1
#define LWIP_NETIF_API 1
#define LWIP_NETIF_STATUS_CALLBACK 1
#define LWIP_NETIF_LINK_CALLBACK 1
#define LWIP_NETIF_EXT_STATUS_CALLBACK 1
#define LWIP_HAVE_LOOPIF 1
#define LWIP_NETIF_LOOPBACK 1
#define LWIP_LOOPBACK_MAX_PBUFS 32

// --- IP, DHCP, DNS. QEMU's user network hands out one address to one guest: nobody else can own it, so
// the probe for a duplicate, which takes a second, is left out.
#define LWIP_IPV4 1
#define LWIP_IPV6 0
#define LWIP_ICMP 1
#define LWIP_RAW 1
#define LWIP_DHCP 1
#define DHCP_DOES_ARP_CHECK 0
#define LWIP_DNS 1
#define DNS_MAX_SERVERS 3

// --- TCP
#define LWIP_TCP 1
#define TCP_MSS 1440
// QEMU's user network sends whole windows of several connections at once, and a frame that finds the receive ring full
// is repeated after a second: the windows of 16 connections together fit in the ring
#define TCP_WND (7 * TCP_MSS)
#define TCP_SND_BUF (8 * TCP_MSS)
#define TCP_SND_QUEUELEN 40
#define TCP_LISTEN_BACKLOG 1
#define TCP_QUEUE_OOSEQ 1
// a test host opens hundreds of connections from few ports; two seconds in TIME_WAIT are enough on one machine
#define TCP_MSL 1000
#define LWIP_TCP_KEEPALIVE 1

// --- sockets. How many there are is the project's choice, so its build compiles sockets.c. Their descriptors
// follow the ones of the C library's files, as in ESP-IDF: 64 is newlib's FD_SETSIZE.
#define LWIP_NETCONN 1
#define LWIP_SOCKET 1
#define LWIP_COMPAT_SOCKETS 0
#define LWIP_POSIX_SOCKETS_IO_NAMES 0
#define LWIP_SOCKET_OFFSET (64 - MEMP_NUM_NETCONN)
#define LWIP_SO_RCVTIMEO 1
#define LWIP_SO_SNDTIMEO 1
#define LWIP_SO_LINGER 1
#define LWIP_SO_RCVBUF 1
#define SO_REUSE 1

// --- figures that tests of the board read
#define LWIP_STATS 1
#define LWIP_STATS_DISPLAY 0
