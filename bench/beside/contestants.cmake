# What two workers do to each other, and what a map takes in memory.
add_library(bench_ticks OBJECT beside/ticks.cpp)
target_link_libraries(bench_ticks PRIVATE twinmap_compile_options)
add_library(bench_beside_harness OBJECT beside/duet.cpp beside/figures.cpp)
target_link_libraries(bench_beside_harness PRIVATE benchmark::benchmark twinmap_compile_options)

function(add_beside name)
  add_executable(bench_beside_${name} beside/${name}.cpp)
  target_link_libraries(bench_beside_${name} PRIVATE bench_beside_harness bench_ticks bench_harness twinmap_compile_options ${ARGN})
  add_test(NAME bench.beside_${name} COMMAND bench_beside_${name} --smoke --sizes=10,1000)
  set_tests_properties(bench.beside_${name} PROPERTIES TIMEOUT 60 FAIL_REGULAR_EXPRESSION "ERROR OCCURRED")
endfunction()

add_executable(bench_beside_self_test beside/self_test.cpp)
target_link_libraries(bench_beside_self_test PRIVATE bench_ticks twinmap_compile_options)
add_test(NAME bench.beside_instruments COMMAND bench_beside_self_test)

add_beside(twinmap twinmap::twinmap)
add_beside(absl absl::flat_hash_map)
add_beside(unordered_map)
add_beside(tbb TBB::tbb)
add_beside(boost Boost::headers)
add_beside(lmdb ${LMDB_LIBRARY})
target_include_directories(bench_beside_lmdb PRIVATE ${LMDB_INCLUDE_DIR})
