// Objects of the C++ library, which the firmware has.
#include <string>

#include "module_api.h"

namespace {

// longer than what a string keeps in itself: its characters are in the heap
std::string prefix = "a text that is longer than sixteen characters";

const std::string &once()
{
    static const std::string text = prefix + ", made once";
    return text;
}

struct Farewell {
    ~Farewell()
    {
        firmware_note((prefix + " goes").c_str());
    }
} farewell;

}

extern "C" uint32_t text_length()
{
    return once().size();
}
