// Package chart draws the pictures of the report as SVG: lines over a logarithmic axis, and rows of bars or dots. They
// have a white ground of their own, so that they read the same on a dark page.
package chart

import (
	"bytes"
	"fmt"
	"html"
)

const (
	width     = 760.0
	ink       = "#222222"
	faint     = "#666666"
	grid      = "#e2e2e2"
	textSize  = 12.0
	smallSize = 10.0
	titleSize = 16.0
	fonts     = "system-ui, 'Segoe UI', Helvetica, 'DejaVu Sans', Arial, sans-serif"
)

// Frame is what every picture has around it.
type Frame struct {
	Title    string
	Subtitle string
	Caption  []string // where and when it was measured; a line each
}

// Colours of Okabe and Ito, which people who see few colours can tell apart.
const (
	Black     = "#000000"
	Orange    = "#E69F00"
	SkyBlue   = "#56B4E9"
	Green     = "#009E73"
	Blue      = "#0072B2"
	Vermilion = "#D55E00"
	Purple    = "#CC79A7"
	Grey      = "#7f7f7f"
)

// Marker is the shape of a point, so that nobody has to tell lines apart by colour alone.
type Marker int

const (
	Disc Marker = iota
	Ring
	Square
	Diamond
	Triangle
	Bar // in rows only: from zero to the value
)

// canvas collects the elements of one picture.
type canvas struct {
	height float64
	body   bytes.Buffer
}

func (c *canvas) add(format string, arguments ...any) {
	fmt.Fprintf(&c.body, format+"\n", arguments...)
}

func (c *canvas) line(x1, y1, x2, y2 float64, color string, thickness float64, dashed bool) {
	dashes := ""
	if dashed {
		dashes = ` stroke-dasharray="5 4"`
	}
	c.add(`<line x1="%.1f" y1="%.1f" x2="%.1f" y2="%.1f" stroke="%s" stroke-width="%.1f"%s/>`,
		x1, y1, x2, y2, color, thickness, dashes)
}

// style is how a text looks; the zero value is plain text from its left end.
type style struct {
	size   float64 // textSize if 0
	anchor string  // "end" or "middle"; "start" if empty
	color  string  // ink if empty
	bold   bool
}

func (c *canvas) text(x, y float64, content string, s style) {
	if s.size == 0 {
		s.size = textSize
	}
	if s.anchor == "" {
		s.anchor = "start"
	}
	if s.color == "" {
		s.color = ink
	}
	weight := ""
	if s.bold {
		weight = ` font-weight="600"`
	}
	c.add(`<text x="%.1f" y="%.1f" font-size="%.0f" text-anchor="%s" fill="%s"%s>%s</text>`,
		x, y, s.size, s.anchor, s.color, weight, html.EscapeString(content))
}

func (c *canvas) marker(x, y float64, m Marker, color string) {
	switch m {
	case Ring:
		c.add(`<circle cx="%.1f" cy="%.1f" r="4" fill="#ffffff" stroke="%s" stroke-width="2"/>`, x, y, color)
	case Square:
		c.add(`<rect x="%.1f" y="%.1f" width="7" height="7" fill="%s"/>`, x-3.5, y-3.5, color)
	case Diamond:
		c.add(`<path d="M%.1f %.1fl5 5-5 5-5-5z" fill="%s"/>`, x, y-5, color)
	case Triangle:
		c.add(`<path d="M%.1f %.1fl4.6 8h-9.2z" fill="%s"/>`, x, y-5, color)
	case Bar:
		c.add(`<rect x="%.1f" y="%.1f" width="10" height="10" fill="%s"/>`, x-5, y-5, color)
	default:
		c.add(`<circle cx="%.1f" cy="%.1f" r="4" fill="%s"/>`, x, y, color)
	}
}

// extent is about how wide a text will be; which font a viewer has is not known.
func extent(content string, size float64) float64 {
	return 0.58 * size * float64(len([]rune(content)))
}

const (
	head   = 52.0 // title and subtitle
	margin = 16.0
)

// foot is how much room the caption takes.
func (f Frame) foot() float64 { return margin + 14*float64(len(f.Caption)) }

// finish puts the frame around what was drawn and returns the picture.
func (c *canvas) finish(f Frame) []byte {
	var all bytes.Buffer
	fmt.Fprintf(&all, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %.0f %.0f" width="%.0f" height="%.0f" `+
		`font-family="%s" role="img">`+"\n", width, c.height, width, c.height, fonts)
	fmt.Fprintf(&all, "<title>%s</title>\n", html.EscapeString(f.Title))
	fmt.Fprintf(&all, `<rect width="%.0f" height="%.0f" fill="#ffffff"/>`+"\n", width, c.height)
	c.text(margin, 26, f.Title, style{size: titleSize, bold: true})
	c.text(margin, 44, f.Subtitle, style{color: faint})
	for i, line := range f.Caption {
		c.text(margin, c.height-margin/2-14*float64(len(f.Caption)-1-i), line, style{size: smallSize, color: faint})
	}
	all.Write(c.body.Bytes())
	all.WriteString("</svg>\n")
	return all.Bytes()
}
