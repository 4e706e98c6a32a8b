# The switches for a reloadable component. ESP-IDF includes this file into every project that has the
# hotreload component in its build, before it adds the components.

get_filename_component(__hotreload_component "${CMAKE_CURRENT_LIST_DIR}" NAME)
set_property(GLOBAL PROPERTY __hotreload_component "${__hotreload_component}")
set_property(GLOBAL PROPERTY __hotreload_dir "${CMAKE_CURRENT_LIST_DIR}")
unset(__hotreload_component)

if(NOT "${CONFIG_HOTRELOAD_COMPONENT}" STREQUAL "")
    idf_build_get_property(__hotreload_components BUILD_COMPONENTS)
    if(NOT CONFIG_HOTRELOAD_COMPONENT IN_LIST __hotreload_components)
        message(FATAL_ERROR "hotreload: CONFIG_HOTRELOAD_COMPONENT is '${CONFIG_HOTRELOAD_COMPONENT}', "
                            "and the build has no component of that name")
    endif()
    unset(__hotreload_components)
endif()

# idf_component_register(RELOADABLE ...), and the same for the component that CONFIG_HOTRELOAD_COMPONENT
# names: all its sources go to the module. ESP-IDF's function takes no further arguments, and stays
# reachable under the name that CMake gives a command that is defined anew, as project() does for
# ESP-IDF. ESP-IDF first reads requirements where this file is not included: RELOADABLE in front of the
# other arguments is none of them.
function(idf_component_register)
    # with names that the function of ESP-IDF, which sees them, has not
    set(__hotreload_args ${ARGN})
    set(__hotreload_is_reloadable FALSE)
    if("RELOADABLE" IN_LIST __hotreload_args)
        list(REMOVE_ITEM __hotreload_args "RELOADABLE")
        set(__hotreload_is_reloadable TRUE)
    elseif("${COMPONENT_NAME}" STREQUAL "${CONFIG_HOTRELOAD_COMPONENT}")
        set(__hotreload_is_reloadable TRUE)
    endif()
    _idf_component_register(${__hotreload_args})
    if(__hotreload_is_reloadable)
        __hotreload_take_all_sources()
    endif()
    set(COMPONENT_LIB ${COMPONENT_LIB} PARENT_SCOPE)
    set(COMPONENT_TARGET ${COMPONENT_LIB} PARENT_SCOPE)
endfunction()

# The component's sources become those of the module; its library keeps what is added to it later.
function(__hotreload_take_all_sources)
    get_target_property(type ${COMPONENT_LIB} TYPE)
    if(type STREQUAL "INTERFACE_LIBRARY")
        message(FATAL_ERROR "hotreload: the reloadable component '${COMPONENT_NAME}' has no sources")
    endif()
    get_target_property(sources ${COMPONENT_LIB} SOURCES)
    set_property(TARGET ${COMPONENT_LIB} PROPERTY SOURCES "")
    hotreload_setup(SRCS ${sources})
endfunction()

