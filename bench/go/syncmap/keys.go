package main

// The keys and their order: the same arithmetic as in keys.hpp, which explains it.

func mix(number uint64) uint64 {
	number += 0x9e3779b97f4a7c15
	number = (number ^ (number >> 30)) * 0xbf58476d1ce4e5b9
	number = (number ^ (number >> 27)) * 0x94d049bb133111eb
	return number ^ (number >> 31)
}

func presentKey(index uint64) uint64 { return mix(index) }

func absentKey(index uint64) uint64 { return mix(index + 1<<40) }

func valueOf(key, round uint64) uint64 { return ^key + round }

func valueIsValid(key, value, round uint64) bool { return value-^key <= round }

func shuffledIndices(size int) []uint32 {
	const shortest = 65536
	indices := make([]uint32, 0, size+shortest)
	draws := uint64(0)
	for {
		first := len(indices)
		for i := 0; i < size; i++ {
			indices = append(indices, uint32(i))
		}
		for i := size - 1; i > 0; i-- {
			j := int(mix(draws) % uint64(i+1))
			draws++
			indices[first+i], indices[first+j] = indices[first+j], indices[first+i]
		}
		if len(indices) >= shortest {
			return indices
		}
	}
}

// sequence holds the keys in the order in which they are asked for.
type sequence struct {
	size     int // distinct keys
	present  []uint64
	absent   []uint64
	checksum uint64
}

func newSequence(size int) *sequence {
	s := &sequence{size: size}
	for _, index := range shuffledIndices(size) {
		present, absent := presentKey(uint64(index)), absentKey(uint64(index))
		s.present = append(s.present, present)
		s.absent = append(s.absent, absent)
		s.checksum = mix(s.checksum^present) + absent
	}
	return s
}
