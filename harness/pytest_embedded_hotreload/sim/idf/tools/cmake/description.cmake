# build/project_description.json: what other tools need to know of a build.

# JSON members for each component, as "<name>": {...}
function(__description_components variable)
    idf_build_get_property(components BUILD_COMPONENTS)
    set(members "")
    foreach(component IN LISTS components)
        __component_get_target(target ${component})
        foreach(property IN ITEMS COMPONENT_DIR COMPONENT_TYPE COMPONENT_LIB)
            __component_get_property(${property} ${target} ${property})
        endforeach()
        foreach(property IN ITEMS REQUIRES PRIV_REQUIRES INCLUDE_DIRS SRCS)
            __component_get_property(value ${target} ${property})
            make_json_list("${value}" ${property})
        endforeach()
        set(file "")
        if(COMPONENT_TYPE STREQUAL "LIBRARY")
            set(file "$<TARGET_LINKER_FILE:${COMPONENT_LIB}>")
        endif()
        list(APPEND members "        \"${component}\": {
            \"alias\": \"idf::${component}\",
            \"target\": \"${target}\",
            \"prefix\": \"idf\",
            \"dir\": \"${COMPONENT_DIR}\",
            \"type\": \"${COMPONENT_TYPE}\",
            \"lib\": \"${COMPONENT_LIB}\",
            \"reqs\": ${REQUIRES},
            \"priv_reqs\": ${PRIV_REQUIRES},
            \"file\": \"${file}\",
            \"sources\": ${SRCS},
            \"include_dirs\": ${INCLUDE_DIRS}
        }")
    endforeach()
    list(JOIN members ",\n" joined)
    set(${variable} "${joined}" PARENT_SCOPE)
endfunction()

function(__project_description)
    foreach(property IN ITEMS PROJECT_DIR PROJECT_VER BUILD_DIR SDKCONFIG EXECUTABLE IDF_VER
            CONFIG_DIR BUILD_COMPONENTS __COMPONENT_REQUIRES_COMMON SDKCONFIG_DEFAULTS)
        idf_build_get_property(${property} ${property})
    endforeach()
    set(dirs "")
    foreach(component IN LISTS BUILD_COMPONENTS)
        idf_component_get_property(dir ${component} COMPONENT_DIR)
        list(APPEND dirs "${dir}")
    endforeach()
    make_json_list("${BUILD_COMPONENTS}" components)
    make_json_list("${dirs}" dirs)
    make_json_list("${__COMPONENT_REQUIRES_COMMON}" common)
    list(JOIN SDKCONFIG_DEFAULTS "," defaults)
    __description_components(component_info)
    file(GENERATE OUTPUT "${BUILD_DIR}/project_description.json" CONTENT "{
    \"version\": \"1\",
    \"project_name\": \"${CMAKE_PROJECT_NAME}\",
    \"project_version\": \"${PROJECT_VER}\",
    \"project_path\": \"${PROJECT_DIR}\",
    \"idf_path\": \"${IDF_PATH}\",
    \"build_dir\": \"${BUILD_DIR}\",
    \"config_file\": \"${SDKCONFIG}\",
    \"config_defaults\": \"${defaults}\",
    \"bootloader_elf\": \"${BUILD_DIR}/bootloader/bootloader.elf\",
    \"app_elf\": \"${EXECUTABLE}\",
    \"app_bin\": \"${CMAKE_PROJECT_NAME}.bin\",
    \"build_type\": \"flash_app\",
    \"git_revision\": \"${IDF_VER}\",
    \"target\": \"${IDF_TARGET}\",
    \"phy_data_partition\": \"\",
    \"monitor_baud\": \"115200\",
    \"monitor_toolprefix\": \"${IDF_SDK_DIR}/bin/xtensa-sim-elf-\",
    \"c_compiler\": \"${CMAKE_C_COMPILER}\",
    \"config_environment\": {
        \"COMPONENT_KCONFIGS\": \"${BUILD_DIR}/kconfigs.in\",
        \"COMPONENT_KCONFIGS_PROJBUILD\": \"${BUILD_DIR}/kconfigs_projbuild.in\"
    },
    \"common_component_reqs\": ${common},
    \"build_components\": ${components},
    \"build_component_paths\": ${dirs},
    \"build_component_info\": {
${component_info}
    }
}
")
endfunction()
