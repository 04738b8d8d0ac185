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
set(browser_objects "")
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
	if(name MATCHES "^src/browser/")
		list(APPEND browser_objects ${object})
	else()
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

# What pages run: the same objects, of which only what src/browser/ needs is kept. It imports nothing, or does not link.
# The linker is called as it is: clang as a driver would run whatever wasm-opt it finds.
set(BROWSER_MODULE ${PROJECT_BINARY_DIR}/nimbus.wasm)
string(REPLACE ";" "\n" browser_object_list "${browser_objects};${wasm_objects}")
file(GENERATE OUTPUT ${PROJECT_BINARY_DIR}/browser.objects CONTENT "${browser_object_list}\n")
add_custom_command(OUTPUT ${BROWSER_MODULE}
	COMMAND ${WASM_LD} --no-entry --strip-all --gc-sections -z stack-size=131072 --stack-first
		--max-memory=268435456 -o ${BROWSER_MODULE} @${PROJECT_BINARY_DIR}/browser.objects
	DEPENDS ${browser_objects} ${wasm_objects} ${PROJECT_BINARY_DIR}/browser.objects
	COMMENT "wasm32 nimbus.wasm"
	VERBATIM)
