package chart

import "math"

// Mark is one value of a row.
type Mark struct {
	Value  float64
	Marker Marker
	Color  string
}

// Row is one line of a panel: its name, its marks, and in words what they say.
type Row struct {
	Name   string
	Strong bool
	Marks  []Mark
	Text   string
}

// Reference is a vertical line at a value that matters.
type Reference struct {
	Value float64
	Label string
}

// Panel is a column of rows with an axis of its own; linear ones begin at zero.
type Panel struct {
	Title      string
	AxisTitle  string
	Log        bool
	Rows       []Row
	References []Reference
}

// Key says what a kind of mark means.
type Key struct {
	Mark Mark
	Text string
}

// Rows is a picture of panels side by side.
type Rows struct {
	Frame
	Keys   []Key
	Panels []Panel
}

const rowHeight = 22.0

func (p Panel) bounds() (lo, hi float64) {
	lo, hi = math.Inf(1), math.Inf(-1)
	for _, row := range p.Rows {
		for _, m := range row.Marks {
			lo, hi = math.Min(lo, m.Value), math.Max(hi, m.Value)
		}
	}
	for _, reference := range p.References {
		lo, hi = math.Min(lo, reference.Value), math.Max(hi, reference.Value)
	}
	return lo, hi
}

// SVG draws the picture. There must be a panel, and each must have a value.
func (r Rows) SVG() []byte {
	most := 0
	for _, p := range r.Panels {
		if len(p.Rows) > most {
			most = len(p.Rows)
		}
	}
	top := head + 58
	c := &canvas{height: top + rowHeight*float64(most) + 48 + r.foot()}
	at := margin
	for _, key := range r.Keys {
		c.marker(at+5, head+12, key.Mark.Marker, key.Mark.Color)
		c.text(at+16, head+16, key.Text, style{color: faint})
		at += 16 + extent(key.Text, textSize) + 20
	}
	each := (width - margin) / float64(len(r.Panels))
	for i, p := range r.Panels {
		c.drawPanel(p, margin+each*float64(i), margin+each*float64(i+1)-margin, top)
	}
	return c.finish(r.Frame)
}

func (c *canvas) drawPanel(p Panel, left, right, top float64) {
	names, texts := 0.0, 0.0
	for _, row := range p.Rows {
		names = math.Max(names, extent(row.Name, textSize))
		texts = math.Max(texts, extent(row.Text, textSize))
	}
	lo, hi := p.bounds()
	var ticks []Tick
	x := scale{from: left + names + 10, to: right - texts - 14, log: p.Log}
	if p.Log {
		ticks, x.lo, x.hi = decades(lo, hi, number)
	} else {
		ticks, x.hi = steps(hi)
	}
	bottom := top + rowHeight*float64(len(p.Rows))

	c.text(x.from, top-18, p.Title, style{bold: true})
	for _, tick := range ticks {
		c.line(x.at(tick.Value), top, x.at(tick.Value), bottom, grid, 1, false)
		c.text(x.at(tick.Value), bottom+15, tick.Label, style{size: smallSize, anchor: "middle", color: faint})
	}
	c.text((x.from+x.to)/2, bottom+33, p.AxisTitle, style{anchor: "middle", color: faint})
	for _, reference := range p.References {
		c.line(x.at(reference.Value), top-6, x.at(reference.Value), bottom, ink, 1, true)
		c.text(x.at(reference.Value), top-10, reference.Label, style{size: smallSize, anchor: "middle"})
	}
	for i, row := range p.Rows {
		c.drawRow(row, x, top+rowHeight*(float64(i)+0.5))
	}
}

func (c *canvas) drawRow(row Row, x scale, y float64) {
	c.text(x.from-10, y+4, row.Name, style{anchor: "end", bold: row.Strong})
	for _, m := range row.Marks {
		if m.Marker == Bar {
			c.add(`<rect x="%.1f" y="%.1f" width="%.1f" height="13" fill="%s"/>`,
				x.from, y-6.5, x.at(m.Value)-x.from, m.Color)
		} else {
			c.marker(x.at(m.Value), y, m.Marker, m.Color)
		}
	}
	c.text(x.to+12, y+4, row.Text, style{bold: row.Strong})
}
