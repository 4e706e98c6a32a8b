# Dependencies of idf_component.yml files: as far as they are directories on this machine.

# Sets <variable> to the component directories that the manifests in <dirs> (components, or
# directories of components) name by path or override_path, and those of the found ones in turn.
# Build property __MANIFEST_EDGES gets "<component>=<dependency>" for each.
function(__manifest_dependencies variable)
    set(${variable} "" PARENT_SCOPE)
    set(manifests "")
    foreach(dir IN LISTS ARGN)
        file(GLOB found "${dir}/idf_component.yml" "${dir}/*/idf_component.yml")
        list(APPEND manifests ${found})
    endforeach()
    if(NOT manifests)
        return()
    endif()
    idf_build_get_property(python PYTHON)
    execute_process(COMMAND "${python}" "${IDF_PATH}/tools/component_manifest.py" ${manifests}
        OUTPUT_VARIABLE lines ERROR_VARIABLE messages RESULT_VARIABLE result
        OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_STRIP_TRAILING_WHITESPACE)
    if(NOT result EQUAL 0)
        message(FATAL_ERROR "${messages}")
    endif()
    if(messages)
        message(STATUS "${messages}")
    endif()
    set(dirs "")
    string(REPLACE "\n" ";" lines "${lines}")
    foreach(line IN LISTS lines)
        if(line MATCHES "^dir (.*)$")
            list(APPEND dirs "${CMAKE_MATCH_1}")
        elseif(line MATCHES "^edge (.*)$")
            idf_build_set_property(__MANIFEST_EDGES "${CMAKE_MATCH_1}" APPEND)
        elseif(line MATCHES "^manifest (.*)$")
            set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS "${CMAKE_MATCH_1}")
        endif()
    endforeach()
    set(${variable} "${dirs}" PARENT_SCOPE)
endfunction()

# The dependencies that the manifest of <component> adds to its PRIV_REQUIRES.
function(__manifest_requires variable component)
    idf_build_get_property(edges __MANIFEST_EDGES)
    list(FILTER edges INCLUDE REGEX "^${component}=")
    list(TRANSFORM edges REPLACE "^${component}=" "")
    set(${variable} "${edges}" PARENT_SCOPE)
endfunction()
