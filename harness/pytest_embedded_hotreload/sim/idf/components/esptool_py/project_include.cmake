# What goes where in flash. A flash target carries the images in its properties; at generation they
# become <target>_args and, for `flash` itself, flasher_args.json. Building a flash target merges
# its images into flash_image.img: the file that the machine boots from.

set(ESPTOOLPY_FLASH_IMAGE flash_image.img)

# esptool_py_flash_target(<target> <main_args> <sub_args>): the arguments are esptool's, not used.
function(esptool_py_flash_target target main_args sub_args)
    idf_build_get_property(build_dir BUILD_DIR)
    idf_build_get_property(python PYTHON)
    idf_component_get_property(dir esptool_py COMPONENT_DIR)
    add_custom_target(${target}
        COMMAND "${python}" "${dir}/flash_image.py" --size ${CONFIG_ESPTOOLPY_FLASHSIZE}
            --output ${ESPTOOLPY_FLASH_IMAGE} "${target}_args"
        WORKING_DIRECTORY "${build_dir}" VERBATIM)
    file(GENERATE OUTPUT "${build_dir}/${target}_args"
        CONTENT "--flash_mode dio --flash_freq 40m --flash_size ${CONFIG_ESPTOOLPY_FLASHSIZE}\n\
$<JOIN:$<TARGET_PROPERTY:${target},IMAGES>,\n>\n")
endfunction()

# esptool_py_flash_target_image(<target> <name> <offset> <file> [ALWAYS_PLAINTEXT])
function(esptool_py_flash_target_image target name offset image)
    idf_build_get_property(build_dir BUILD_DIR)
    file(RELATIVE_PATH image "${build_dir}" "${image}")
    set_property(TARGET ${target} APPEND PROPERTY FLASH_FILE "\"${offset}\" : \"${image}\"")
    set_property(TARGET ${target} APPEND PROPERTY FLASH_ENTRY
        "\"${name}\" : { \"offset\" : \"${offset}\", \"file\" : \"${image}\", \"encrypted\" : \"false\" }")
    if(image MATCHES "[ \t]")
        set(image "\"${image}\"")
    endif()
    set_property(TARGET ${target} APPEND PROPERTY IMAGES "${offset} ${image}")
endfunction()

# esptool_py_flash_to_partition(<target> <partition> <file>)
function(esptool_py_flash_to_partition target partition image)
    partition_table_get_partition_info(offset "--partition-name ${partition}" "offset")
    if(NOT offset)
        message(FATAL_ERROR "Could not find offset of partition ${partition}")
    endif()
    esptool_py_flash_target_image(${target} ${partition} "${offset}" "${image}")
endfunction()

# esptool_py_custom_target(<target> <name> <dependencies>): a flash target that builds its
# dependencies first. flash_<name>_args is the same as <target>_args.
function(esptool_py_custom_target target name dependencies)
    idf_build_get_property(build_dir BUILD_DIR)
    esptool_py_flash_target(${target} "" "")
    file(GENERATE OUTPUT "${build_dir}/flash_${name}_args" INPUT "${build_dir}/${target}_args")
    add_dependencies(${target} ${dependencies})
endfunction()

esptool_py_flash_target(flash "" "")
