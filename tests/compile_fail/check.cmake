# One snippet that must not compile: cmake -D COMPILER= -D ROOT= -D SNIPPET= -P check.cmake
# With CONTROL defined the snippet must compile, which proves that nothing else in it is wrong;
# without, it must fail with a message that its first line names: `// must fail: REGEX`.
file(STRINGS ${SNIPPET} first LIMIT_COUNT 1)
if(NOT first MATCHES "^// must fail: (.+)$")
  message(FATAL_ERROR "${SNIPPET}: the first line must be `// must fail: REGEX`")
endif()
set(expected "${CMAKE_MATCH_1}")
set(compile ${COMPILER} -std=c++20 -fsyntax-only -Werror=unused-result -I${ROOT} ${SNIPPET})

execute_process(COMMAND ${compile} -DCONTROL RESULT_VARIABLE result ERROR_VARIABLE text)
if(NOT result EQUAL 0)
  message(FATAL_ERROR "${SNIPPET}: the control does not compile\n${text}")
endif()
execute_process(COMMAND ${compile} RESULT_VARIABLE result ERROR_VARIABLE text)
if(result EQUAL 0)
  message(FATAL_ERROR "${SNIPPET}: compiles, and must not")
endif()
if(NOT text MATCHES "${expected}")
  message(FATAL_ERROR "${SNIPPET}: fails for another reason than `${expected}`\n${text}")
endif()
