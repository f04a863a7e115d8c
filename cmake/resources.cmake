# dna_resources(TARGET <target> NAMESPACE <ns> ROOT <folder> PATTERNS <glob>...)
# Embeds files into the target as `const std::map<std::string, std::string_view>& <ns>::resources()`, keyed by the path
# below ROOT, so that the program needs no files beside it.
function(dna_resources)
  cmake_parse_arguments(R "" "TARGET;NAMESPACE;ROOT" "PATTERNS" ${ARGN})
  set(globs "")
  foreach(pattern ${R_PATTERNS})
    list(APPEND globs ${CMAKE_SOURCE_DIR}/${R_ROOT}/${pattern})
  endforeach()
  file(GLOB files CONFIGURE_DEPENDS ${globs})
  string(REPLACE "::" "_" stem ${R_NAMESPACE})
  set(out ${CMAKE_BINARY_DIR}/generated/${stem}_resources.cpp)
  string(REPLACE ";" "\n" list "${files}")
  file(GENERATE OUTPUT ${out}.list CONTENT "${list}\n")
  add_custom_command(
    OUTPUT ${out}
    COMMAND ${CMAKE_COMMAND} -DOUT=${out} -DLIST=${out}.list -DROOT=${CMAKE_SOURCE_DIR}/${R_ROOT}
            -DNAMESPACE=${R_NAMESPACE} -P ${CMAKE_SOURCE_DIR}/cmake/embed.cmake
    DEPENDS ${files} ${out}.list ${CMAKE_SOURCE_DIR}/cmake/embed.cmake
    VERBATIM)
  target_sources(${R_TARGET} PRIVATE ${out})
endfunction()
