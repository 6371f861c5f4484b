package main

import (
	"runtime"
	"sync"

	"bench/workload"
)

// heap returns the bytes of live objects.
func heap() float64 {
	runtime.GC()
	var numbers runtime.MemStats
	runtime.ReadMemStats(&numbers)
	return float64(numbers.HeapAlloc)
}

// measureBytes: what an entry takes while read alone stands, and while one more key has made Go copy it into dirty.
func measureBytes(size int) error {
	before := heap()
	m := new(sync.Map)
	store := func(index int) {
		key := workload.PresentKey(uint64(index))
		m.Store(key, workload.ValueOf(key, 0))
	}
	for index := 0; index < size; index++ {
		store(index)
	}
	workload.Promote(m)
	read := heap() - before
	store(size)
	both := heap() - before
	if err := workload.CheckSize(m, size+1); err != nil {
		return err
	}
	return report("bytes", size, 1, 0, 0, workload.Counters{
		"bytes_per_entry":      read / float64(size),
		"bytes_per_entry_both": both / float64(size+1),
	})
}