# hotreload_setup(SRCS <file>...
#                 [PARTITION <label>]             "hotreload" unless it is given
#                 [INCLUDE_DIRS <folder>...]      private include directories of the module
#                 [COMPILE_OPTIONS <option>...]   further options for the module's sources
#                 [EXPORTS <function>...]         the functions that the firmware calls; by default
#                                                 all that are neither static nor hidden
#                 [BUILD_NUMBER <number>])        of the module, by default 0: a firmware with
#                                                 CONFIG_HOTRELOAD_BUILD_FLOOR takes no lower one
#
# For a component with more to say than RELOADABLE does: sources that stay in the firmware, another
# partition, a list of exports. Call it once, after idf_component_register(). It
# - compiles SRCS as the reloadable module, as the component's own sources are compiled: with its
#   include directories, definitions, options and requirements;
# - gives the component a stub for each function that the module exports, the symbol table, and
#   the header <component>_util.h that declares the table;
# - writes the firmware's identity into the linked firmware, so that it takes no other's modules;
# - links the module against the finished firmware into <build>/<component>_stripped.so, which is
#   what a device is sent, and <build>/<component>_flash.bin, which is what its partition is to hold;
# - adds the module to the target `flash` and makes the targets `hotreload-module` (build it) and
#   `hotreload-flash` (build it and write it to its partition).
function(hotreload_setup)
    cmake_parse_arguments(arg "" "PARTITION;BUILD_NUMBER"
        "SRCS;INCLUDE_DIRS;COMPILE_OPTIONS;EXPORTS" ${ARGN})
    if(NOT arg_PARTITION)
        set(arg_PARTITION "hotreload")
    endif()
    __hotreload_check_arguments()

    idf_build_get_property(build_dir BUILD_DIR)
    __hotreload_library(library)
    set(gen_dir "${build_dir}/hotreload")
    set(module "${build_dir}/${COMPONENT_NAME}_stripped.so")
    set(flash_image "${build_dir}/${COMPONENT_NAME}_flash.bin")
    partition_table_get_partition_info(offset "--partition-name ${arg_PARTITION}" "offset")
    partition_table_get_partition_info(size "--partition-name ${arg_PARTITION}" "size")

    __hotreload_add_objects(hotreload_objects)
    __hotreload_add_stubs(hotreload_objects)
    __hotreload_add_module(hotreload_objects)
    # the executable is made after all components
    cmake_language(DEFER DIRECTORY "${CMAKE_SOURCE_DIR}" CALL __hotreload_finish)
    __hotreload_add_flash_targets()
endfunction()

# The functions below belong to hotreload_setup() and use its variables.

function(__hotreload_check_arguments)
    if(CMAKE_VERSION VERSION_LESS 3.19)
        message(FATAL_ERROR "hotreload_setup: CMake ${CMAKE_VERSION} is too old, 3.19 is needed")
    endif()
    if(NOT COMPONENT_LIB)
        message(FATAL_ERROR "hotreload_setup: call it after idf_component_register()")
    endif()
    if(arg_UNPARSED_ARGUMENTS)
        message(FATAL_ERROR "hotreload_setup: unknown arguments: ${arg_UNPARSED_ARGUMENTS}")
    endif()
    if(NOT arg_SRCS)
        message(FATAL_ERROR "hotreload_setup: SRCS is needed")
    endif()
    get_property(other GLOBAL PROPERTY __hotreload_reloadable)
    if(other)
        message(FATAL_ERROR "hotreload_setup: a firmware has one reloadable component: "
                            "'${COMPONENT_NAME}' cannot be it, '${other}' is already")
    endif()
    set_property(GLOBAL PROPERTY __hotreload_reloadable "${COMPONENT_NAME}")

    get_target_property(fixed ${COMPONENT_LIB} SOURCES) # NOTFOUND without
    foreach(source ${fixed})
        get_filename_component(source "${source}" ABSOLUTE)
        list(APPEND fixed_sources "${source}")
    endforeach()
    foreach(source ${arg_SRCS})
        get_filename_component(source "${source}" ABSOLUTE)
        if(source IN_LIST fixed_sources)
            message(FATAL_ERROR "hotreload_setup: ${source} is also in SRCS of "
                                "idf_component_register(): it belongs to one of the two")
        endif()
        if(NOT EXISTS "${source}")
            get_source_file_property(generated "${source}" GENERATED)
            if(NOT generated)
                message(FATAL_ERROR "hotreload_setup: no such file: ${source}")
            endif()
        endif()
    endforeach()
endfunction()

