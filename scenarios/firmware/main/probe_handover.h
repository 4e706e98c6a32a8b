/* What a handover hook and a task inside the module have to do with each other. */
#pragma once

/* The mutex that the hook `mutex` wants. */
void probe_handover_take_mutex(void);

/* Keeps it until the hook wants it, calls the module through a stub then, and gives it back. */
void probe_handover_have_mutex(void);
