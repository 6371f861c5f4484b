package main

import (
	"fmt"
	"sort"

	"bench/report/chart"
)

// picture is one chart and the file it is kept in.
type picture struct {
	file, title string
	svg         []byte
}

// loadMany marks whoever reads many keys at a time.
const loadMany = "_load_many"

// hugePages is our map whose creator asked for them.
const hugePages = ours + "_huge"

// looks are the same for a contestant in every picture.
var looks = map[string]chart.Look{
	ours:                  {Color: chart.Vermilion, Marker: chart.Disc, Strong: true},
	ours + readOnly:       {Color: chart.Vermilion, Marker: chart.Ring, Dashed: true},
	ours + loadMany:       {Color: chart.Vermilion, Marker: chart.Diamond, Dashed: true},
	hugePages:             {Color: chart.Vermilion, Marker: chart.Triangle, Dashed: true},
	"absl":                {Color: chart.Black, Marker: chart.Ring, Dashed: true},
	"unordered_map":       {Color: chart.SkyBlue, Marker: chart.Square},
	"unordered_map_mutex": {Color: chart.SkyBlue, Marker: chart.Diamond, Dashed: true},
	"tbb":                 {Color: chart.Orange, Marker: chart.Triangle},
	"boost":               {Color: chart.Purple, Marker: chart.Diamond},
	"lmdb":                {Color: chart.Green, Marker: chart.Square},
	"go":                  {Color: chart.Blue, Marker: chart.Triangle},
	"go_rwmutex":          {Color: chart.Orange, Marker: chart.Diamond, Dashed: true},
	"memcached":           {Color: chart.Grey, Marker: chart.Square},
	"redis":               {Color: chart.Grey, Marker: chart.Diamond, Dashed: true},
}

// names are what a picture calls a contestant where its own name does not say enough.
var names = map[string]string{
	ours + readOnly:       "twinmap, read-only",
	ours + loadMany:       "twinmap load_many",
	hugePages:             "twinmap, huge pages",
	"absl":                "absl (private, no locks)",
	"unordered_map":       "unordered_map + lock",
	"unordered_map_mutex": "unordered_map + mutex",
	"tbb":                 "tbb hash_map",
	"boost":               "Boost.Interprocess",
	"lmdb":                "LMDB",
	"go":                  "Go sync.Map",
	"go_rwmutex":          "Go map + RWMutex",
	"redis":               "Redis",
}

func nameOf(contestant string) string {
	if name, ok := names[contestant]; ok {
		return name
	}
	return contestant
}

func lookOf(contestant string) chart.Look {
	if look, ok := looks[contestant]; ok {
		return look
	}
	return chart.Look{Color: chart.Grey}
}

// pictures draws what was measured; a question that was not asked has none.
func pictures(f *figures, m machine) (drawn []picture) {
	caption := m.caption()
	for _, draw := range []func(*figures, []string) (picture, bool){
		drawReads, drawBeside, drawGrowth, drawLatency, drawBytes, drawGolist,
	} {
		if p, ok := draw(f, caption); ok {
			drawn = append(drawn, p)
		}
	}
	return drawn
}

// drawReads shows what a hit costs by the number of keys. Servers are asked over their sockets.
func drawReads(f *figures, caption []string) (picture, bool) {
	chartOf := chart.Lines{Frame: chart.Frame{Title: "What a read costs",
		Subtitle: "Uniform hits, 64-bit keys and values, one reader; median over the rounds, less is better", Caption: caption},
		XTitle: "keys in the map", XLog: true}
	questions := map[string]string{"hit": "", "socket_hit": "", "load_many": loadMany} // and what they add to a name
	asked := f.cells(func(c cell) bool {
		_, reads := questions[c.Question]
		return reads && c.Workers == 1
	})
	points, sizes := map[string][]chart.Point{}, map[int]bool{}
	var readers []cell
	for _, c := range asked {
		// Of huge pages one line is enough: the others lie on it.
		if c.Contestant == hugePages+readOnly || (c.Contestant == hugePages && c.Question != "hit") {
			continue
		}
		if m, ok := f.median(c, nsPerOp); ok && m.value > 0 {
			c.Contestant += questions[c.Question]
			readers = append(readers, c)
			points[c.Contestant] = append(points[c.Contestant], chart.Point{X: float64(c.Size), Y: m.value})
			sizes[c.Size] = true
		}
	}
	for _, reader := range contestantsOf(readers) {
		line := chart.Line{Name: nameOf(reader), Look: lookOf(reader), Points: points[reader]}
		chartOf.Lines = append(chartOf.Lines, line)
	}
	for size := range sizes {
		chartOf.XTicks = append(chartOf.XTicks, chart.Tick{Value: float64(size), Label: short(size)})
	}
	sort.Slice(chartOf.XTicks, func(i, j int) bool { return chartOf.XTicks[i].Value < chartOf.XTicks[j].Value })
	if len(chartOf.Lines) == 0 {
		return picture{}, false
	}
	return picture{"reads.svg", "What a read costs, by the number of keys", chartOf.SVG()}, true
}

