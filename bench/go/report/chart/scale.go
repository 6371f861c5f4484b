package chart

import (
	"fmt"
	"math"
	"sort"
)

// scale maps the values lo…hi to the positions from…to, which may run backwards as y does.
type scale struct {
	lo, hi, from, to float64
	log              bool
}

func (s scale) at(value float64) float64 {
	lo, hi := s.lo, s.hi
	if s.log {
		lo, hi, value = math.Log(lo), math.Log(hi), math.Log(value)
	}
	if hi == lo {
		return (s.from + s.to) / 2
	}
	return s.from + (value-lo)/(hi-lo)*(s.to-s.from)
}

// Tick is one marked place of an axis.
type Tick struct {
	Value float64
	Label string
}

// decades widens lo…hi to where a logarithmic axis may end, the nearest 1, 2 or 5 times a power of ten outside, and
// returns the ticks: each of those numbers, or only the powers of ten where there would be too many.
func decades(lo, hi float64, label func(float64) string) (ticks []Tick, least, most float64) {
	var all, powers []float64
	for exponent := math.Floor(math.Log10(lo)) - 1; exponent <= math.Ceil(math.Log10(hi)); exponent++ {
		power := math.Pow(10, exponent)
		all = append(all, power, 2*power, 5*power)
		powers = append(powers, power)
	}
	const slack = 1 + 1e-9
	first := sort.Search(len(all), func(i int) bool { return all[i] > lo*slack }) - 1
	last := sort.Search(len(all), func(i int) bool { return all[i]*slack >= hi })
	least, most = all[first], all[last]
	chosen := all
	if last-first > 7 {
		chosen = powers
	}
	for _, value := range chosen {
		if value*slack >= least && value <= most*slack {
			ticks = append(ticks, Tick{value, label(value)})
		}
	}
	return ticks, least, most
}

// steps returns the ticks of a linear axis from 0 to at least hi: three to six round numbers.
func steps(hi float64) (ticks []Tick, most float64) {
	if hi <= 0 {
		hi = 1
	}
	step := math.Pow(10, math.Floor(math.Log10(hi)))
	for _, part := range []float64{0.2, 0.5, 1} {
		if hi/(step*part) <= 5 {
			step *= part
			break
		}
	}
	count := int(math.Ceil(hi/step - 1e-9))
	for i := 0; i <= count; i++ {
		ticks = append(ticks, Tick{step * float64(i), number(step * float64(i))})
	}
	return ticks, step * float64(count)
}

func number(value float64) string { return fmt.Sprintf("%.4g", value) }

// duration writes nanoseconds: 20 ns, 5 µs, 1 s.
func duration(nanoseconds float64) string {
	for _, unit := range []struct {
		size float64
		name string
	}{{1e9, "s"}, {1e6, "ms"}, {1e3, "µs"}} {
		if nanoseconds >= unit.size {
			return fmt.Sprintf("%.4g %s", nanoseconds/unit.size, unit.name)
		}
	}
	return fmt.Sprintf("%.4g ns", nanoseconds)
}

// spread moves the wanted positions as little as it takes for each to be gap from the next and all within lo…hi, and
// keeps their order. They must fit.
func spread(wanted []float64, gap, lo, hi float64) []float64 {
	order := make([]int, len(wanted))
	for i := range order {
		order[i] = i
	}
	sort.SliceStable(order, func(i, j int) bool { return wanted[order[i]] < wanted[order[j]] })

	// Those that touch form a block, which lies where the mean of its members wants to be.
	type block struct {
		sum, start float64
		members    []int
	}
	place := func(b block) block {
		count := float64(len(b.members))
		b.start = b.sum/count - gap*(count-1)/2
		b.start = math.Max(lo, math.Min(b.start, hi-gap*(count-1)))
		return b
	}
	var blocks []block
	for _, index := range order {
		blocks = append(blocks, place(block{sum: wanted[index], members: []int{index}}))
		for len(blocks) > 1 {
			above, last := blocks[len(blocks)-2], blocks[len(blocks)-1]
			if above.start+gap*float64(len(above.members)) <= last.start {
				break
			}
			above.sum += last.sum
			above.members = append(above.members, last.members...)
			blocks = append(blocks[:len(blocks)-2], place(above))
		}
	}
	placed := make([]float64, len(wanted))
	for _, b := range blocks {
		for i, index := range b.members {
			placed[index] = b.start + gap*float64(i)
		}
	}
	return placed
}
