# Whole libraries and test programs as one translation unit each: the headers are read once.
function(twinmap_unite)
  foreach(target IN LISTS TWINMAP_UNITED)
    set_target_properties(${target} PROPERTIES UNITY_BUILD ON UNITY_BUILD_BATCH_SIZE 0)
  endforeach()
endfunction()
cmake_language(DEFER CALL twinmap_unite)
