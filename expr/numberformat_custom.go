package expr

// Custom number formats: a picture of placeholders and literals, in up to three
// sections for positive, negative and zero.
//
// The section is read into tokens; the number is scaled by its percent signs and
// trailing commas and rounded to its places; then each digit goes to its
// placeholder, from the point outwards. The first placeholder takes all digits that
// have no place of their own.

import (
	"strings"
	"unicode/utf8"
)

// pictureToken is '0', '#', '.', '%', 'm' (per mille), 'e' (an exponent), or 0 for
// literal text.
type pictureToken struct {
	kind  byte
	text  string // literal; of an exponent: its letter
	plus  bool   // an exponent prints a plus
	width int    // of an exponent
}

// picture is one section of a custom format.
type picture struct {
	tokens     []pictureToken
	before     int // placeholders before the point
	after      int // and after it
	leastWhole int // digits that zeros fill up to, before the point
	leastPart  int // and after it
	grouped    bool
	scale      int // power of ten from percent, per mille, commas
	scientific bool
}

// custom prints a number by a picture.
func (n printedNumber) custom(format string, c *culture) string {
	sections := splitSections(format)
	digits, exponent := n.significant(0, true)
	digits = strings.TrimRight(digits, "0")
	index := 0
	switch {
	case digits == "":
		index = 2
	case n.negative:
		index = 1
	}
	index = pickSection(sections, index)
	p := parsePicture(sections[index])
	filled := p.round(digits, exponent)
	if digits != "" && filled.zero {
		if zero := pickSection(sections, 2); zero != index {
			index = zero
			p = parsePicture(sections[index])
			filled = p.round("", 0)
		}
	}
	text := p.print(filled, c)
	if n.negative && index == 0 && (!filled.zero || n.isFloat) && (text != "" || filled.scale != 0) {
		return c.negativeSign + text
	}
	return text
}

// filledPicture is a number in the digits of a picture.
type filledPicture struct {
	whole, fraction string // digits
	shown           int    // the exponent
	scale           int    // how many digits the rounded number has before its point
	zero            bool
}

// splitSections cuts a format at its semicolons.
func splitSections(format string) []string {
	var sections []string
	from := 0
	for i := 0; i < len(format); i++ {
		switch format[i] {
		case ';':
			sections = append(sections, format[from:i])
			from = i + 1
		case '\\':
			i++
		case '\'', '"':
			if end := strings.IndexByte(format[i+1:], format[i]); end >= 0 {
				i += 1 + end
			} else {
				i = len(format)
			}
		}
	}
	return append(sections, format[from:])
}

// pickSection returns the section wanted, or the first where that one is missing or
// empty.
func pickSection(sections []string, wanted int) int {
	if wanted < len(sections) && sections[wanted] != "" {
		return wanted
	}
	return 0
}

