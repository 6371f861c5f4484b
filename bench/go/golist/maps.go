package main

import (
	"bench/workload"
	"sync"
)

// As in Go's own file the maps are called through an interface, so that keys escape to the heap as they do there.

// storing is what a map needs to be prepared.
type storing interface {
	Store(key, value any)
	Load(key any) (value any, found bool)
}

// An oldMap has what sync.Map has in Debian's Go, 1.19.
type oldMap interface {
	storing
	LoadOrStore(key, value any) (actual any, loaded bool)
	LoadAndDelete(key any) (value any, loaded bool)
	Delete(key any)
	Range(f func(key, value any) bool)
}

// A newMap has what came with Go 1.20 and, last, Clear with 1.23.
type newMap interface {
	storing
	Delete(key any)
	Swap(key, value any) (previous any, loaded bool)
	CompareAndSwap(key, old, new any) (swapped bool)
	CompareAndDelete(key, old any) (deleted bool)
	Clear()
}

// A contestant is a kind of map that answers benchmarks on M.
type contestant[M storing] struct {
	name string
	make func() M
	size func(m M) int
}

var syncMap = contestant[oldMap]{"go", func() oldMap { return new(sync.Map) }, func(m oldMap) int {
	return workload.Count(m.(*sync.Map))
}}

// The map that one takes where sync.Map lacks the operation.
var rwMutex = contestant[newMap]{"go_rwmutex", func() newMap { return &rwMutexMap{entries: map[any]any{}} },
	func(m newMap) int { return len(m.(*rwMutexMap).entries) }}

type rwMutexMap struct {
	mutex   sync.RWMutex
	entries map[any]any
}

func (m *rwMutexMap) Load(key any) (value any, found bool) {
	m.mutex.RLock()
	value, found = m.entries[key]
	m.mutex.RUnlock()
	return value, found
}

func (m *rwMutexMap) Store(key, value any) {
	m.mutex.Lock()
	m.entries[key] = value
	m.mutex.Unlock()
}

func (m *rwMutexMap) Delete(key any) {
	m.mutex.Lock()
	delete(m.entries, key)
	m.mutex.Unlock()
}

func (m *rwMutexMap) Swap(key, value any) (previous any, found bool) {
	m.mutex.Lock()
	previous, found = m.entries[key]
	m.entries[key] = value
	m.mutex.Unlock()
	return previous, found
}

func (m *rwMutexMap) CompareAndSwap(key, old, new any) bool {
	m.mutex.Lock()
	value, found := m.entries[key]
	same := found && value == old
	if same {
		m.entries[key] = new
	}
	m.mutex.Unlock()
	return same
}

func (m *rwMutexMap) CompareAndDelete(key, old any) bool {
	m.mutex.Lock()
	value, found := m.entries[key]
	same := found && value == old
	if same {
		delete(m.entries, key)
	}
	m.mutex.Unlock()
	return same
}

func (m *rwMutexMap) Clear() {
	m.mutex.Lock()
	for key := range m.entries {
		delete(m.entries, key)
	}
	m.mutex.Unlock()
}
