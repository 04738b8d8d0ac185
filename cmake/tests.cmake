# tests/unit/test_*.c and tests/contract/test_*.c: one executable each. tests/run reads tests.list.

pkg_check_modules(CMOCKA REQUIRED IMPORTED_TARGET cmocka)

set(list "")
file(GLOB tests CONFIGURE_DEPENDS tests/unit/test_*.c tests/contract/test_*.c)
foreach(test IN LISTS tests)
	get_filename_component(name ${test} NAME_WE)
	program(${name} ${test})
	target_include_directories(${name} PRIVATE tests)
	# A source's options come after those of `flags`, so that this one wins.
	set_source_files_properties(${test} PROPERTIES COMPILE_OPTIONS -Wno-missing-prototypes)
	target_link_libraries(${name} PRIVATE PkgConfig::CMOCKA)
	set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/tests)
	file(RELATIVE_PATH source ${PROJECT_SOURCE_DIR} ${test})
	string(APPEND list "${source} tests/${name}\n")
endforeach()
file(WRITE ${PROJECT_BINARY_DIR}/tests.list "${list}")

# tests/tools/*.c: peers that tests talk to.
file(GLOB tools CONFIGURE_DEPENDS tests/tools/*.c)
foreach(tool IN LISTS tools)
	get_filename_component(name ${tool} NAME_WE)
	program(${name} ${tool})
	set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/tests)
endforeach()
