# Warnings and hardening for every target of the project: link newsmill_flags.
add_library(newsmill_flags INTERFACE)
target_compile_options(newsmill_flags INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wno-sign-conversion -Wnon-virtual-dtor
  -Woverloaded-virtual -Wold-style-cast -Wimplicit-fallthrough -Wvla -fno-strict-aliasing
  -fstack-protector-strong)
# GCC 12 sees overlaps in std::string that can't be (its bug 105651).
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  target_compile_options(newsmill_flags INTERFACE -Wno-restrict)
endif()
if(CMAKE_CXX_COMPILER_ID STREQUAL "Clang")  # C++14's, which clang 14 does not have on by itself
  target_compile_options(newsmill_flags INTERFACE -fsized-deallocation)
endif()
if(NEWSMILL_WERROR)
  target_compile_options(newsmill_flags INTERFACE -Werror)
endif()
if(NEWSMILL_NATIVE)
  target_compile_options(newsmill_flags INTERFACE -march=native)
endif()
target_include_directories(newsmill_flags INTERFACE ${CMAKE_SOURCE_DIR} ${CMAKE_BINARY_DIR}/generated)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
if(NOT NEWSMILL_SANITIZE AND CMAKE_BUILD_TYPE MATCHES "Rel")
  target_compile_definitions(newsmill_flags INTERFACE _FORTIFY_SOURCE=2)
endif()
target_link_options(newsmill_flags INTERFACE -Wl,-z,relro,-z,now)
