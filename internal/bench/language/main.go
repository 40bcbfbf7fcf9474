// Command language prints, as BENCHMARKS.md has them, the tables of the benchmarks in
// this module: Isle's language beside its peers, google/cel-go and expr-lang/expr for
// expressions, go-json-experiment for JSON. It reads the output of go test:
//
//	go test -run '^$' -bench . -benchmem . | go run .
//
// It is a module of its own, so that peers are no part of the product.
package main

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"
)

func main() {
	tables, err := read(os.Stdin)
	if err == nil {
		err = write(os.Stdout, tables)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "language:", err)
		os.Exit(1)
	}
}

// ours is the column that the others are compared with; columns that begin with it
// are ours as well.
const ours = "isle"

// table is one benchmark function: a row for each case, a column for each contender.
type table struct {
	name    string // without "Benchmark"
	columns []string
	rows    []string
	cells   map[[2]string]cell // by row and column
}

// cell is one measured line.
type cell struct {
	nanoseconds float64
	allocations string
}

// read collects lines "BenchmarkTable/case/contender-2  N  123 ns/op  45 B/op
// 6 allocs/op"; other lines are passed over, but a failure is an error.
func read(r io.Reader) ([]*table, error) {
	var tables []*table
	lines := bufio.NewScanner(r)
	for lines.Scan() {
		line := lines.Text()
		if strings.HasPrefix(line, "FAIL") || strings.HasPrefix(line, "--- FAIL") {
			return nil, fmt.Errorf("the benchmarks failed: %s", line)
		}
		fields := strings.Fields(line)
		if len(fields) < 4 || !strings.HasPrefix(line, "Benchmark") {
			continue
		}
		path := strings.Split(strings.ReplaceAll(strings.TrimPrefix(fields[0], "Benchmark"), "_", " "), "/")
		if len(path) != 3 {
			continue
		}
		tables = add(tables, path, fields)
	}
	return tables, lines.Err()
}

func add(tables []*table, path, fields []string) []*table {
	name, row, column := path[0], path[1], path[2]
	if dash := strings.LastIndexByte(column, '-'); dash >= 0 {
		column = column[:dash] // the number of processors
	}
	i := slices.IndexFunc(tables, func(t *table) bool { return t.name == name })
	if i < 0 {
		i = len(tables)
		tables = append(tables, &table{name: name, cells: map[[2]string]cell{}})
	}
	t := tables[i]
	if !slices.Contains(t.columns, column) {
		t.columns = append(t.columns, column)
	}
	if !slices.Contains(t.rows, row) {
		t.rows = append(t.rows, row)
	}
	c := cell{allocations: "?"}
	for j := 3; j < len(fields); j += 2 {
		switch fields[j] {
		case "ns/op":
			c.nanoseconds, _ = strconv.ParseFloat(fields[j-1], 64)
		case "allocs/op":
			c.allocations = fields[j-1]
		}
	}
	if before, again := t.cells[[2]string{row, column}]; !again || c.nanoseconds < before.nanoseconds {
		t.cells[[2]string{row, column}] = c // of several measurements the quickest is the least disturbed
	}
	return tables
}

func write(w io.Writer, tables []*table) error {
	var text strings.Builder
	for _, t := range tables {
		fmt.Fprintf(&text, "| %s |", t.name)
		for _, column := range t.columns {
			fmt.Fprintf(&text, " %s |", column)
		}
		text.WriteString(" isle / the faster peer |\n|" + strings.Repeat("---|", len(t.columns)+2) + "\n")
		for _, row := range t.rows {
			text.WriteString(t.row(row))
		}
		text.WriteString("\n")
	}
	_, err := io.WriteString(w, text.String())
	return err
}

// row is a line of the table: time and allocations of each contender, and how many
// times as long as the fastest peer ours takes.
func (t *table) row(name string) string {
	line := "| " + name + " |"
	fastest := 0.0
	for _, column := range t.columns {
		c, measured := t.cells[[2]string{name, column}]
		if !measured {
			line += " |"
			continue
		}
		line += fmt.Sprintf(" %s, %s |", duration(c.nanoseconds), c.allocations)
		if !strings.HasPrefix(column, ours) && (fastest == 0 || c.nanoseconds < fastest) {
			fastest = c.nanoseconds
		}
	}
	if fastest == 0 {
		return line + " |\n"
	}
	return line + fmt.Sprintf(" %.2f |\n", t.cells[[2]string{name, ours}].nanoseconds/fastest)
}

func duration(ns float64) string {
	switch {
	case ns < 1e3:
		return fmt.Sprintf("%.0f ns", ns)
	case ns < 1e6:
		return fmt.Sprintf("%.1f µs", ns/1e3)
	}
	return fmt.Sprintf("%.2f ms", ns/1e6)
}
