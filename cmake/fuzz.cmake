# tests/fuzz/fuzz_*.c: one libFuzzer target each; its corpus is tests/fuzz/corpus/<name>/.

set(list "")
file(GLOB targets CONFIGURE_DEPENDS tests/fuzz/fuzz_*.c)
foreach(target IN LISTS targets)
	get_filename_component(name ${target} NAME_WE)
	program(${name} ${target})
	target_include_directories(${name} PRIVATE tests)
	# A source's options come after those of `flags`, so that this one wins.
	set_source_files_properties(${target} PROPERTIES COMPILE_OPTIONS -Wno-missing-prototypes)
	target_link_options(${name} PRIVATE -fsanitize=fuzzer)
	set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/fuzz)
	string(REGEX REPLACE "^fuzz_" "" short ${name})
	string(APPEND list "${short} fuzz/${name}\n")
endforeach()
file(WRITE ${PROJECT_BINARY_DIR}/fuzz.list "${list}")
target_compile_options(flags INTERFACE -fsanitize=fuzzer-no-link)
