package chart

import (
	"fmt"
	"math"
	"strings"
)

// Look tells one line from the others.
type Look struct {
	Color  string
	Marker Marker
	Dashed bool
	Strong bool
}

type Point struct{ X, Y float64 }

// Line is one contestant, named at its right end.
type Line struct {
	Name   string
	Look   Look
	Points []Point
}

// Lines is a picture of lines above marked places of x; y is nanoseconds, on a logarithmic axis.
type Lines struct {
	Frame
	XTitle string
	XTicks []Tick
	XLog   bool
	Lines  []Line
}

const (
	plotHeight = 360.0
	labelGap   = 15.0
)

// bounds returns the least and the largest value of y.
func (l Lines) bounds() (lo, hi float64) {
	lo, hi = math.Inf(1), math.Inf(-1)
	for _, line := range l.Lines {
		for _, p := range line.Points {
			lo, hi = math.Min(lo, p.Y), math.Max(hi, p.Y)
		}
	}
	return lo, hi
}

// SVG draws the picture. All values must be positive, and there must be one.
func (l Lines) SVG() []byte {
	widest := 0.0
	for _, line := range l.Lines {
		widest = math.Max(widest, extent(line.Name, textSize))
	}
	left, right := 64.0, width-margin-widest-28
	top, bottom := head+16, head+16+plotHeight
	c := &canvas{height: bottom + 44 + l.foot()}

	lo, hi := l.bounds()
	yTicks, least, most := decades(lo, hi, duration)
	y := scale{least, most, bottom, top, true}
	x := scale{l.XTicks[0].Value, l.XTicks[len(l.XTicks)-1].Value, left + 20, right - 12, l.XLog}

	for _, tick := range yTicks {
		c.line(left, y.at(tick.Value), right, y.at(tick.Value), grid, 1, false)
		c.text(left-8, y.at(tick.Value)+4, tick.Label, style{anchor: "end", color: faint})
	}
	for _, tick := range l.XTicks {
		c.line(x.at(tick.Value), bottom, x.at(tick.Value), bottom+5, faint, 1, false)
		c.text(x.at(tick.Value), bottom+19, tick.Label, style{anchor: "middle", color: faint})
	}
	c.line(left, bottom, right, bottom, faint, 1, false)
	c.text((left+right)/2, bottom+37, l.XTitle, style{anchor: "middle", color: faint})
	for _, line := range l.Lines {
		c.drawLine(line, x, y)
	}
	c.nameLines(l.Lines, x, y, right)
	return c.finish(l.Frame)
}

func (c *canvas) drawLine(line Line, x, y scale) {
	thickness, dashes := 1.8, ""
	if line.Look.Strong {
		thickness = 3
	}
	if line.Look.Dashed {
		dashes = ` stroke-dasharray="6 4"`
	}
	var path strings.Builder
	step := "M"
	for _, p := range line.Points {
		fmt.Fprintf(&path, "%s%.1f %.1f", step, x.at(p.X), y.at(p.Y))
		step = "L"
	}
	c.add(`<path d="%s" fill="none" stroke="%s" stroke-width="%.1f" stroke-linejoin="round"%s/>`,
		path.String(), line.Look.Color, thickness, dashes)
	for _, p := range line.Points {
		c.marker(x.at(p.X), y.at(p.Y), line.Look.Marker, line.Look.Color)
	}
}

// nameLines writes each name as near to its line's right end as the others allow, and leads to it.
func (c *canvas) nameLines(lines []Line, x, y scale, right float64) {
	var wanted []float64
	for _, line := range lines {
		wanted = append(wanted, y.at(line.Points[len(line.Points)-1].Y))
	}
	for i, place := range spread(wanted, labelGap, y.to, y.from) {
		end := lines[i].Points[len(lines[i].Points)-1]
		color := lines[i].Look.Color
		c.add(`<path d="M%.1f %.1fL%.1f %.1fL%.1f %.1f" fill="none" stroke="%s" stroke-width="1" stroke-opacity="0.6"/>`,
			x.at(end.X)+6, wanted[i], right+4, place, right+14, place, color)
		c.text(right+18, place+4, lines[i].Name, style{bold: lines[i].Look.Strong})
	}
}
