# The face: DPF's drawing library, compiled in, and what is drawn with it. Without OpenGL or X11 the plugin has none.
set(BACKBEAT_FACE AUTO CACHE STRING "Build the plugin with a face: ON, OFF, or AUTO, where the system has what it needs")
set(OpenGL_GL_PREFERENCE LEGACY)  # one library, which any system has
find_package(OpenGL QUIET)
find_package(X11 QUIET)
set(HAS_FACE ${BACKBEAT_FACE})
if(BACKBEAT_FACE STREQUAL "AUTO")
  set(HAS_FACE OFF)
  if(OPENGL_gl_LIBRARY AND OPENGL_INCLUDE_DIR AND X11_FOUND AND CMAKE_SYSTEM_NAME STREQUAL "Linux" AND NOT BACKBEAT_SANITIZE)
    set(HAS_FACE ON)
  endif()
endif()

add_library(dpf_ui INTERFACE)  # what all of the plugin is compiled with
if(NOT HAS_FACE)
  message(STATUS "The plugin has no face: it takes the packages libgl-dev and libx11-dev (-DBACKBEAT_FACE=${BACKBEAT_FACE})")
  return()
endif()
message(STATUS "The plugin has a face, on OpenGL and X11")

target_compile_definitions(dpf_ui INTERFACE BACKBEAT_FACE HAVE_DGL HAVE_OPENGL DGL_OPENGL HAVE_X11)
set(DRAWING_LIBRARIES ${OPENGL_gl_LIBRARY} ${X11_X11_LIB})
foreach(EACH Xcursor Xext Xrandr)
  if(X11_${EACH}_FOUND)
    string(TOUPPER ${EACH} NAME)
    target_compile_definitions(dpf_ui INTERFACE HAVE_${NAME})
    list(APPEND DRAWING_LIBRARIES ${X11_${EACH}_LIB})
  endif()
endforeach()
if(X11_Xext_FOUND)
  target_compile_definitions(dpf_ui INTERFACE HAVE_XSYNC)
endif()
target_include_directories(dpf_ui SYSTEM INTERFACE ${DPF}/dgl ${DPF}/dgl/src/pugl-upstream/include ${X11_INCLUDE_DIR}
                           ${OPENGL_INCLUDE_DIR})

set(DRAWING Application ApplicationPrivateData Color EventHandlers Geometry ImageBase ImageBaseWidgets Layout NanoVG
    OpenGL Resources SubWidget SubWidgetPrivateData TopLevelWidget TopLevelWidgetPrivateData Widget WidgetPrivateData
    Window WindowPrivateData pugl)
list(TRANSFORM DRAWING PREPEND ${DPF}/dgl/src/)
list(TRANSFORM DRAWING APPEND .cpp)
add_library(drawing OBJECT ${DRAWING})
target_compile_options(drawing PRIVATE ${PROCESSOR} -w -ffunction-sections -fdata-sections)
target_link_libraries(drawing PRIVATE dpf_ui)

add_library(face OBJECT face.cpp face_drawing.cpp face_files.cpp face_input.cpp face_pictures.cpp face_process.cpp)
target_compile_options(face PRIVATE ${OPTIONS})
target_include_directories(face PRIVATE ${CMAKE_CURRENT_SOURCE_DIR} ${KERNELS})
target_include_directories(face SYSTEM PRIVATE ${DPF}/distrho)
target_link_libraries(face PRIVATE dpf_ui)
set(FACE_ENTRY face_entry.cpp)
set(FACE_OBJECTS $<TARGET_OBJECTS:face> $<TARGET_OBJECTS:drawing>)
