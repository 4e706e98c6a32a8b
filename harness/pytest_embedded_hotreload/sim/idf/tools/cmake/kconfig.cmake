# Configuration: the components' Kconfig files, sdkconfig.defaults and sdkconfig, through the
# esp-idf-kconfig package, to config/sdkconfig.{h,cmake,json} in the build directory.

# A file of "source" lines, touched only when it changes.
function(__kconfig_write_sources file)
    set(content "")
    foreach(kconfig IN LISTS ARGN)
        string(APPEND content "source \"${kconfig}\"\n")
    endforeach()
    file(CONFIGURE OUTPUT "${file}" CONTENT "${content}" @ONLY)
endfunction()

# Runs kconfgen when one of its inputs has changed since the last run. A project whose own sdkconfig
# is elsewhere (-DSDKCONFIG=) is never written to.
function(__kconfig_generate)
    idf_build_get_property(components BUILD_COMPONENTS)
    idf_build_get_property(build_dir BUILD_DIR)
    idf_build_get_property(python PYTHON)
    idf_build_get_property(sdkconfig SDKCONFIG)
    idf_build_get_property(defaults SDKCONFIG_DEFAULTS)
    set(config_dir "${build_dir}/config")
    file(MAKE_DIRECTORY "${config_dir}")

    set(kconfigs "")
    set(projbuilds "")
    foreach(component IN LISTS components)
        idf_component_get_property(kconfig ${component} KCONFIG)
        idf_component_get_property(projbuild ${component} KCONFIG_PROJBUILD)
        list(APPEND kconfigs ${kconfig})
        list(APPEND projbuilds ${projbuild})
    endforeach()
    list(SORT kconfigs)
    list(SORT projbuilds)
    idf_build_set_property(KCONFIGS "${kconfigs}")
    idf_build_set_property(KCONFIG_PROJBUILDS "${projbuilds}")
    __kconfig_write_sources("${build_dir}/kconfigs.in" ${kconfigs})
    __kconfig_write_sources("${build_dir}/kconfigs_projbuild.in" ${projbuilds})

    set(defaults_files "")
    foreach(file IN LISTS defaults)
        list(APPEND defaults_files "${file}")
        if(EXISTS "${file}.${IDF_TARGET}")
            list(APPEND defaults_files "${file}.${IDF_TARGET}")
        endif()
    endforeach()
    set(defaults_args "")
    foreach(file IN LISTS defaults_files)
        list(APPEND defaults_args --defaults "${file}")
    endforeach()

    set(header "${config_dir}/sdkconfig.h")
    set(cmake "${config_dir}/sdkconfig.cmake")
    set(json "${config_dir}/sdkconfig.json")
    set(command "${python}" -m kconfgen
        --kconfig "${IDF_PATH}/Kconfig" --config "${sdkconfig}" ${defaults_args}
        --env "COMPONENT_KCONFIGS_SOURCE_FILE=${build_dir}/kconfigs.in"
        --env "COMPONENT_KCONFIGS_PROJBUILD_SOURCE_FILE=${build_dir}/kconfigs_projbuild.in"
        --env "IDF_PATH=${IDF_PATH}" --env "IDF_TARGET=${IDF_TARGET}"
        --env "IDF_VERSION=$ENV{IDF_VERSION}")
    set(outputs --output header "${header}" --output cmake "${cmake}" --output json "${json}"
        --output config "${sdkconfig}")

    set(inputs "${IDF_PATH}/Kconfig" ${kconfigs} ${projbuilds} ${defaults_files})
    set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${inputs} "${sdkconfig}")
    set(stamp "${config_dir}/.kconfgen_inputs")
    __kconfig_fingerprint(now "${command}" ${inputs} "${sdkconfig}")
    set(before "")
    if(EXISTS "${stamp}" AND EXISTS "${header}" AND EXISTS "${cmake}" AND EXISTS "${json}")
        file(READ "${stamp}" before)
    endif()
    if(NOT now STREQUAL before)
        # kconfgen leaves temporary files behind
        set(tmp_dir "${config_dir}/tmp")
        file(MAKE_DIRECTORY "${tmp_dir}")
        execute_process(COMMAND ${CMAKE_COMMAND} -E env KCONFIG_REPORT_VERBOSITY=quiet
                "TMPDIR=${tmp_dir}" ${command} ${outputs}
            OUTPUT_VARIABLE output ERROR_VARIABLE output RESULT_VARIABLE result)
        file(REMOVE_RECURSE "${tmp_dir}")
        string(STRIP "${output}" output)
        if(NOT result EQUAL 0)
            message(FATAL_ERROR "The configuration could not be made from ${sdkconfig} and the "
                "Kconfig files:\n${output}")
        endif()
        if(output)
            message(STATUS "Configuration:\n${output}")
        endif()
        __kconfig_fingerprint(now "${command}" ${inputs} "${sdkconfig}")
        file(WRITE "${stamp}" "${now}")
    endif()

    idf_build_set_property(INCLUDE_DIRECTORIES "${config_dir}" APPEND)
    idf_build_set_property(CONFIG_DIR "${config_dir}")
    idf_build_set_property(SDKCONFIG_HEADER "${header}")
    idf_build_set_property(SDKCONFIG_CMAKE "${cmake}")
    idf_build_set_property(SDKCONFIG_JSON "${json}")

    add_custom_target(menuconfig
        COMMAND ${CMAKE_COMMAND} -E env
            "COMPONENT_KCONFIGS_SOURCE_FILE=${build_dir}/kconfigs.in"
            "COMPONENT_KCONFIGS_PROJBUILD_SOURCE_FILE=${build_dir}/kconfigs_projbuild.in"
            "KCONFIG_CONFIG=${sdkconfig}" "IDF_PATH=${IDF_PATH}" "IDF_TARGET=${IDF_TARGET}"
            "IDF_VERSION=$ENV{IDF_VERSION}"
            "${python}" -m menuconfig "${IDF_PATH}/Kconfig"
        USES_TERMINAL VERBATIM)
    add_custom_target(save-defconfig
        COMMAND ${command} --output savedefconfig "${CMAKE_SOURCE_DIR}/sdkconfig.defaults"
        USES_TERMINAL VERBATIM)
endfunction()

# What kconfgen's result depends on, as one text.
function(__kconfig_fingerprint variable command)
    set(text "${command}\n")
    foreach(file IN LISTS ARGN)
        set(hash "")
        if(EXISTS "${file}")
            file(SHA256 "${file}" hash)
        endif()
        string(APPEND text "${hash} ${file}\n")
    endforeach()
    set(${variable} "${text}" PARENT_SCOPE)
endfunction()
