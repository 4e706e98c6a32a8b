/* SPDX-License-Identifier: MIT */
#include "list.h"

void kernel_list_init(kernel_list_t *list)
{
    list->end.next = &list->end;
    list->end.prev = &list->end;
    list->end.list = list;
    list->end.owner = NULL;
}

void kernel_list_insert_before(kernel_node_t *position, kernel_node_t *node, kernel_list_t *list)
{
    node->next = position;
    node->prev = position->prev;
    position->prev->next = node;
    position->prev = node;
    node->list = list;
}

void kernel_list_append(kernel_list_t *list, kernel_node_t *node)
{
    kernel_list_insert_before(&list->end, node, list);
}

void kernel_list_remove(kernel_node_t *node)
{
    if (!node->list) {
        return;
    }
    node->prev->next = node->next;
    node->next->prev = node->prev;
    node->list = NULL;
}
