package account

import (
	"fmt"
	"strings"

	"isle/internal/arm"
)

// A Liquid template is text with outputs "{{ … }}" and tags "{% … %}". Well-formed is
// one whose outputs and tags are closed and whose blocks are nested: each begins with a
// tag of its name and ends with "end" and that name. "raw", "comment" and "literal"
// hold what is not read. What a tag or an output says is judged when the map is used.

// checkLiquid reports what is not well-formed in a template.
func checkLiquid(content []byte, found *arm.Found) {
	r := liquidReader{rest: string(content), line: 1}
	if err := r.read(); err != nil {
		found.Add(codeMap, "properties.content", "The content of the map is no Liquid template: %s.", err)
	}
}

// liquidBlocks are the tags that need an end.
func isLiquidBlock(name string) bool {
	switch name {
	case "if", "unless", "case", "for", "tablerow", "capture", "comment", "raw", "ifchanged", "block", "literal":
		return true
	}
	return false
}

type liquidBlock struct {
	name string
	line int
}

type liquidReader struct {
	rest string
	line int
	open []liquidBlock
}

func (r *liquidReader) read() error {
	for {
		at := r.next()
		if at < 0 {
			break
		}
		r.skip(at)
		if err := r.markup(); err != nil {
			return err
		}
	}
	if n := len(r.open); n > 0 {
		return fmt.Errorf("line %d: the tag '%s' has no 'end%s'", r.open[n-1].line, r.open[n-1].name, r.open[n-1].name)
	}
	return nil
}

// next is where the next output or tag begins; -1 for nowhere.
func (r *liquidReader) next() int {
	output, tag := strings.Index(r.rest, "{{"), strings.Index(r.rest, "{%")
	if output < 0 || tag >= 0 && tag < output {
		return tag
	}
	return output
}

// skip goes on by n bytes.
func (r *liquidReader) skip(n int) {
	r.line += strings.Count(r.rest[:n], "\n")
	r.rest = r.rest[n:]
}

// markup reads an output or a tag.
func (r *liquidReader) markup() error {
	begin, end, what := r.rest[:2], "}}", "output"
	if begin == "{%" {
		end, what = "%}", "tag"
	}
	at := closing(r.rest[2:], end)
	if at < 0 {
		return fmt.Errorf("line %d: the %s that begins with '%s' has no '%s'", r.line, what, begin, end)
	}
	inside := strings.TrimSpace(strings.Trim(r.rest[2:2+at], "-"))
	line := r.line
	r.skip(2 + at + 2)
	if begin == "{%" {
		return r.tag(inside, line)
	}
	return nil
}

// closing is where the end stands that is in no quotes; -1 for nowhere.
func closing(text, end string) int {
	quote := byte(0)
	for i := range len(text) {
		switch c := text[i]; {
		case quote == 0 && strings.HasPrefix(text[i:], end):
			return i
		case quote == 0 && (c == '\'' || c == '"'):
			quote = c
		case c == quote:
			quote = 0
		}
	}
	return strings.Index(text, end) // a lone quote, such as an apostrophe
}

func (r *liquidReader) tag(inside string, line int) error {
	name, _, _ := strings.Cut(strings.NewReplacer("\n", " ", "\t", " ", "\r", " ").Replace(inside), " ")
	switch {
	case name == "":
		return fmt.Errorf("line %d: a tag has no name", line)
	case isLiquidBlock(name):
		r.open = append(r.open, liquidBlock{name, line})
		if name == "raw" || name == "comment" || name == "literal" {
			return r.verbatim(name)
		}
	case strings.HasPrefix(name, "end"):
		if n := len(r.open); n == 0 || r.open[n-1].name != name[3:] {
			return fmt.Errorf("line %d: the tag '%s' ends nothing that is open there", line, shorten(name))
		}
		r.open = r.open[:len(r.open)-1]
	case name == "else" || name == "elsif" || name == "when":
		if len(r.open) == 0 {
			return fmt.Errorf("line %d: the tag '%s' stands in no block", line, name)
		}
	}
	return nil
}

// verbatim goes to the tag that ends a block of which nothing is read.
func (r *liquidReader) verbatim(name string) error {
	for at := 0; ; {
		i := strings.Index(r.rest[at:], "{%")
		if i < 0 {
			return fmt.Errorf("line %d: the tag '%s' has no 'end%s'", r.open[len(r.open)-1].line, name, name)
		}
		at += i
		if rest := strings.TrimLeft(r.rest[at+2:], "- \t\r\n"); strings.HasPrefix(rest, "end"+name) {
			r.skip(at)
			return nil
		}
		at += 2
	}
}
