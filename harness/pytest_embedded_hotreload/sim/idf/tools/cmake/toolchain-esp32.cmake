# The windowed Xtensa toolchain of the provisioned SDK. IDF_SDK_DIR is set by project().
set(CMAKE_SYSTEM_NAME Generic)
set(CMAKE_SYSTEM_PROCESSOR xtensa)

set(_prefix "${IDF_SDK_DIR}/bin/xtensa-sim-elf-")
set(CMAKE_C_COMPILER "${_prefix}gcc")
set(CMAKE_ASM_COMPILER "${_prefix}gcc")
set(CMAKE_CXX_COMPILER "${_prefix}g++")
set(CMAKE_LINKER "${_prefix}ld")
set(CMAKE_AR "${_prefix}ar")
set(CMAKE_NM "${_prefix}nm")
set(CMAKE_OBJCOPY "${_prefix}objcopy")
set(CMAKE_OBJDUMP "${_prefix}objdump")
set(CMAKE_RANLIB "${_prefix}ranlib")
set(CMAKE_READELF "${_prefix}readelf")
set(CMAKE_STRIP "${_prefix}strip")
set(CMAKE_ADDR2LINE "${_prefix}addr2line")
set(CMAKE_SIZE "${_prefix}size")
set(_CMAKE_TOOLCHAIN_PREFIX xtensa-sim-elf-)

# a program cannot be linked without the start-up code, which is built here
set(CMAKE_TRY_COMPILE_TARGET_TYPE STATIC_LIBRARY)
set(CMAKE_TRY_COMPILE_PLATFORM_VARIABLES IDF_SDK_DIR)

# Calls out of the range of call8 occur as soon as code runs from RAM and flash. As in ESP-IDF these
# are in the cache, so that CMake adds no CFLAGS, CXXFLAGS, ASMFLAGS or LDFLAGS of the environment:
# they are for the host's compiler.
set(CMAKE_C_FLAGS "-mlongcalls" CACHE STRING "C compiler base flags")
set(CMAKE_CXX_FLAGS "-mlongcalls -fno-exceptions -fno-rtti" CACHE STRING "C++ compiler base flags")
set(CMAKE_ASM_FLAGS "-mlongcalls" CACHE STRING "ASM compiler base flags")
set(CMAKE_EXE_LINKER_FLAGS "-nostdlib" CACHE STRING "Linker base flags")

# the libraries of the components need one another
foreach(_lang IN ITEMS C CXX)
    set(CMAKE_${_lang}_LINK_EXECUTABLE "<CMAKE_${_lang}_COMPILER> <FLAGS> <CMAKE_${_lang}_LINK_FLAGS>\
 <LINK_FLAGS> <OBJECTS> -o <TARGET> -Wl,--start-group <LINK_LIBRARIES> -Wl,--end-group")
endforeach()
