# The kernels as a module of WebAssembly: no imports, the C interface of backbeat.h, and malloc and free for what it is
# given. The host calls `_initialize` first. Exceptions are WebAssembly's own, and leave no call.
enable_language(C)

option(BACKBEAT_LEGACY_EXCEPTIONS "Those of 2021, which all browsers and Node 17 know, in place of exnref" OFF)
set(LEGACY false)
if(BACKBEAT_LEGACY_EXCEPTIONS)
  set(LEGACY true)
endif()
set(EXCEPTIONS -fwasm-exceptions -mexception-handling "SHELL:-Xclang -exception-model=wasm"
    "SHELL:-mllvm -wasm-enable-eh" "SHELL:-mllvm -wasm-use-legacy-eh=${LEGACY}")

# Zig's C++ library for WASI has no exceptions, but comes with the sources of what they need.
execute_process(COMMAND ${ZIG} env WORKING_DIRECTORY ${CMAKE_BINARY_DIR} OUTPUT_VARIABLE ANSWER
                COMMAND_ERROR_IS_FATAL ANY)
string(REGEX MATCH "lib_dir\"? *[=:] *\"([^\"]*)\"" FOUND "${ANSWER}")
file(REAL_PATH "${CMAKE_MATCH_1}" ZIG_LIB BASE_DIRECTORY ${CMAKE_BINARY_DIR})
add_library(exceptions OBJECT ${ZIG_LIB}/libcxxabi/src/cxa_exception.cpp ${ZIG_LIB}/libcxxabi/src/cxa_personality.cpp
            ${ZIG_LIB}/libunwind/src/Unwind-wasm.c)
target_include_directories(exceptions PRIVATE ${ZIG_LIB}/libcxxabi/include ${ZIG_LIB}/libcxxabi/src
                           ${ZIG_LIB}/libcxx/src ${ZIG_LIB}/libunwind/include ${ZIG_LIB}/libunwind/src)
target_compile_definitions(exceptions PRIVATE _LIBCXXABI_BUILDING_LIBRARY _LIBCPP_BUILDING_LIBRARY
                           _LIBCXXABI_HAS_NO_THREADS _LIBUNWIND_HAS_NO_THREADS _LIBUNWIND_HIDE_SYMBOLS)
target_compile_options(exceptions PRIVATE ${EXCEPTIONS} -w)

add_executable(backbeat_wasm ${SOURCES} ${CMAKE_CURRENT_LIST_DIR}/runtime.cpp $<TARGET_OBJECTS:exceptions>)
target_compile_options(backbeat_wasm PRIVATE ${FLOATS} ${EXCEPTIONS} -msimd128 -Wall -Wextra)
target_compile_definitions(backbeat_wasm PRIVATE BACKBEAT_SOURCES="${SOURCES_HASH}" BACKBEAT_VARIANT="wasm")
target_link_options(backbeat_wasm PRIVATE -mexec-model=reactor -Wl,--strip-all -Wl,-z,stack-size=1048576)
set_target_properties(backbeat_wasm PROPERTIES OUTPUT_NAME backbeat SUFFIX .wasm)

file(READ ${KERNELS}/backbeat.h HEADER)
string(REGEX MATCHALL "backbeat_[a-z_]+\\(" CALLS "${HEADER}")
foreach(CALL IN LISTS CALLS ITEMS malloc free)
  string(REPLACE "(" "" CALL ${CALL})
  target_link_options(backbeat_wasm PRIVATE -Wl,--export=${CALL})
endforeach()