// drawBeside shows how many reads a reader does in a second beside a writer, and how many alone.
func drawBeside(f *figures, caption []string) (picture, bool) {
	chartOf := chart.Rows{Frame: chart.Frame{Title: "A reader beside a writer at full speed",
		Subtitle: "Uniform hits of one reader while one writer stores to existing keys; more is better", Caption: caption},
		Keys: []chart.Key{{Mark: chart.Mark{Marker: chart.Bar, Color: chart.Grey}, Text: "beside the writer"},
			{Mark: chart.Mark{Marker: chart.Ring, Color: chart.Black}, Text: "the same reader alone"}}}
	for _, size := range []int{k1, m1} {
		panel := chart.Panel{Title: short(size) + " keys", AxisTitle: "million reads per second"}
		asked := f.cells(func(c cell) bool { return c.Question == "beside" && c.Workers == 1 && c.Size == size })
		for _, contestant := range contestantsOf(asked) {
			beside, ok := f.median(cell{contestant, "beside", size, 1}, nsPerOp)
			if !ok || beside.value <= 0 {
				continue
			}
			row := chart.Row{Name: nameOf(contestant), Strong: contestant == ours,
				Marks: []chart.Mark{{Value: 1000 / beside.value, Marker: chart.Bar, Color: lookOf(contestant).Color}},
				Text:  threeDigits(1000 / beside.value)}
			for _, question := range []string{"beside_alone", "hit"} {
				if alone, ok := f.median(cell{contestant, question, size, 1}, nsPerOp); ok && alone.value > 0 {
					row.Marks = append(row.Marks, chart.Mark{Value: 1000 / alone.value, Marker: chart.Ring, Color: chart.Black})
					break
				}
			}
			panel.Rows = append(panel.Rows, row)
		}
		if len(panel.Rows) > 0 {
			chartOf.Panels = append(chartOf.Panels, panel)
		}
	}
	if len(chartOf.Panels) == 0 {
		return picture{}, false
	}
	return picture{"beside.svg", "Reads per second beside a writer", chartOf.SVG()}, true
}

func drawGrowth(f *figures, caption []string) (picture, bool) {
	return drawPercentiles(f, percentilesOf{question: "growth", clock: "", file: "growth.svg",
		title:    "Reads while the map grows from empty to %s keys",
		subtitle: "Single reads of one reader through all promotions, by its own CPU clock; less is better"}, caption)
}

func drawLatency(f *figures, caption []string) (picture, bool) {
	return drawPercentiles(f, percentilesOf{question: "latency", clock: wallClock, file: "latency.svg",
		title:    "Reads while a writer inserts into %s keys",
		subtitle: "Single reads of one reader through all promotions, by the clock on the wall, waiting included; less is better"},
		caption)
}

// percentilesOf says what drawPercentiles shows, and by which clock.
type percentilesOf struct{ question, clock, file, title, subtitle string }

// drawPercentiles shows how long reads take at the largest size that twinmap was asked about.
func drawPercentiles(f *figures, what percentilesOf, caption []string) (picture, bool) {
	question := what.question
	size := f.locate(side{question, ours, 1}, anySize).Size
	title := fmt.Sprintf(what.title, short(size))
	chartOf := chart.Lines{Frame: chart.Frame{Title: title, Subtitle: what.subtitle, Caption: caption}, XTitle: "percentile"}
	for i, p := range percentiles {
		chartOf.XTicks = append(chartOf.XTicks, chart.Tick{Value: float64(i), Label: p.label})
	}
	asked := f.cells(func(c cell) bool { return c.Question == question && c.Size == size && c.Workers == 1 })
	for _, contestant := range contestantsOf(asked) {
		line := chart.Line{Name: nameOf(contestant), Look: lookOf(contestant)}
		for i, p := range percentiles {
			if m, ok := f.median(cell{contestant, question, size, 1}, what.clock+p.counter); ok && m.value > 0 {
				line.Points = append(line.Points, chart.Point{X: float64(i), Y: m.value})
			}
		}
		if len(line.Points) > 0 {
			chartOf.Lines = append(chartOf.Lines, line)
		}
	}
	if len(chartOf.Lines) == 0 {
		return picture{}, false
	}
	return picture{what.file, title, chartOf.SVG()}, true
}

