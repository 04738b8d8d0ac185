# The files of web/, and the modules of the browser where they were built, as C.

if(EXISTS ${PROJECT_SOURCE_DIR}/src/web/assets.h)
	add_executable(embed tools/embed.c)
	target_link_libraries(embed PRIVATE PkgConfig::DEPS)
	file(GLOB_RECURSE assets CONFIGURE_DEPENDS RELATIVE ${PROJECT_SOURCE_DIR}/web web/*)
	list(TRANSFORM assets PREPEND ${PROJECT_SOURCE_DIR}/web/)
	list(APPEND assets ${BROWSER_MODULES})
	set(out ${PROJECT_BINARY_DIR}/gen/web/assets.c)
	add_custom_command(OUTPUT ${out}
		COMMAND ${CMAKE_COMMAND} -E make_directory ${PROJECT_BINARY_DIR}/gen/web
		COMMAND embed ${out} ${assets}
		DEPENDS embed ${assets}
		COMMENT "embed web/"
		VERBATIM)
	list(APPEND GENERATED_web ${out})
endif()
