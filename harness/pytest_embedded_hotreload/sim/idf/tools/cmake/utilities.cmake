# Small helpers, with the names that ESP-IDF's components use.

# set_default(<variable> <value>): the environment's value or the given one, when there is none yet.
function(set_default variable default)
    if(NOT DEFINED ${variable})
        if(DEFINED ENV{${variable}} AND NOT "$ENV{${variable}}" STREQUAL "")
            set(${variable} "$ENV{${variable}}" PARENT_SCOPE)
        else()
            set(${variable} "${default}" PARENT_SCOPE)
        endif()
    endif()
endfunction()

# spaces2list(<variable>): "a b" to "a;b", in place.
function(spaces2list variable)
    string(STRIP "${${variable}}" value)
    string(REGEX REPLACE "[ \t\r\n]+" ";" value "${value}")
    set(${variable} "${value}" PARENT_SCOPE)
endfunction()

# __paths_to_list(<variable>): a path with spaces that exists stays one element, in place.
function(__paths_to_list variable)
    set(paths "")
    foreach(entry IN LISTS ${variable})
        get_filename_component(absolute "${entry}" ABSOLUTE)
        if(EXISTS "${absolute}")
            list(APPEND paths "${absolute}")
        else()
            separate_arguments(parts UNIX_COMMAND "${entry}")
            foreach(part IN LISTS parts)
                get_filename_component(part "${part}" ABSOLUTE)
                list(APPEND paths "${part}")
            endforeach()
        endif()
    endforeach()
    set(${variable} "${paths}" PARENT_SCOPE)
endfunction()

# make_json_list(<list> <variable>): ["a", "b"]
function(make_json_list list variable)
    list(REMOVE_ITEM list "")
    if("${list}" STREQUAL "")
        set(${variable} "[]" PARENT_SCOPE)
    else()
        list(JOIN list "\", \"" joined)
        set(${variable} "[ \"${joined}\" ]" PARENT_SCOPE)
    endif()
endfunction()

# target_linker_script(<target> <PRIVATE|PUBLIC|INTERFACE> <script>...)
function(target_linker_script target visibility)
    foreach(script IN LISTS ARGN)
        get_filename_component(script "${script}" ABSOLUTE BASE_DIR "${CMAKE_CURRENT_LIST_DIR}")
        get_filename_component(dir "${script}" DIRECTORY)
        get_filename_component(name "${script}" NAME)
        get_target_property(type ${target} TYPE)
        if(type STREQUAL "INTERFACE_LIBRARY")
            set(visibility INTERFACE)
        endif()
        target_link_directories(${target} ${visibility} "${dir}")
        target_link_options(${target} ${visibility} "SHELL:-T ${name}")
        set_property(TARGET ${target} APPEND PROPERTY INTERFACE_LINK_DEPENDS "${script}")
    endforeach()
endfunction()

# target_add_binary_data(<target> <file> <BINARY|TEXT> [RENAME_TO <symbol>] [DEPENDS <dep>...])
# makes _binary_<symbol>_start, _binary_<symbol>_end and <symbol>_length.
function(target_add_binary_data target file type)
    cmake_parse_arguments(arg "" "RENAME_TO" "DEPENDS" ${ARGN})
    idf_build_get_property(python PYTHON)
    idf_build_get_property(idf_path IDF_PATH)
    get_filename_component(file "${file}" ABSOLUTE)
    get_filename_component(name "${file}" NAME)
    if(NOT arg_RENAME_TO)
        set(arg_RENAME_TO "${name}")
    endif()
    set(script "${idf_path}/tools/embed_file.py")
    set(output "${CMAKE_CURRENT_BINARY_DIR}/${name}.S")
    add_custom_command(OUTPUT "${output}"
        COMMAND "${python}" "${script}" --type "${type}" --symbol "${arg_RENAME_TO}"
                "${file}" "${output}"
        DEPENDS "${file}" "${script}" ${arg_DEPENDS}
        VERBATIM)
    target_sources(${target} PRIVATE "${output}")
    set_property(SOURCE "${output}" APPEND PROPERTY OBJECT_DEPENDS "${file}")
endfunction()

# fail_at_build_time(<target> <line>...): a target that fails with these lines when it is built.
# The next build runs CMake again, to see what was missing: CMAKE_CONFIGURE_DEPENDS works only for
# files that exist, and this one has gone by then.
function(fail_at_build_time target)
    set(asked "${CMAKE_CURRENT_BINARY_DIR}/${target}_failed.cmake")
    file(TOUCH "${asked}")
    include("${asked}")
    set(echo "")
    foreach(line IN LISTS ARGN)
        list(APPEND echo COMMAND ${CMAKE_COMMAND} -E echo "${line}")
    endforeach()
    add_custom_target(${target} ALL ${echo}
        COMMAND ${CMAKE_COMMAND} -E rm -f "${asked}"
        COMMAND ${CMAKE_COMMAND} -E false VERBATIM)
endfunction()

# add_deprecated_target_alias(<old> <new>)
function(add_deprecated_target_alias old new)
    add_custom_target(${old})
    add_dependencies(${old} ${new})
endfunction()

# add_prebuilt_library(<target> <archive> [REQUIRES ...] [PRIV_REQUIRES ...])
function(add_prebuilt_library target archive)
    cmake_parse_arguments(arg "" "" "REQUIRES;PRIV_REQUIRES" ${ARGN})
    get_filename_component(archive "${archive}" ABSOLUTE BASE_DIR "${CMAKE_CURRENT_LIST_DIR}")
    add_library(${target} STATIC IMPORTED GLOBAL)
    set_property(TARGET ${target} PROPERTY IMPORTED_LOCATION "${archive}")
    foreach(req IN LISTS arg_REQUIRES)
        idf_component_get_property(lib ${req} COMPONENT_LIB)
        set_property(TARGET ${target} APPEND PROPERTY INTERFACE_LINK_LIBRARIES ${lib})
    endforeach()
    foreach(req IN LISTS arg_PRIV_REQUIRES)
        idf_component_get_property(lib ${req} COMPONENT_LIB)
        set_property(TARGET ${target} APPEND PROPERTY INTERFACE_LINK_LIBRARIES $<LINK_ONLY:${lib}>)
    endforeach()
endfunction()