# The library that gets the stubs, and that the module's sources are compiled like: the component's. One
# of a component without sources is none that could be built; it is given one then, as ESP-IDF would
# have made it, by the options that idf_component_register() has set for the folder.
function(__hotreload_library variable)
    get_target_property(type ${COMPONENT_LIB} TYPE)
    if(NOT type STREQUAL "INTERFACE_LIBRARY")
        set(${variable} ${COMPONENT_LIB} PARENT_SCOPE)
        return()
    endif()
    set(library ${COMPONENT_LIB}_hotreload)
    add_library(${library} STATIC)
    set_target_properties(${library} PROPERTIES
        OUTPUT_NAME ${COMPONENT_NAME} LINKER_LANGUAGE C)
    target_include_directories(${library} PRIVATE
        "$<TARGET_PROPERTY:${COMPONENT_LIB},INTERFACE_INCLUDE_DIRECTORIES>")
    foreach(kind REQUIRES PRIV_REQUIRES)
        idf_component_get_property(requirements ${COMPONENT_NAME} ${kind})
        foreach(requirement ${requirements})
            idf_component_get_property(required ${requirement} COMPONENT_LIB)
            target_link_libraries(${library} PRIVATE ${required})
        endforeach()
    endforeach()
    idf_component_get_property(folders ${COMPONENT_NAME} PRIV_INCLUDE_DIRS)
    foreach(folder ${folders})
        get_filename_component(folder "${folder}" ABSOLUTE)
        target_include_directories(${library} PRIVATE "${folder}")
    endforeach()
    target_link_libraries(${COMPONENT_LIB} INTERFACE ${library})
    set(${variable} ${library} PARENT_SCOPE)
endfunction()

# The module's objects: compiled as the component's sources are, of which the properties are taken
# when the build files are generated, so that what the component adds after hotreload_setup() counts,
# too. `hotreload_flags` is never built: it shows how another source of the module, for which there
# is only the manifest, has to be compiled.
function(__hotreload_add_objects target)
    set(c_source "${gen_dir}/any.c")
    set(cxx_source "${gen_dir}/any.cpp")
    file(WRITE "${c_source}" "")
    file(WRITE "${cxx_source}" "")
    add_library(${target} OBJECT ${arg_SRCS})
    add_library(hotreload_flags OBJECT EXCLUDE_FROM_ALL "${c_source}" "${cxx_source}")
    get_property(hotreload_dir GLOBAL PROPERTY __hotreload_dir)
    # of which the linker takes what the module needs
    add_library(hotreload_exit STATIC "${hotreload_dir}/module/hotreload_exit.c")
    foreach(objects ${target} hotreload_exit hotreload_flags)
        __hotreload_set_flags(${objects})
    endforeach()
    set_property(GLOBAL PROPERTY __hotreload_objects ${target})
    set_property(GLOBAL PROPERTY __hotreload_library ${library})
endfunction()

function(__hotreload_set_flags objects)
    foreach(property INCLUDE_DIRECTORIES COMPILE_DEFINITIONS COMPILE_OPTIONS COMPILE_FEATURES)
        set_property(TARGET ${objects} PROPERTY ${property}
            "$<TARGET_PROPERTY:${library},${property}>")
    endforeach()
    target_include_directories(${objects} SYSTEM PRIVATE
        "$<TARGET_PROPERTY:${library},INTERFACE_SYSTEM_INCLUDE_DIRECTORIES>")
    foreach(folder ${arg_INCLUDE_DIRS})
        get_filename_component(folder "${folder}" ABSOLUTE)
        set_property(TARGET ${objects} APPEND PROPERTY INCLUDE_DIRECTORIES "${folder}")
    endforeach()
    set_property(TARGET ${objects} APPEND PROPERTY COMPILE_OPTIONS
        -fPIC
        -fvisibility=default
        -fno-semantic-interposition         # a module's calls to itself stay in the module
        -ffunction-sections -fdata-sections # errors of the linker name the function
        -fno-lto                            # the exports are read from the objects
        -Wtrampolines                       # says where the code is that is refused
        "$<$<COMPILE_LANGUAGE:CXX>:-fvisibility-inlines-hidden>"
        ${arg_COMPILE_OPTIONS})
    set_property(TARGET ${objects} PROPERTY EXPORT_COMPILE_COMMANDS ON)
endfunction()

