// Package workload is what the programs that ask Go's maps share: which keys they ask for and in which order, how they
// ask and how they answer. The keys are the same arithmetic as in keys.hpp, which explains it.
package workload

func mix(number uint64) uint64 {
	number += 0x9e3779b97f4a7c15
	number = (number ^ (number >> 30)) * 0xbf58476d1ce4e5b9
	number = (number ^ (number >> 27)) * 0x94d049bb133111eb
	return number ^ (number >> 31)
}

// PresentKey is key number index of those that the maps hold.
func PresentKey(index uint64) uint64 { return mix(index) }

// AbsentKey is a key that no map holds.
func AbsentKey(index uint64) uint64 { return mix(index + 1<<40) }

// ValueOf is what stands under key after round rounds of stores.
func ValueOf(key, round uint64) uint64 { return ^key + round }

// ValueIsValid accepts every value from round 0 up to round.
func ValueIsValid(key, value, round uint64) bool { return value-^key <= round }

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

// Sequence holds the keys in the order in which they are asked for.
type Sequence struct {
	Size     int // distinct keys
	Present  []uint64
	Absent   []uint64
	Checksum uint64 // equal in all programs, or they do not measure the same thing
}

// NewSequence draws the order of size keys.
func NewSequence(size int) *Sequence {
	s := &Sequence{Size: size}
	for _, index := range shuffledIndices(size) {
		present, absent := PresentKey(uint64(index)), AbsentKey(uint64(index))
		s.Present = append(s.Present, present)
		s.Absent = append(s.Absent, absent)
		s.Checksum = mix(s.Checksum^present) + absent
	}
	return s
}