func parsePicture(section string) *picture {
	p := &picture{leastWhole: -1}
	point := false
	commas := 0 // since the last placeholder
	for i := 0; i < len(section); {
		_, size := utf8.DecodeRuneInString(section[i:])
		text := section[i : i+size]
		switch text {
		case "0", "#":
			p.placeholder(text[0], point, commas)
			commas = 0
		case ".":
			if !point {
				point = true
				p.tokens = append(p.tokens, pictureToken{kind: '.'})
				p.scale -= 3 * commas
				commas = 0
			}
		case ",":
			if p.before > 0 && !point {
				commas++
			}
		case "%":
			p.scale += 2
			p.tokens = append(p.tokens, pictureToken{kind: '%'})
		case "‰":
			p.scale += 3
			p.tokens = append(p.tokens, pictureToken{kind: 'm'})
		case "'", `"`:
			literal, _, found := strings.Cut(section[i+1:], text)
			p.literal(literal)
			size += len(literal)
			if found {
				size++
			}
		case `\`:
			_, escaped := utf8.DecodeRuneInString(section[i+1:])
			p.literal(section[i+1 : i+1+escaped])
			size += escaped
		case "E", "e":
			size = p.exponent(section[i:])
		default:
			p.literal(text)
		}
		i += size
	}
	p.scale -= 3 * commas
	p.leastWhole = max(p.leastWhole, 0)
	return p
}

func (p *picture) literal(text string) {
	p.tokens = append(p.tokens, pictureToken{text: text})
}

func (p *picture) placeholder(kind byte, point bool, commas int) {
	p.tokens = append(p.tokens, pictureToken{kind: kind})
	if point {
		p.after++
		if kind == '0' {
			p.leastPart = p.after
		}
		return
	}
	p.grouped = p.grouped || commas > 0
	p.before++
	switch {
	case p.leastWhole >= 0:
		p.leastWhole++
	case kind == '0':
		p.leastWhole = 1
	}
}

// exponent reads E0, E+0 or E-0 with any number of zeros; other letters E are text.
func (p *picture) exponent(s string) int {
	i := 1
	if i < len(s) && (s[i] == '+' || s[i] == '-') {
		i++
	}
	zeros := i
	for i < len(s) && s[i] == '0' {
		i++
	}
	if i == zeros {
		p.literal(s[:1])
		return 1
	}
	if p.scientific { // only the first one counts
		p.literal(s[:i])
		return i
	}
	p.scientific = true
	p.tokens = append(p.tokens, pictureToken{kind: 'e', text: s[:1], plus: s[1] == '+', width: min(i-zeros, 10)})
	return i
}

// round scales and rounds d.ddd × 10^exponent to the places of the picture.
func (p *picture) round(digits string, exponent int) filledPicture {
	if strings.Trim(digits, "0") == "" {
		return p.zero()
	}
	point := exponent + 1 + p.scale
	keep := point + p.after
	if p.scientific {
		keep = p.before + p.after
	}
	digits, point = roundDigits(digits, point, keep)
	if strings.Trim(digits, "0") == "" {
		return p.zero()
	}
	filled := filledPicture{scale: point}
	if p.scientific {
		filled.shown = point - p.before
		point = p.before
	}
	switch {
	case point <= 0:
		filled.fraction = strings.Repeat("0", min(-point, p.after)) + digits
	case point >= len(digits):
		filled.whole = digits + strings.Repeat("0", point-len(digits))
	default:
		filled.whole, filled.fraction = digits[:point], digits[point:]
	}
	p.pad(&filled)
	return filled
}

// zero fills a picture with nothing but the zeros that it asks for; with an exponent
// these are all places before the point.
func (p *picture) zero() filledPicture {
	filled := filledPicture{zero: true}
	p.pad(&filled)
	if p.scientific {
		filled.whole = strings.Repeat("0", p.before)
	}
	return filled
}

// pad drops zeros at both ends that no placeholder asks for and adds those that one
// does.
func (p *picture) pad(f *filledPicture) {
	f.whole = strings.TrimLeft(f.whole, "0")
	f.whole = strings.Repeat("0", max(p.leastWhole-len(f.whole), 0)) + f.whole
	f.fraction = strings.TrimRight(f.fraction[:min(len(f.fraction), p.after)], "0")
	f.fraction += strings.Repeat("0", max(p.leastPart-len(f.fraction), 0))
}

// print puts the digits into the picture.
func (p *picture) print(filled filledPicture, c *culture) string {
	var b strings.Builder
	boundary := func(int) bool { return false }
	if p.grouped {
		boundary = groupBoundaries(c.groupSizes)
	}
	whole, fraction := filled.whole, filled.fraction
	places := p.before // placeholders left before the point
	wholeUpTo := func(left int) {
		for len(whole) > left {
			b.WriteByte(whole[0])
			if whole = whole[1:]; whole != "" && boundary(len(whole)) {
				b.WriteString(c.groupSeparator)
			}
		}
	}
	point := false
	for _, t := range p.tokens {
		switch {
		case t.kind == 0:
			b.WriteString(t.text)
		case t.kind == '%':
			b.WriteString(c.percent)
		case t.kind == 'm':
			b.WriteString(c.perMille)
		case t.kind == 'e':
			b.WriteString(exponentText(t, filled.shown, c))
		case t.kind == '.':
			wholeUpTo(0)
			point = true
			if fraction != "" {
				b.WriteString(c.decimalSeparator)
			}
		case !point:
			places--
			wholeUpTo(places)
		case fraction != "":
			b.WriteByte(fraction[0])
			fraction = fraction[1:]
		}
	}
	return b.String()
}

func exponentText(t pictureToken, exponent int, c *culture) string {
	out := []byte(t.text)
	switch {
	case exponent < 0:
		out = append(out, c.negativeSign...)
		exponent = -exponent
	case t.plus:
		out = append(out, '+')
	}
	return string(appendPadded(out, exponent, t.width))
}
