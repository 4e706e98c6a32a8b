set(PARTITION_TABLE_OFFSET ${CONFIG_PARTITION_TABLE_OFFSET})
set(PARTITION_TABLE_CHECK_SIZES_TOOL_PATH "${CMAKE_CURRENT_LIST_DIR}/check_sizes.py")

idf_build_get_property(__build_dir BUILD_DIR)
idf_build_set_property(PARTITION_TABLE_BIN_PATH
    "${__build_dir}/partition_table/partition-table.bin")

if(CONFIG_PARTITION_TABLE_CUSTOM)
    idf_build_get_property(__project_dir PROJECT_DIR)
    get_filename_component(PARTITION_CSV_PATH "${CONFIG_PARTITION_TABLE_FILENAME}"
        ABSOLUTE BASE_DIR "${__project_dir}")
    if(NOT EXISTS "${PARTITION_CSV_PATH}")
        # the build fails, not CMake: menuconfig is a target, and one way to put it right
        message(WARNING "Partition table CSV file ${PARTITION_CSV_PATH} not found. Change custom "
            "partition CSV path in menuconfig.")
    endif()
else()
    set(PARTITION_CSV_PATH "${CMAKE_CURRENT_LIST_DIR}/${CONFIG_PARTITION_TABLE_FILENAME}")
endif()

# offsets and sizes are read while CMake runs
set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS "${PARTITION_CSV_PATH}")

# Sets <variable> to "<type> <subtype> <offset> <size> <encrypted> <name>", or to "none", which is
# also the answer of a table that cannot be read. Each question is answered by the tool once:
# components ask for offset and size one by one.
function(__partition_table_query variable which)
    string(MAKE_C_IDENTIFIER "${which}" key)
    idf_build_get_property(answer __PARTITION_${key})
    if(NOT EXISTS "${PARTITION_CSV_PATH}")
        set(answer none)
    elseif(NOT answer)
        idf_build_get_property(python PYTHON)
        idf_component_get_property(dir partition_table COMPONENT_DIR)
        separate_arguments(arguments UNIX_COMMAND "${which}")
        execute_process(COMMAND "${python}" "${dir}/parttool.py" -q
                --partition-table-offset ${PARTITION_TABLE_OFFSET}
                --partition-table-file "${PARTITION_CSV_PATH}"
                get_partition_info ${arguments} --info type subtype offset size encrypted name
            OUTPUT_VARIABLE answer ERROR_VARIABLE complaint RESULT_VARIABLE code
            OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_STRIP_TRAILING_WHITESPACE)
        if(NOT code EQUAL 0 AND NOT code EQUAL 1)
            # as a file that is missing
            message(WARNING "parttool.py execution failed, problem with partition CSV file: "
                "${complaint}")
        endif()
        if(NOT code EQUAL 0)
            set(answer none)
        endif()
        idf_build_set_property(__PARTITION_${key} "${answer}")
    endif()
    set(${variable} "${answer}" PARENT_SCOPE)
endfunction()

# partition_table_get_partition_info(<result> "--partition-name <name>" "<offset|size|...>")
# <result> is empty when there is no such partition.
function(partition_table_get_partition_info result which info)
    __partition_table_query(answer "${which}")
    set(values "")
    if(answer MATCHES "^([^ ]+) ([^ ]+) ([^ ]+) ([^ ]+) ([^ ]+) (.*)$")
        set(type "${CMAKE_MATCH_1}")
        set(subtype "${CMAKE_MATCH_2}")
        set(offset "${CMAKE_MATCH_3}")
        set(size "${CMAKE_MATCH_4}")
        set(encrypted "${CMAKE_MATCH_5}")
        set(name "${CMAKE_MATCH_6}")
        separate_arguments(info UNIX_COMMAND "${info}")
        foreach(what IN LISTS info)
            if(NOT DEFINED ${what})
                message(FATAL_ERROR "partition_table_get_partition_info(): unknown '${what}'.")
            endif()
            list(APPEND values "${${what}}")
        endforeach()
    endif()
    list(JOIN values " " values)
    set(${result} "${values}" PARENT_SCOPE)
endfunction()

# partition_table_add_check_size_target(<target> DEPENDS ... BINARY_PATH <file> PARTITION_TYPE <type>
#     [PARTITION_SUBTYPE <subtype>])
function(partition_table_add_check_size_target target)
    cmake_parse_arguments(arg "" "BINARY_PATH;PARTITION_TYPE;PARTITION_SUBTYPE" "DEPENDS" ${ARGN})
    idf_build_get_property(python PYTHON)
    idf_build_get_property(table PARTITION_TABLE_BIN_PATH)
    set(subtype "")
    if(arg_PARTITION_SUBTYPE)
        set(subtype --subtype ${arg_PARTITION_SUBTYPE})
    endif()
    get_filename_component(name "${arg_BINARY_PATH}" NAME)
    idf_build_get_property(build_dir BUILD_DIR)
    set(stamp "${build_dir}/partition_table/.${target}_${name}")
    add_custom_command(OUTPUT "${stamp}"
        COMMAND "${python}" "${PARTITION_TABLE_CHECK_SIZES_TOOL_PATH}"
            --offset ${PARTITION_TABLE_OFFSET} partition --type ${arg_PARTITION_TYPE} ${subtype}
            "${table}" "${arg_BINARY_PATH}"
        COMMAND ${CMAKE_COMMAND} -E touch "${stamp}"
        DEPENDS "${table}" "${arg_BINARY_PATH}" ${arg_DEPENDS}
        COMMENT "Checking that ${name} fits into its partition" VERBATIM)
    add_custom_target(${target} DEPENDS "${stamp}")
    add_dependencies(${target} partition_table_bin)
endfunction()
