package workload

import (
	"encoding/binary"
	"math"
	"strings"
)

// The text keys, their order and the values below them: the same arithmetic as in shapes/keys.hpp and shapes/zipf.hpp,
// which explain it.

// Shape is what a map holds and how it is asked.
type Shape struct {
	Label                      string
	Keys, KeyBytes, ValueBytes int
	Zipf                       bool
	Updates                    uint64 // per cent of the operations that store instead of loading
}

func textKey(index uint64, bytes int) string {
	const common = "eu-central/production/website/session/customer/0/basket:"
	const digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	const mask = 1<<48 - 1
	number := index * 0x9e3779b97f4b & mask
	number ^= number >> 24
	number = number * 0xbf58476d1ce5 & mask
	number ^= number >> 24
	key := []byte(common[len(common)-(bytes-8):])
	for digit := 0; digit < 8; digit++ {
		key = append(key, digits[number&63])
		number >>= 6
	}
	return string(key)
}

// wordAt reads 8 bytes of text; unlike encoding/binary it takes a string.
func wordAt(text string, at int) uint64 {
	_ = text[at+7]
	return uint64(text[at]) | uint64(text[at+1])<<8 | uint64(text[at+2])<<16 | uint64(text[at+3])<<24 |
		uint64(text[at+4])<<32 | uint64(text[at+5])<<40 | uint64(text[at+6])<<48 | uint64(text[at+7])<<56
}

func fingerprint(key string) uint64 { return mix(31*wordAt(key, 0) + wordAt(key, len(key)-8)) }

// StampValue makes value what stands under key after round rounds of stores.
func StampValue(value []byte, key string, round uint64) {
	stamp := ValueOf(fingerprint(key), round)
	binary.LittleEndian.PutUint64(value, stamp)
	binary.LittleEndian.PutUint64(value[len(value)-8:], stamp)
}

// ValueIsFrom says whether value is of the right length, of one piece, and from round first to last.
func ValueIsFrom(value []byte, key string, bytes int, first, last uint64) bool {
	if len(value) != bytes {
		return false
	}
	front := binary.LittleEndian.Uint64(value)
	back := binary.LittleEndian.Uint64(value[bytes-8:])
	return front == back && front-ValueOf(fingerprint(key), first) <= last-first
}

const theta = 0.99

type zipf struct{ ranks, zeta, eta float64 }

func newZipf(ranks int) zipf {
	z := zipf{ranks: float64(ranks)}
	for rank := 1; rank <= ranks; rank++ {
		z.zeta += 1 / math.Pow(float64(rank), theta)
	}
	zetaOfTwo := 1 + math.Pow(0.5, theta)
	z.eta = (1 - math.Pow(2/z.ranks, 1-theta)) / (1 - zetaOfTwo/z.zeta)
	return z
}

func (z zipf) rank(random uint64) int {
	uniform := float64(random>>11) * 0x1p-53
	area := uniform * z.zeta
	if area < 1 {
		return 0
	}
	if area < 1+math.Pow(0.5, theta) {
		return 1
	}
	rank := z.ranks * math.Pow(z.eta*uniform-z.eta+1, 1/(1-theta))
	return int(math.Min(rank, z.ranks-1))
}

// TextSequence holds text keys in the order in which they are asked for.
type TextSequence struct {
	Shape
	Checksum uint64
	text     string // the keys, one after another
	updates  []bool
}

// NewTextSequence draws the order of the keys of asked.
func NewTextSequence(asked Shape) *TextSequence {
	s := &TextSequence{Shape: asked}
	var text strings.Builder
	add := func(index uint32) {
		key := textKey(uint64(index), asked.KeyBytes)
		const seed = 1 << 33
		update := mix(seed+uint64(len(s.updates)))%100 < asked.Updates
		text.WriteString(key)
		s.updates = append(s.updates, update)
		s.Checksum = mix(s.Checksum ^ fingerprint(key))
		if update {
			s.Checksum++
		}
	}
	shuffled := shuffledIndices(asked.Keys)
	if asked.Zipf {
		const draws, seed = 1 << 17, 1 << 32
		ranks := newZipf(asked.Keys)
		for draw := uint64(0); draw < draws; draw++ {
			add(shuffled[ranks.rank(mix(seed+draw))])
		}
	} else {
		for _, index := range shuffled {
			add(index)
		}
	}
	s.text = text.String()
	return s
}

// Len is the number of operations after which the sequence begins again.
func (s *TextSequence) Len() int { return len(s.updates) }

// Key is the key at position.
func (s *TextSequence) Key(position int) string {
	return s.text[position*s.KeyBytes : (position+1)*s.KeyBytes]
}

// IsUpdate says whether the operation at position of a mixed workload is a store.
func (s *TextSequence) IsUpdate(position int) bool { return s.updates[position] }

// PresentKey is key number index of those that the map holds.
func (s *TextSequence) PresentKey(index int) string { return textKey(uint64(index), s.KeyBytes) }
