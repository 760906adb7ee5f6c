# NEWSMILL_SANITIZE=address turns on AddressSanitizer and UndefinedBehaviorSanitizer, =thread ThreadSanitizer.
if(NEWSMILL_SANITIZE STREQUAL "address")
  add_compile_options(-fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer)
  add_link_options(-fsanitize=address,undefined)
  if(NEWSMILL_FUZZ)  # libFuzzer sees which branches an input takes; clang only
    add_compile_options(-fsanitize=fuzzer-no-link)
  endif()
elseif(NEWSMILL_SANITIZE STREQUAL "thread")
  add_compile_options(-fsanitize=thread -fno-omit-frame-pointer)
  # GCC's TSan does not model std::atomic_thread_fence; where one is used, the comment says what else orders it.
  add_compile_options($<$<CXX_COMPILER_ID:GNU>:-Wno-tsan>)
  add_link_options(-fsanitize=thread)
elseif(NEWSMILL_SANITIZE)
  message(FATAL_ERROR "NEWSMILL_SANITIZE is '${NEWSMILL_SANITIZE}': use address, thread or nothing")
endif()
