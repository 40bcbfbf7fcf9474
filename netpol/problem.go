package netpol

import (
	"fmt"
	"strings"
)

// Problem is something that is wrong with a model.
type Problem struct {
	Subject string // ID of the resource, and which part of it
	Message string
}

func (p Problem) String() string { return p.Subject + ": " + p.Message }

// Problems is every problem of a model, in the model's order.
type Problems []Problem

func (p Problems) Error() string {
	lines := make([]string, len(p))
	for i := range p {
		lines[i] = p[i].String()
	}
	return strings.Join(lines, "\n")
}

func (p *Problems) add(subject, format string, args ...any) {
	*p = append(*p, Problem{subject, fmt.Sprintf(format, args...)})
}
