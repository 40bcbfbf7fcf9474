package wdl

import (
	"iter"
	"strings"
)

// Limits of what is looked for: a name that is longer is no slip of the pen, and a
// definition with more problems than that is not one of slips.
const (
	maxSlipName     = 80
	maxSlipProblems = 100
)

// didYouMean returns a sentence that names the one of the names that is spelled most
// like what is written, to stand behind a message; "" if none is.
func (c *compiler) didYouMean(written string, names iter.Seq[string]) string {
	if len(written) > maxSlipName || len(c.problems) > maxSlipProblems {
		return ""
	}
	meant, least := "", maxSlipName
	for name := range names {
		if strings.EqualFold(name, written) || !Alike(name, written) {
			continue
		}
		if slips := distance(strings.ToLower(name), strings.ToLower(written)); slips < least {
			meant, least = name, slips
		}
	}
	if meant == "" {
		return ""
	}
	return " Did you mean '" + meant + "'?"
}

// The names that may be meant.

func (c *compiler) functionNames(yield func(string) bool) {
	for _, f := range c.dialect.Functions() {
		if !yield(f.Name) {
			return
		}
	}
}

func (c *compiler) parameterNames(yield func(string) bool) {
	for i := range c.program.Parameters {
		if !yield(c.program.Parameters[i].Name) {
			return
		}
	}
}

func (c *compiler) variableNames(yield func(string) bool) {
	for i := range c.program.Variables {
		if !yield(c.program.Variables[i].Name) {
			return
		}
	}
}

func (c *compiler) actionNames(yield func(string) bool) {
	for _, a := range c.program.Actions {
		if !yield(a.Name) {
			return
		}
	}
}

// siblingNames yields the names that the runAfter of an action may hold.
func (c *compiler) siblingNames(a *Action) iter.Seq[string] {
	return func(yield func(string) bool) {
		for _, i := range a.Container.Actions {
			if i != a.Index && !yield(c.program.Actions[i].Name) {
				return
			}
		}
	}
}

// otherWord returns the type that people mean by another word, the designer's among
// them.
func otherWord(kind ItemKind, typ string) (Type, bool) {
	if kind == TriggerItem {
		switch strings.ToLower(typ) {
		case "httprequest":
			return TypeRequest, true
		case "schedule", "timer":
			return TypeRecurrence, true
		}
		return "", false
	}
	switch strings.ToLower(typ) {
	case "delay", "delayuntil":
		return TypeWait, true
	case "httprequest":
		return TypeHTTP, true
	case "httpresponse":
		return TypeResponse, true
	case "filter", "filterarray":
		return TypeQuery, true
	}
	return "", false
}

// Alike reports whether two names differ by a slip of the pen: one letter, or two of
// a longer name, added, left out, changed or swapped with its neighbour.
func Alike(a, b string) bool {
	a, b = strings.ToLower(a), strings.ToLower(b)
	slips := min(2, len(a)/3)
	if len(a) < 4 || len(a) > maxSlipName || len(a)-len(b) > slips || len(b)-len(a) > slips {
		return false
	}
	return distance(a, b) <= slips
}

// distance counts the slips between two short names (optimal string alignment).
func distance(a, b string) int {
	before, last, row := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range last {
		last[j] = j
	}
	for i := 1; i <= len(a); i++ {
		row[0] = i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			row[j] = min(last[j]+1, row[j-1]+1, last[j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
		}
		before, last, row = last, row, before
	}
	return last[len(b)]
}
