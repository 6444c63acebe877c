# Builds for another machine with Zig's compiler, which brings the headers and libraries of many:
#
#   cmake -S . -B build/NAME -G Ninja --toolchain ports/zig.cmake -DBACKBEAT_TARGET=TARGET
#
# TARGET is wasm32-wasi, or what `zig targets` lists, such as aarch64-linux-gnu. ZIG names the compiler where it is not
# on the PATH: `zig`, or `python-zig` of the Python package `ziglang`.
set(BACKBEAT_TARGET "" CACHE STRING "The machine to build for")
if(NOT BACKBEAT_TARGET MATCHES "^([a-z0-9_]+)-([a-z]+)")
  message(FATAL_ERROR "BACKBEAT_TARGET: found \"${BACKBEAT_TARGET}\"; must be such as aarch64-linux-gnu or wasm32-wasi")
endif()
set(CMAKE_SYSTEM_PROCESSOR ${CMAKE_MATCH_1})
set(SYSTEM_linux Linux)
set(SYSTEM_macos Darwin)
set(SYSTEM_windows Windows)
set(SYSTEM_wasi Generic)
set(CMAKE_SYSTEM_NAME ${SYSTEM_${CMAKE_MATCH_2}})

find_program(ZIG NAMES zig python-zig REQUIRED)
set(CMAKE_C_COMPILER ${ZIG} cc -target ${BACKBEAT_TARGET})
set(CMAKE_CXX_COMPILER ${ZIG} c++ -target ${BACKBEAT_TARGET})
set(CMAKE_TRY_COMPILE_PLATFORM_VARIABLES BACKBEAT_TARGET ZIG)

# What CMake would find out by linking programs, for which Zig would build its libraries once more.
foreach(LANGUAGE C CXX)
  set(CMAKE_${LANGUAGE}_COMPILER_ID_RUN ON)
  set(CMAKE_${LANGUAGE}_COMPILER_ID Clang)
  set(CMAKE_${LANGUAGE}_COMPILER_VERSION 22.0)
  set(CMAKE_${LANGUAGE}_COMPILER_FRONTEND_VARIANT GNU)
  set(CMAKE_${LANGUAGE}_STANDARD_COMPUTED_DEFAULT 17)
  set(CMAKE_${LANGUAGE}_EXTENSIONS_COMPUTED_DEFAULT ON)
  set(CMAKE_${LANGUAGE}_ARCHIVE_CREATE "\"${ZIG}\" ar qc <TARGET> <OBJECTS>")
  set(CMAKE_${LANGUAGE}_ARCHIVE_FINISH "")
endforeach()
set(CMAKE_TRY_COMPILE_TARGET_TYPE STATIC_LIBRARY)
set(CMAKE_BUILD_WITH_INSTALL_RPATH ON)
