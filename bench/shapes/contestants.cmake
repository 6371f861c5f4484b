# The contestants with text keys. A server that is not installed is left out: exit code 77.
add_library(bench_servers OBJECT shapes/client.cpp shapes/connection.cpp shapes/server.cpp)
target_link_libraries(bench_servers PRIVATE twinmap_compile_options)

function(add_text_contestant name source)
  add_executable(bench_shapes_${name} shapes/rivals/${source}.cpp)
  target_link_libraries(bench_shapes_${name} PRIVATE bench_harness twinmap_compile_options ${ARGN})
  add_test(NAME bench.shapes_${name} COMMAND bench_shapes_${name} --smoke --sizes=10,1000)
  set_tests_properties(bench.shapes_${name} PROPERTIES
    TIMEOUT 60 SKIP_RETURN_CODE 77 FAIL_REGULAR_EXPRESSION "ERROR OCCURRED")
endfunction()

add_text_contestant(twinmap twinmap twinmap::twinmap)
add_text_contestant(absl absl_flat_hash_map absl::flat_hash_map absl::strings)
add_text_contestant(unordered_map unordered_map_shared_mutex)
add_text_contestant(tbb tbb_concurrent_hash_map TBB::tbb)
add_text_contestant(boost boost_interprocess Boost::headers)
add_text_contestant(lmdb lmdb ${LMDB_LIBRARY})
target_include_directories(bench_shapes_lmdb PRIVATE ${LMDB_INCLUDE_DIR})
add_text_contestant(memcached memcached bench_servers)
add_text_contestant(redis redis bench_servers)