# Properties for which there are no expressions.
function(__hotreload_copy_properties)
    get_property(library GLOBAL PROPERTY __hotreload_library)
    get_property(objects GLOBAL PROPERTY __hotreload_objects)
    foreach(property C_STANDARD C_STANDARD_REQUIRED C_EXTENSIONS CXX_STANDARD
            CXX_STANDARD_REQUIRED CXX_EXTENSIONS COMPILE_FLAGS COMPILE_WARNING_AS_ERROR
            PRECOMPILE_HEADERS)
        get_property(is_set TARGET ${library} PROPERTY ${property} SET)
        if(is_set)
            get_property(value TARGET ${library} PROPERTY ${property})
            set_property(TARGET ${objects} hotreload_flags PROPERTY ${property} "${value}")
        endif()
    endforeach()
endfunction()

# The module's sources wait for all that the component's library waits for, so that headers which
# the build makes are there: by targets that it depends on, and by the components that it requires.
function(__hotreload_copy_dependencies)
    get_property(library GLOBAL PROPERTY __hotreload_library)
    get_property(objects GLOBAL PROPERTY __hotreload_objects)
    __hotreload_requirements(required ${library})
    foreach(target ${library} ${required})
        get_target_property(dependencies ${target} MANUALLY_ADDED_DEPENDENCIES)
        if(dependencies)
            add_dependencies(${objects} ${dependencies})
        endif()
        if(NOT target STREQUAL library)
            # a library that needs the component in turn waits for the module's objects itself
            __hotreload_requirements(further ${target})
            get_target_property(imported ${target} IMPORTED)
            if(NOT library IN_LIST further AND NOT imported)
                add_dependencies(${objects} ${target})
            endif()
        endif()
    endforeach()
endfunction()

# The targets that `library` is linked to, directly and through others.
function(__hotreload_requirements variable library)
    set(found "")
    set(pending ${library})
    while(pending)
        list(POP_FRONT pending current)
        set(linked "")
        get_target_property(type ${current} TYPE)
        foreach(property LINK_LIBRARIES INTERFACE_LINK_LIBRARIES)
            if(NOT (type STREQUAL "INTERFACE_LIBRARY" AND property STREQUAL "LINK_LIBRARIES"))
                get_target_property(items ${current} ${property})
                list(APPEND linked ${items})
            endif()
        endforeach()
        foreach(item ${linked})
            string(REGEX REPLACE "^\\$<LINK_ONLY:(.*)>$" "\\1" item "${item}")
            if(TARGET "${item}")
                get_target_property(aliased "${item}" ALIASED_TARGET)
                if(aliased)
                    set(item ${aliased})
                endif()
                if(NOT item IN_LIST found)
                    list(APPEND found ${item})
                    list(APPEND pending ${item})
                endif()
            endif()
        endforeach()
    endwhile()
    set(${variable} "${found}" PARENT_SCOPE)
endfunction()

# What the firmware gets. The generated files change only with the module's exports and with what
# it needs from the firmware; any other change of the module leaves the firmware as it is.
function(__hotreload_add_stubs objects)
    __hotreload_tool(tool tool_sources)
    __hotreload_resident(resident)
    set(header "${COMPONENT_NAME}_util.h")
    set(stubs "${gen_dir}/hotreload_stubs.S" "${gen_dir}/hotreload_table.c")
    set(link_options "${gen_dir}/firmware_link_options.txt")

    get_property(hotreload_dir GLOBAL PROPERTY __hotreload_dir)
    configure_file("${hotreload_dir}/cmake/module_util.h.in" "${gen_dir}/include/${header}" @ONLY)

    if(CMAKE_GENERATOR STREQUAL "Ninja")
        # has the options of the firmware's link
        set(build_files "${CMAKE_BINARY_DIR}/build.ninja")
    endif()
    foreach(name ${arg_EXPORTS})
        list(APPEND export_args "--export=${name}")
    endforeach()
    add_custom_command(
        OUTPUT ${stubs} "${gen_dir}/exports.txt" "${gen_dir}/export_sources.txt"
            "${gen_dir}/firmware_wraps.txt" "${link_options}"
        COMMAND ${resident} ${tool} stubs --component ${COMPONENT_NAME} --header ${header}
            --source-dir "${CMAKE_CURRENT_SOURCE_DIR}" --build-dir "${CMAKE_BINARY_DIR}"
            --compiler "${CMAKE_C_COMPILER}" --output-dir "${gen_dir}"
            ${export_args} $<TARGET_OBJECTS:${objects}> $<TARGET_OBJECTS:hotreload_exit>
        DEPENDS $<TARGET_OBJECTS:${objects}> $<TARGET_OBJECTS:hotreload_exit> ${build_files} ${tool_sources}
        COMMENT "Generating stubs of the module ${COMPONENT_NAME}"
        COMMAND_EXPAND_LISTS VERBATIM)

    target_sources(${library} PRIVATE ${stubs})
    target_include_directories(${library} PUBLIC "${gen_dir}/include")

    # the stubs call into the component while no module is loaded
    get_property(hotreload_component GLOBAL PROPERTY __hotreload_component)
    idf_component_get_property(hotreload_lib ${hotreload_component} COMPONENT_LIB)
    target_link_libraries(${library} PRIVATE ${hotreload_lib})

    # functions and data that only the module uses
    target_link_options(${library} INTERFACE "@${link_options}")
    set_property(TARGET ${library} APPEND PROPERTY INTERFACE_LINK_DEPENDS "${link_options}")
