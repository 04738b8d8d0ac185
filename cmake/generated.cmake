# C that is made from other files: pages from src/view/*.tmpl, and the OpenAPI document. GENERATED_<layer> are the sources that a layer gets.

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

if(EXISTS ${PROJECT_SOURCE_DIR}/src/web/openapi.h)
	add_executable(openapi tools/openapi.c)
	set(document ${PROJECT_SOURCE_DIR}/proto/openapi.yaml)
	set(out ${PROJECT_BINARY_DIR}/gen/web/openapi.c)
	add_custom_command(OUTPUT ${out}
		COMMAND ${CMAKE_COMMAND} -E make_directory ${PROJECT_BINARY_DIR}/gen/web
		COMMAND openapi ${document} ${out}
		DEPENDS openapi ${document}
		COMMENT "openapi.yaml"
		VERBATIM)
	list(APPEND GENERATED_web ${out})
endif()
