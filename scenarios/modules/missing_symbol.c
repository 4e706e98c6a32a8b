/* Calls a function that the firmware lacks. The build refuses it; built with that check
 * off, the device has to. */
#include "module_api.h"

int32_t firmware_has_no_such_function(int32_t value);

int32_t answer(void)
{
    return firmware_has_no_such_function(44);
}