endfunction()

# What waits until all targets of the project are there.
function(__hotreload_finish)
    idf_build_get_property(build_dir BUILD_DIR)
    set(gen_dir "${build_dir}/hotreload")
    __hotreload_copy_properties()
    __hotreload_copy_dependencies()
    __hotreload_stamp_firmware()
endfunction()

# As a part of the link: whatever is made of the executable has the identity, the image to flash
# and the module alike. The names of the module's functions are looked up in the map of the link,
# which ESP-IDF has made beside the executable.
function(__hotreload_stamp_firmware)
    __hotreload_tool(tool tool_sources)
    idf_build_get_property(executable EXECUTABLE)
    add_custom_command(TARGET ${executable} POST_BUILD
        COMMAND ${tool} identity --firmware "$<TARGET_FILE:${executable}>"
            --export-sources "${gen_dir}/export_sources.txt" --compiler "${CMAKE_C_COMPILER}"
        VERBATIM)
    set_property(TARGET ${executable} APPEND PROPERTY LINK_DEPENDS ${tool_sources})
endfunction()

function(__hotreload_add_module objects)
    __hotreload_tool(tool tool_sources)
    __hotreload_resident(resident)
    get_property(hotreload_dir GLOBAL PROPERTY __hotreload_dir)
    set(script "${hotreload_dir}/ld/hotreload_module.ld")
    set(symbols "${gen_dir}/firmware_symbols.ld")
    set(manifest "${gen_dir}/module_manifest.json")
    set(unstripped "${gen_dir}/${COMPONENT_NAME}.so")

    # the executable is made after all components: it is known only to generator expressions
    idf_build_get_property(executable EXECUTABLE GENERATOR_EXPRESSION)
    set(firmware "$<TARGET_FILE:$<GENEX_EVAL:${executable}>>")

    # made by CMake, which knows all that makes up the command line of a source
    set(commands "${CMAKE_BINARY_DIR}/compile_commands.json")
    if(CONFIG_HOTRELOAD_AUTH)
        set(key_args --auth-key "${gen_dir}/auth_key" --build-floor ${CONFIG_HOTRELOAD_BUILD_FLOOR})
    endif()
    if(offset)
        set(further_args --partition ${arg_PARTITION} ${offset} ${size})
    endif()
    if(arg_EXPORTS)
        list(APPEND further_args --exports-only)
    endif()
    if(DEFINED arg_BUILD_NUMBER)
        list(APPEND further_args --build-number ${arg_BUILD_NUMBER})
    endif()
    if(CONFIG_HOTRELOAD_MAX_ELF_SIZE)
        list(APPEND further_args --max-size ${CONFIG_HOTRELOAD_MAX_ELF_SIZE})
    endif()
    foreach(source ${arg_SRCS})
        get_filename_component(source "${source}" ABSOLUTE)
        list(APPEND source_args --source "${source}")
    endforeach()

    add_custom_command(
        OUTPUT "${manifest}"
        COMMAND ${tool} manifest --component ${COMPONENT_NAME} ${source_args}
            --compile-commands "${commands}" --objects ${objects}
            --linker-script "${script}" --firmware "${firmware}" --symbols "${symbols}"
            --exports "${gen_dir}/exports.txt" ${further_args} ${key_args}
            --exit-library "$<TARGET_FILE:hotreload_exit>"
            --module "${module}" --output "${manifest}"
        DEPENDS "${commands}" "${gen_dir}/exports.txt"
            "${gen_dir}/firmware_wraps.txt"
            ${tool_sources}
        COMMENT "Generating the manifest of the module ${COMPONENT_NAME}"
        VERBATIM)

    add_custom_command(
        OUTPUT "${symbols}"
        COMMAND ${tool} symbols --firmware "${firmware}" --exports "${gen_dir}/exports.txt"
            --output "${symbols}"
        DEPENDS "${firmware}" "${gen_dir}/exports.txt" ${tool_sources}
        COMMENT "Reading the firmware's addresses for the module ${COMPONENT_NAME}"
        VERBATIM)

    # a module belongs to one firmware: it is linked again also when no address has changed
    add_custom_command(
        OUTPUT "${module}" "${unstripped}" "${flash_image}"
        COMMAND ${resident} ${tool} link --manifest "${manifest}" --unstripped "${unstripped}"
            --flash "${flash_image}" $<TARGET_OBJECTS:${objects}>
        DEPENDS "${firmware}" "${symbols}" "${manifest}" "${script}" $<TARGET_OBJECTS:${objects}>
            "$<TARGET_FILE:hotreload_exit>" ${tool_sources}
        COMMENT "Linking the module ${COMPONENT_NAME}"
        COMMAND_EXPAND_LISTS VERBATIM)

    add_custom_target(hotreload-module ALL DEPENDS "${module}")
