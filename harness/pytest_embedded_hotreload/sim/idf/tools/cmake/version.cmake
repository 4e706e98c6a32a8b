# The release of ESP-IDF whose interfaces are followed. components/esp_common has the same in C.
set(IDF_VERSION_MAJOR 5)
set(IDF_VERSION_MINOR 1)
set(IDF_VERSION_PATCH 0)
set(ENV{IDF_VERSION} "${IDF_VERSION_MAJOR}.${IDF_VERSION_MINOR}.${IDF_VERSION_PATCH}")