// drawBytes shows what an entry takes at the largest size that twinmap was asked about.
func drawBytes(f *figures, caption []string) (picture, bool) {
	asked := f.cells(func(c cell) bool { return c.Question == bytesQuestion })
	size := 0
	for _, c := range asked {
		if c.Contestant == ours && c.Size > size {
			size = c.Size
		}
	}
	panel := chart.Panel{AxisTitle: "bytes in use per entry"}
	for _, contestant := range contestantsOf(asked) {
		for _, c := range asked {
			used, ok := f.median(c, "bytes_per_entry")
			if !ok || c.Contestant != contestant || c.Size != size {
				continue
			}
			row := chart.Row{Name: nameOf(contestant), Strong: contestant == ours, Text: threeDigits(used.value),
				Marks: []chart.Mark{{Value: used.value, Marker: chart.Bar, Color: lookOf(contestant).Color}}}
			if both, ok := f.median(c, "bytes_per_entry_both"); ok && both.value > 0 {
				row.Marks = append(row.Marks, chart.Mark{Value: both.value, Marker: chart.Ring, Color: chart.Black})
				row.Text += " / " + threeDigits(both.value)
			}
			panel.Rows = append(panel.Rows, row)
			break
		}
	}
	if len(panel.Rows) == 0 {
		return picture{}, false
	}
	chartOf := chart.Rows{Frame: chart.Frame{Title: "Bytes per entry",
		Subtitle: fmt.Sprintf("%s 64-bit keys with 64-bit values; less is better", short(size)), Caption: caption},
		Keys: []chart.Key{{Mark: chart.Mark{Marker: chart.Bar, Color: chart.Grey}, Text: "at rest (twinmap: after a promotion)"},
			{Mark: chart.Mark{Marker: chart.Ring, Color: chart.Black}, Text: "while read and dirty both stand"}},
		Panels: []chart.Panel{panel}}
	return picture{"bytes.svg", "Bytes per entry", chartOf.SVG()}, true
}

// drawGolist shows what twinmap needs in comparison with Go, benchmark by benchmark.
func drawGolist(f *figures, caption []string) (picture, bool) {
	panel := chart.Panel{AxisTitle: "twinmap / Go", Log: true, References: []chart.Reference{
		{Value: golistMust, Label: "must"}, {Value: golistGoal, Label: "goal"}, {Value: 1, Label: "equal"}}}
	for _, name := range golist {
		row := chart.Row{Name: name}
		for _, workers := range []int{1, 2} {
			m, other, ok := f.golistRatio(name, workers)
			if !ok {
				continue
			}
			mark := chart.Mark{Value: m.value, Marker: chart.Ring, Color: lookOf(other).Color}
			if workers == 2 {
				mark.Marker, row.Text = chart.Disc, threeDigits(m.value)
			}
			row.Marks = append(row.Marks, mark)
		}
		if len(row.Marks) > 0 {
			panel.Rows = append(panel.Rows, row)
		}
	}
	if len(panel.Rows) == 0 {
		return picture{}, false
	}
	chartOf := chart.Rows{Frame: chart.Frame{Title: "Go's own benchmarks of sync.Map",
		Subtitle: "twinmap in processes, Go in goroutines; ratio of ns per operation, less is better", Caption: caption},
		Keys: []chart.Key{{Mark: chart.Mark{Marker: chart.Disc, Color: chart.Blue}, Text: "2 workers (the figure at the right)"},
			{Mark: chart.Mark{Marker: chart.Ring, Color: chart.Blue}, Text: "1 worker"},
			{Mark: chart.Mark{Marker: chart.Disc, Color: chart.Orange}, Text: "against an RWMutex map, where Go 1.19 lacks it"}},
		Panels: []chart.Panel{panel}}
	return picture{"golist.svg", "Go's own benchmarks: twinmap / Go", chartOf.SVG()}, true
}

// golistRatio compares one benchmark of the list, and says with which of Go's contestants.
func (f *figures) golistRatio(name string, workers int) (m measurement, contestant string, ok bool) {
	question := "golist:" + name
	for _, contestant = range goContestants {
		m, ok = f.ratio(nsPerOp, f.locate(side{question, ours, workers}, anySize),
			f.locate(side{question, contestant, workers}, anySize))
		if ok {
			break
		}
	}
	return m, contestant, ok
}
