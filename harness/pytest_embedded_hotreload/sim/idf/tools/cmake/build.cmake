# Properties of the whole build and the steps from component directories to an executable.

# idf_build_get_property(<variable> <property> [GENERATOR_EXPRESSION])
function(idf_build_get_property variable property)
    cmake_parse_arguments(arg "GENERATOR_EXPRESSION" "" "" ${ARGN})
    if(arg_GENERATOR_EXPRESSION)
        set(value "$<TARGET_PROPERTY:__idf_build_target,${property}>")
    else()
        get_property(value TARGET __idf_build_target PROPERTY ${property})
    endif()
    set(${variable} "${value}" PARENT_SCOPE)
endfunction()

# idf_build_set_property(<property> <value> [APPEND])
function(idf_build_set_property property value)
    cmake_parse_arguments(arg "APPEND" "" "" ${ARGN})
    if(property STREQUAL "COMPILE_DEFINITIONS")
        # ESP-IDF v4 projects write -DNAME
        string(REGEX REPLACE "^-D" "" value "${value}")
    endif()
    if(arg_APPEND)
        set_property(TARGET __idf_build_target APPEND PROPERTY ${property} "${value}")
    else()
        set_property(TARGET __idf_build_target PROPERTY ${property} "${value}")
    endif()
endfunction()

# idf_build_unset_property(<property>)
function(idf_build_unset_property property)
    set_property(TARGET __idf_build_target PROPERTY ${property})
endfunction()

# idf_build_replace_option_from_property(<property> <old> <new or "">)
function(idf_build_replace_option_from_property property old new)
    idf_build_get_property(options ${property})
    set(replaced "")
    foreach(option IN LISTS options)
        if(option STREQUAL old)
            list(APPEND replaced ${new})
        else()
            list(APPEND replaced "${option}")
        endif()
    endforeach()
    idf_build_set_property(${property} "${replaced}")
endfunction()

# Called when project.cmake is included, so that a project can change properties before project().
function(__build_init)
    add_library(__idf_build_target STATIC IMPORTED GLOBAL)
    idf_build_set_property(IDF_PATH "${IDF_PATH}")
    idf_build_set_property(IDF_TARGET "${IDF_TARGET}")
    idf_build_set_property(IDF_TARGET_ARCH xtensa)
    idf_build_set_property(IDF_VER "v${IDF_VERSION_MAJOR}.${IDF_VERSION_MINOR}")
    idf_build_set_property(BOOTLOADER_BUILD "")

    idf_build_set_property(COMPILE_DEFINITIONS
        "_GNU_SOURCE;ESP_PLATFORM;IDF_VER=\"v${IDF_VERSION_MAJOR}.${IDF_VERSION_MINOR}\"")
    # newlib keeps one struct _reent for each task, which __getreent() returns
    idf_build_set_property(COMPILE_DEFINITIONS __DYNAMIC_REENT__ APPEND)
    idf_build_set_property(COMPILE_OPTIONS
        "-ffunction-sections;-fdata-sections;-Wall;-Werror=all;-Wno-error=unused-function;\
-Wno-error=unused-variable;-Wno-error=unused-but-set-variable;-Wno-error=deprecated-declarations;\
-Wextra;-Wno-unused-parameter;-Wno-sign-compare;-Wno-enum-conversion;-gdwarf-4;-ggdb")
    idf_build_set_property(C_COMPILE_OPTIONS "-std=gnu17")
    idf_build_set_property(CXX_COMPILE_OPTIONS "-std=gnu++2b;-fno-exceptions;-fno-rtti")
    idf_build_set_property(LINK_OPTIONS "-Wl,--gc-sections;-Wl,--no-warn-rwx-segments")

    # every component sees these without naming them
    idf_build_set_property(__COMPONENT_REQUIRES_COMMON
        "cxx;newlib;freertos;esp_hw_support;heap;log;soc;esp_rom;esp_common;esp_system;xtensa")
    # part of every image, named or not
    idf_build_set_property(__COMPONENTS_ALWAYS "bootloader;esptool_py;partition_table;esp_app_format")
endfunction()

# One line and out when what the set-up provides is not there. Sets <variable> to what it prints.
function(__sdk_query what variable)
    set(script "${IDF_PATH}/../sdk.py")
    # Debian's Python, which the set-up uses too: one of PATH may be a slow wrapper
    execute_process(COMMAND /usr/bin/python3 "${script}" ${what}
        OUTPUT_VARIABLE answer ERROR_VARIABLE complaint RESULT_VARIABLE result
        OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_STRIP_TRAILING_WHITESPACE)
    if(NOT result EQUAL 0)
        if("${complaint}" STREQUAL "")
            set(complaint "/usr/bin/python3 ${script} ${what} failed (${result})")
        endif()
        message(FATAL_ERROR "${complaint}")
    endif()
    set(${variable} "${answer}" PARENT_SCOPE)
endfunction()

