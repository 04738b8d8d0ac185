# C that is made from other files: pages from src/view/*.tmpl, and the files of web/.
# GENERATED_<layer> are the sources that a layer gets.

if(EXISTS ${PROJECT_SOURCE_DIR}/tools/template.c)
	add_executable(template tools/template.c)
	file(GLOB templates CONFIGURE_DEPENDS src/view/*.tmpl)
	foreach(template IN LISTS templates)
		get_filename_component(name ${template} NAME_WE)
		set(out ${PROJECT_BINARY_DIR}/gen/view/${name}.c)
		add_custom_command(OUTPUT ${out}
			COMMAND ${CMAKE_COMMAND} -E make_directory ${PROJECT_BINARY_DIR}/gen/view
			COMMAND template ${template} ${out}
			DEPENDS template ${template}
			COMMENT "template ${name}.tmpl"
			VERBATIM)
		list(APPEND GENERATED_view ${out})
	endforeach()
endif()

if(EXISTS ${PROJECT_SOURCE_DIR}/src/web/assets.h)
	add_executable(embed tools/embed.c)
	target_link_libraries(embed PRIVATE PkgConfig::DEPS)
	file(GLOB_RECURSE assets CONFIGURE_DEPENDS RELATIVE ${PROJECT_SOURCE_DIR}/web web/*)
	list(TRANSFORM assets PREPEND ${PROJECT_SOURCE_DIR}/web/ OUTPUT_VARIABLE asset_files)
	set(out ${PROJECT_BINARY_DIR}/gen/web/assets.c)
	add_custom_command(OUTPUT ${out}
		COMMAND ${CMAKE_COMMAND} -E make_directory ${PROJECT_BINARY_DIR}/gen/web
		COMMAND embed ${PROJECT_SOURCE_DIR}/web ${out} ${assets}
		DEPENDS embed ${asset_files}
		COMMENT "embed web/"
		VERBATIM)
	list(APPEND GENERATED_web ${out})
endif()