endfunction()

function(__hotreload_add_flash_targets)
    if(NOT offset)
        message(WARNING "hotreload_setup: the partition table has no partition '${arg_PARTITION}', "
            "the module has no place in the flash. Add this line to partitions.csv:\n"
            "  ${arg_PARTITION},  app,  0x40,    ,        512k,\n")
        return()
    endif()
    # also sets esptool's options, on ESP-IDF v6, where the first flash target does that
    esptool_py_custom_target(hotreload-flash hotreload hotreload-module)
    add_dependencies(flash hotreload-module)
    foreach(target hotreload-flash flash)
        esptool_py_flash_to_partition(${target} "${arg_PARTITION}" "${flash_image}")
    endforeach()
endfunction()

# The command line of the build tool, and the files that it is made of.
function(__hotreload_tool command_var sources_var)
    get_property(hotreload_dir GLOBAL PROPERTY __hotreload_dir)
    idf_build_get_property(python PYTHON)
    set(program "${hotreload_dir}/tools/hotreload_module.py")
    # without CONFIGURE_DEPENDS, with which each build would run CMake to look for new files; when one
    # is gone, `idf.py reconfigure` does
    file(GLOB sources "${hotreload_dir}/tools/hotreload_build/*.py")
    # -B: no byte code is written next to the component's sources
    # -S: no packages are looked for, which is a third of the time that Python takes to start
    set(${command_var} "${python}" -B -S "${program}" PARENT_SCOPE)
    set(${sources_var} "${program}" "${hotreload_dir}/tools/resident.sh" ${sources} PARENT_SCOPE)
endfunction()

# Stands before the tool's command line where a change of the module runs it: a process that watches
# the module does that without starting Python anew.
function(__hotreload_resident variable)
    get_property(hotreload_dir GLOBAL PROPERTY __hotreload_dir)
    if(CMAKE_HOST_UNIX)
        set(${variable} sh "${hotreload_dir}/tools/resident.sh" PARENT_SCOPE)
    endif()
endfunction()