# Finds toolchain, Python and ccache. A macro: the toolchain file is a variable of the project.
macro(__build_set_tools)
    __sdk_query(sdk __sdk_dir)
    if(NOT EXISTS "${__sdk_dir}/bin/xtensa-sim-elf-gcc")
        message(FATAL_ERROR "No Xtensa toolchain in '${__sdk_dir}': remove it, and set up again")
    endif()
    if(DEFINED IDF_SDK_DIR AND NOT IDF_SDK_DIR STREQUAL __sdk_dir)
        # the compiler was replaced under this build directory: forget what was learnt of the old one
        message(STATUS "Toolchain changed to ${__sdk_dir}")
        file(REMOVE_RECURSE "${CMAKE_BINARY_DIR}/CMakeFiles/${CMAKE_VERSION}")
        foreach(__tool IN ITEMS C_COMPILER CXX_COMPILER ASM_COMPILER)
            unset(CMAKE_${__tool} CACHE)
        endforeach()
    endif()
    set(IDF_SDK_DIR "${__sdk_dir}" CACHE INTERNAL "")
    if(NOT CMAKE_TOOLCHAIN_FILE)
        set(CMAKE_TOOLCHAIN_FILE "${IDF_PATH}/tools/cmake/toolchain-esp32.cmake")
    endif()
    idf_build_set_property(__SDK_DIR "${IDF_SDK_DIR}")

    if(NOT PYTHON)
        if(DEFINED ENV{IDF_PYTHON_ENV_PATH})
            set(PYTHON "$ENV{IDF_PYTHON_ENV_PATH}/bin/python")
        else()
            __sdk_query(venv __venv_dir)
            set(PYTHON "${__venv_dir}/bin/python")
        endif()
        if(NOT EXISTS "${PYTHON}")
            message(FATAL_ERROR "No Python environment at '${PYTHON}' (IDF_PYTHON_ENV_PATH)")
        endif()
    endif()
    idf_build_set_property(PYTHON "${PYTHON}")

    set_default(CCACHE_ENABLE 1)
    if(CCACHE_ENABLE)
        find_program(CCACHE_FOUND ccache)
        if(CCACHE_FOUND)
            # what does not depend on the configuration is compiled once for all build directories
            set(__environment "CCACHE_NOHASHDIR=1" "CCACHE_BASEDIR=${CMAKE_BINARY_DIR}")
            if(NOT DEFINED ENV{CCACHE_DIR})
                __sdk_query(cache __cache_dir)
                list(APPEND __environment "CCACHE_DIR=${__cache_dir}/ccache")
            endif()
            list(JOIN __environment "\" \"" __environment)
            set(__ccache "env \"${__environment}\" \"${CCACHE_FOUND}\"")
            set_property(GLOBAL PROPERTY RULE_LAUNCH_COMPILE "${__ccache}")
        endif()
    endif()
endmacro()

# Options that follow from the configuration.
function(__build_set_config_options)
    if(CONFIG_COMPILER_OPTIMIZATION_SIZE)
        list(APPEND options "-Os" "-freorder-blocks")
    elseif(CONFIG_COMPILER_OPTIMIZATION_PERF)
        list(APPEND options "-O2")
    elseif(CONFIG_COMPILER_OPTIMIZATION_NONE)
        list(APPEND options "-O0")
    else()
        list(APPEND options "-Og")
    endif()
    if(CONFIG_COMPILER_OPTIMIZATION_ASSERTIONS_DISABLE)
        idf_build_set_property(COMPILE_DEFINITIONS "NDEBUG" APPEND)
    endif()
    if(CONFIG_COMPILER_HIDE_PATHS_MACROS)
        idf_build_get_property(project_dir PROJECT_DIR)
        list(APPEND options "-fmacro-prefix-map=${project_dir}=." "-fmacro-prefix-map=${IDF_PATH}=/IDF")
    endif()
    idf_build_set_property(COMPILE_OPTIONS "${options}" APPEND)
endfunction()

# The application: every component library. They need one another, so the link rule (see
# toolchain-esp32.cmake) has all libraries in one group.
function(__build_executable elf)
    idf_build_get_property(build_dir BUILD_DIR)
    idf_build_get_property(components BUILD_COMPONENTS)
    idf_build_get_property(link_options LINK_OPTIONS GENERATOR_EXPRESSION)

    set(source "${CMAKE_BINARY_DIR}/project_elf_src_${IDF_TARGET}.c")
    if(NOT EXISTS "${source}")
        file(WRITE "${source}" "")
    endif()
    add_executable(${elf} "${source}")
    foreach(component IN LISTS components)
        idf_component_get_property(lib ${component} COMPONENT_LIB)
        idf_component_get_property(whole_archive ${component} WHOLE_ARCHIVE)
        target_link_libraries(${elf} PRIVATE ${lib})
        if(whole_archive)
            # the same effect as --whole-archive; the archive may stay in the group
            target_sources(${elf} PRIVATE $<TARGET_OBJECTS:${lib}>)
        endif()
    endforeach()
    foreach(archive IN ITEMS libc.a libm.a libgcc.a)
        target_link_libraries(${elf} PRIVATE "${IDF_SDK_DIR}/xtensa-sim-elf/lib/${archive}")
    endforeach()

    set(map "${CMAKE_BINARY_DIR}/${CMAKE_PROJECT_NAME}.map")
    target_link_options(${elf} PRIVATE "${link_options}" "-Wl,--cref" "-Wl,-Map=${map}")
    set_property(DIRECTORY APPEND PROPERTY ADDITIONAL_CLEAN_FILES "${map}")

    idf_build_set_property(EXECUTABLE_NAME "${CMAKE_PROJECT_NAME}")
    idf_build_set_property(EXECUTABLE "${elf}")
    idf_build_set_property(EXECUTABLE_DIR "${build_dir}")
endfunction()
