# The proof that the portable half makes no system call: it is compiled for bare wasm32 and linked with
# nothing but the imports of tools/wasm/imports.txt. A leak (read, malloc, pthread_...) fails the build
# with its name.

find_program(WASM_CLANG NAMES clang-14 clang-19 clang-18 clang-17 clang-16 clang-15 clang)
find_program(WASM_LD NAMES wasm-ld-14 wasm-ld-19 wasm-ld-18 wasm-ld-17 wasm-ld-16 wasm-ld-15 wasm-ld)

if(NOT WASM_CLANG OR NOT WASM_LD)
	if(DEFINED ENV{CI})
		message(FATAL_ERROR "wasm32 proof: clang-14 and lld-14 are not installed")
	endif()
	message(WARNING "wasm32 proof skipped: clang-14 and lld-14 are not installed")
	return()
endif()

# With bulk memory memcpy is an instruction, so tools/wasm/string.c need not loop.
set(wasm_flags --target=wasm32-unknown-unknown -std=gnu17 -Os -ffreestanding -nostdlibinc -mbulk-memory
	-Wall -Wextra -Wno-unused-command-line-argument -Wno-gnu-case-range
	-isystem ${PROJECT_SOURCE_DIR}/tools/wasm/include -I${PROJECT_SOURCE_DIR}/src -I${PROJECT_BINARY_DIR}/gen)

set(wasm_sources ${PROJECT_SOURCE_DIR}/tools/wasm/string.c)
foreach(layer IN LISTS PORTABLE)
	file(GLOB sources CONFIGURE_DEPENDS src/${layer}/*.c)
	list(APPEND wasm_sources ${sources} ${GENERATED_${layer}})
endforeach()
if(NIMBUS_WERROR)
	list(APPEND wasm_flags -Werror)
endif()

set(wasm_objects "")
file(GLOB browser_sources CONFIGURE_DEPENDS src/browser/*.c)
foreach(source IN LISTS wasm_sources browser_sources)
	string(REPLACE "${PROJECT_BINARY_DIR}/" "" name ${source})
	string(REPLACE "${PROJECT_SOURCE_DIR}/" "" name ${name})
	set(object ${PROJECT_BINARY_DIR}/wasm/${name}.o)
	get_filename_component(folder ${object} DIRECTORY)
	file(MAKE_DIRECTORY ${folder})
	set(builtin "")
	if(name STREQUAL "tools/wasm/string.c")
		set(builtin -fno-builtin)
	endif()
	add_custom_command(OUTPUT ${object}
		COMMAND ${CMAKE_C_COMPILER_LAUNCHER} ${WASM_CLANG} ${wasm_flags} ${builtin} -MD -MF ${object}.d -c ${source} -o ${object}
		DEPENDS ${source}
		DEPFILE ${object}.d
		COMMENT "wasm32 ${name}"
		VERBATIM)
	if(NOT name MATCHES "^src/browser/")
		list(APPEND wasm_objects ${object})
	endif()
endforeach()

set(wasm_out ${PROJECT_BINARY_DIR}/portable.wasm)
set(wasm_link ${PROJECT_SOURCE_DIR}/tools/wasm/link)
set(wasm_imports ${PROJECT_SOURCE_DIR}/tools/wasm/imports.txt)
string(REPLACE ";" "\n" wasm_object_list "${wasm_objects}")
file(GENERATE OUTPUT ${PROJECT_BINARY_DIR}/wasm.objects CONTENT "${wasm_object_list}\n")
add_custom_command(OUTPUT ${wasm_out}
	COMMAND ${wasm_link} ${WASM_LD} ${wasm_out} @${PROJECT_BINARY_DIR}/wasm.objects
	DEPENDS ${wasm_objects} ${wasm_link} ${wasm_imports} ${PROJECT_BINARY_DIR}/wasm.objects
	COMMENT "wasm32 link of the portable half"
	VERBATIM)
add_custom_target(wasm ALL DEPENDS ${wasm_out})

# What pages and the service worker run: the same objects, of which only what the module's entries need is kept. It imports
# nothing, or does not link. The linker is called as it is: clang as a driver would run whatever wasm-opt it finds.
set(BROWSER_MODULES "")
function(browser_module name memory)
	set(objects "${wasm_objects}")
	foreach(source host host_zip host_hash entry_io ${ARGN})
		list(APPEND objects ${PROJECT_BINARY_DIR}/wasm/src/browser/${source}.c.o)
	endforeach()
	set(out ${PROJECT_BINARY_DIR}/${name}.wasm)
	string(REPLACE ";" "\n" list "${objects}")
	file(GENERATE OUTPUT ${PROJECT_BINARY_DIR}/${name}.objects CONTENT "${list}\n")
	add_custom_command(OUTPUT ${out}
		COMMAND ${WASM_LD} --no-entry --strip-all --gc-sections -z stack-size=131072 --stack-first
			--max-memory=${memory} -o ${out} @${PROJECT_BINARY_DIR}/${name}.objects
		DEPENDS ${objects} ${PROJECT_BINARY_DIR}/${name}.objects
		COMMENT "wasm32 ${name}.wasm"
		VERBATIM)
	set(BROWSER_MODULES ${BROWSER_MODULES} ${out} PARENT_SCOPE)
endfunction()
browser_module(nimbus 268435456 entry)
# It holds a whole pack, and while that is indexed a second time.
browser_module(offline 1073741824 entry_kept kept kept_page)
