/* SPDX-License-Identifier: MIT */
/* circular doubly linked lists with the list itself as the end mark */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct kernel_node {
    struct kernel_node *next;
    struct kernel_node *prev;
    struct kernel_list *list; /* NULL when in none */
    void *owner;
} kernel_node_t;

typedef struct kernel_list {
    kernel_node_t end;
} kernel_list_t;

void kernel_list_init(kernel_list_t *list);
void kernel_list_insert_before(kernel_node_t *position, kernel_node_t *node, kernel_list_t *list);
void kernel_list_append(kernel_list_t *list, kernel_node_t *node);
void kernel_list_remove(kernel_node_t *node);

static inline bool kernel_list_is_empty(const kernel_list_t *list)
{
    return list->end.next == &list->end;
}

static inline bool kernel_list_has_several(const kernel_list_t *list)
{
    return list->end.next != list->end.prev;
}

/* owner of the first node, NULL for an empty list */
static inline void *kernel_list_first(const kernel_list_t *list)
{
    return kernel_list_is_empty(list) ? NULL : list->end.next->owner;
}

#define KERNEL_LIST_FOREACH(node, list_ptr) \
    for (kernel_node_t *node = (list_ptr)->end.next; node != &(list_ptr)->end; node = node->next)
