/* Who calls the module besides tasks that do nothing else. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

bool probe_guests_start(void);

/* waits until all have left the module; adds what went wrong, and lowers `fewest` to the calls of
 * who made the fewest */
void probe_guests_stop(uint32_t *wrong, uint32_t *fewest);
