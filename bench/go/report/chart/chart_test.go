package chart

import (
	"encoding/xml"
	"errors"
	"io"
	"math"
	"strings"
	"testing"
)

func TestAScaleMapsItsEndsAndTheMiddleBetweenThem(t *testing.T) {
	for _, example := range []struct {
		name  string
		s     scale
		value float64
		want  float64
	}{
		{"linear", scale{lo: 0, hi: 10, from: 100, to: 200}, 5, 150},
		{"linear, its end", scale{lo: 0, hi: 10, from: 100, to: 200}, 10, 200},
		{"logarithmic", scale{lo: 1, hi: 100, from: 0, to: 10, log: true}, 10, 5},
		{"logarithmic, backwards", scale{lo: 1, hi: 1000, from: 300, to: 0, log: true}, 10, 200},
		{"of one value", scale{lo: 7, hi: 7, from: 0, to: 10, log: true}, 7, 5},
	} {
		if got := example.s.at(example.value); math.Abs(got-example.want) > 1e-9 {
			t.Errorf("%s: %v lies at %v, not at %v", example.name, example.value, got, example.want)
		}
	}
}

func labels(ticks []Tick) string {
	var all []string
	for _, tick := range ticks {
		all = append(all, tick.Label)
	}
	return strings.Join(all, " ")
}

func TestALogarithmicAxisEndsOutsideOfItsValuesAndHasFewTicks(t *testing.T) {
	for _, example := range []struct {
		lo, hi float64
		want   string
	}{
		{0.06, 1, "0.05 0.1 0.2 0.5 1"},
		{3, 40, "2 5 10 20 50"},
		{5, 50, "5 10 20 50"}, // what is one of the ticks needs none outside
		{2.9, 25000, "10 100 1000 1e+04"},
	} {
		ticks, least, most := decades(example.lo, example.hi, number)
		if labels(ticks) != example.want {
			t.Errorf("%v to %v: %s, want %s", example.lo, example.hi, labels(ticks), example.want)
		}
		if least > example.lo || most < example.hi {
			t.Errorf("%v to %v lie outside of %v to %v", example.lo, example.hi, least, most)
		}
	}
}

func TestALinearAxisBeginsAtZeroAndReachesItsLargestValue(t *testing.T) {
	for _, example := range []struct {
		hi   float64
		want string
	}{{160, "0 50 100 150 200"}, {208, "0 50 100 150 200 250"}, {10, "0 2 4 6 8 10"}, {0, "0 0.2 0.4 0.6 0.8 1"}} {
		ticks, most := steps(example.hi)
		if labels(ticks) != example.want || most < example.hi {
			t.Errorf("up to %v: %s, want %s", example.hi, labels(ticks), example.want)
		}
	}
}

func TestDurationsAreWrittenInTheirOwnUnit(t *testing.T) {
	for nanoseconds, want := range map[float64]string{0.5: "0.5 ns", 20: "20 ns", 1000: "1 µs", 5e7: "50 ms", 1e9: "1 s"} {
		if got := duration(nanoseconds); got != want {
			t.Errorf("%v ns: %s, want %s", nanoseconds, got, want)
		}
	}
}

func TestNamesThatWouldOverlapMoveApartAndKeepTheirOrder(t *testing.T) {
	for _, example := range []struct{ wanted, want []float64 }{
		{[]float64{10, 50, 90}, []float64{10, 50, 90}},
		{[]float64{50, 50}, []float64{45, 55}},
		{[]float64{52, 50, 20}, []float64{56, 46, 20}},
		{[]float64{0, 1, 2}, []float64{0, 10, 20}},
		{[]float64{100, 99}, []float64{100, 90}},
		{[]float64{40, 45, 54, 60}, []float64{34.75, 44.75, 54.75, 64.75}}, // each pushes the next
	} {
		got := spread(example.wanted, 10, 0, 100)
		for i := range got {
			if math.Abs(got[i]-example.want[i]) > 1e-9 {
				t.Errorf("%v: %v, want %v", example.wanted, got, example.want)
				break
			}
		}
	}
}

// texts returns all that an SVG says, and an error if it is not well-formed.
func texts(svg []byte) (all string, err error) {
	decoder := xml.NewDecoder(strings.NewReader(string(svg)))
	for {
		token, err := decoder.Token()
		if errors.Is(err, io.EOF) {
			return all, nil
		}
		if err != nil {
			return "", err
		}
		if content, ok := token.(xml.CharData); ok {
			all += string(content)
		}
	}
}

func TestPicturesAreWellFormedAndSayWhatTheyShow(t *testing.T) {
	frame := Frame{Title: "a < b & c", Subtitle: "less is better", Caption: []string{"a machine", "a date"}}
	for name, svg := range map[string][]byte{
		"lines": Lines{Frame: frame, XTitle: "keys", XLog: true, XTicks: []Tick{{1000, "1 k"}, {1e6, "1 M"}},
			Lines: []Line{{"us", Look{Color: Black}, []Point{{1000, 5}, {1e6, 60}}}, {"them", Look{Color: Blue}, []Point{{1e6, 61}}}},
		}.SVG(),
		"rows": Rows{Frame: frame, Keys: []Key{{Mark{0, Bar, Grey}, "bar"}}, Panels: []Panel{{AxisTitle: "keys",
			References: []Reference{{0.6, "must"}}, Rows: []Row{
				{"us", true, []Mark{{0.1, Disc, Black}}, "0.1"}, {"them", false, []Mark{{1, Bar, Blue}}, "1 M"}}}},
		}.SVG(),
	} {
		said, err := texts(svg)
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
		for _, want := range []string{"a < b & c", "less is better", "a machine", "a date", "keys", "us", "them", "1 M"} {
			if !strings.Contains(said, want) {
				t.Errorf("%s does not say %q", name, want)
			}
		}
		if strings.Contains(string(svg), "NaN") || strings.Contains(string(svg), "Inf") {
			t.Errorf("%s has a place that is no number", name)
		}
	}
}
