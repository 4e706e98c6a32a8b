// operating system objects of lwIP as opaque handles; sys_arch.c knows that they are FreeRTOS's.
// SPDX-License-Identifier: MIT
#pragma once

#include <stddef.h>

typedef struct lwip_port_sem *sys_sem_t;
typedef struct lwip_port_mutex *sys_mutex_t;
typedef struct lwip_port_mbox *sys_mbox_t;
typedef struct lwip_port_thread *sys_thread_t;

#define SYS_SEM_NULL NULL
#define SYS_MBOX_NULL NULL

#define sys_sem_valid(sem) (*(sem) != NULL)
#define sys_sem_set_invalid(sem) (*(sem) = NULL)
#define sys_mutex_valid(mutex) (*(mutex) != NULL)
#define sys_mutex_set_invalid(mutex) (*(mutex) = NULL)
#define sys_mbox_valid(mbox) (*(mbox) != NULL)
#define sys_mbox_set_invalid(mbox) (*(mbox) = NULL)
