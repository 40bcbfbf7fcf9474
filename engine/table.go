package engine

import (
	"fmt"
	"html"
	"strconv"
	"strings"

	"isle/expr"
	"isle/wdl"
)

// The Table action (wdl-semantics §11.8).

func table(a *wdl.Action, e *env) (done, error) {
	from, err := rows(a, e, "table", "of type 'Array'")
	if err != nil {
		return done{}, err
	}
	if from, err = e.run.look(from); err != nil {
		return done{}, err
	}
	format, err := e.eval(a.Data.Format)
	if err != nil {
		return done{}, err
	}
	inputs := []expr.Member{{Name: "from", Value: from}, {Name: "format", Value: format}}
	var t tableText
	if a.Data.Columns == nil {
		t, err = automaticTable(from)
	} else {
		t, err = columnTable(a, e, from)
	}
	if err != nil {
		return done{}, err
	}
	var text string
	switch name, _ := format.AsString(); {
	case strings.EqualFold(name, "CSV"):
		text = t.csv()
	case strings.EqualFold(name, "HTML"):
		text = t.html()
	default:
		return done{}, &Error{codeTemplate, fmt.Sprintf(
			"The 'format' property value in the 'table' action inputs is '%s'. The value must be 'CSV' or 'HTML'.", format.Text())}
	}
	return done{inputs: expr.Object(inputs...), hasInputs: true, outputs: bodyOf(expr.String(text)), hasOutputs: true, code: codeOK}, nil
}

// tableText is a table of cells in text form.
type tableText struct {
	header []string
	rows   [][]string
	headed bool // the header stays when there are no rows
}

// automaticTable takes the union of the rows' members, in first-seen order.
func automaticTable(from expr.Value) (tableText, error) {
	var t tableText
	column := map[string]int{}
	for _, row := range from.Elements() {
		if row.Kind() != expr.KindObject {
			return t, &Error{codeTemplate, fmt.Sprintf(
				"The 'from' property value in the 'table' action inputs contains a row of type '%s'. Each row must be an object when no columns are given.", row.TypeName())}
		}
		for name := range row.Members() {
			if _, ok := column[name]; !ok {
				column[name] = len(t.header)
				t.header = append(t.header, name)
			}
		}
	}
	for _, row := range from.Elements() {
		cells := make([]string, len(t.header))
		for name, v := range row.Members() {
			cells[column[name]] = v.Text()
		}
		t.rows = append(t.rows, cells)
	}
	return t, nil
}

func columnTable(a *wdl.Action, e *env, from expr.Value) (tableText, error) {
	t := tableText{headed: true}
	for i := range a.Data.Columns {
		header := ""
		if c := a.Data.Columns[i].Header; c != nil { // corpus 488 has columns without one
			v, err := e.eval(c)
			if err != nil {
				return t, err
			}
			header = v.Text()
		}
		t.header = append(t.header, header)
	}
	for _, row := range from.Elements() {
		cells, err := columnCells(a.Data.Columns, e, row)
		if err != nil {
			return t, err
		}
		t.rows = append(t.rows, cells)
	}
	return t, nil
}

// columnCells are the cells of one row.
func columnCells(columns []wdl.Column, e *env, row expr.Value) ([]string, error) {
	cells := make([]string, len(columns))
	for i := range columns {
		v, err := e.row(row, columns[i].Value)
		if err == nil {
			v, err = e.run.look(v)
		}
		if err != nil {
			return nil, err
		}
		cells[i] = v.Text()
	}
	return cells, nil
}

func (t *tableText) csv() string {
	if len(t.rows) == 0 && !t.headed {
		return ""
	}
	var b strings.Builder
	line := func(cells []string) {
		for i, cell := range cells {
			if i > 0 {
				b.WriteByte(',')
			}
			if strings.ContainsAny(cell, ",\"\r\n") {
				b.WriteString(`"` + strings.ReplaceAll(cell, `"`, `""`) + `"`)
			} else {
				b.WriteString(cell)
			}
		}
		b.WriteString("\r\n")
	}
	line(t.header)
	for _, row := range t.rows {
		line(row)
	}
	return b.String()
}

func (t *tableText) html() string {
	var b strings.Builder
	line := func(cells []string, tag string) {
		b.WriteString("<tr>")
		for _, cell := range cells {
			b.WriteString("<" + tag + ">" + encodeHTML(cell) + "</" + tag + ">")
		}
		b.WriteString("</tr>")
	}
	b.WriteString("<table>")
	if len(t.rows) > 0 || t.headed {
		b.WriteString("<thead>")
		line(t.header, "th")
		b.WriteString("</thead>")
	}
	b.WriteString("<tbody>")
	for _, row := range t.rows {
		line(row, "td")
	}
	b.WriteString("</tbody></table>")
	return b.String()
}

// encodeHTML encodes as .NET does: the five characters of markup, and U+00A0 to
// U+00FF as numbers.
func encodeHTML(s string) string {
	s = html.EscapeString(s)
	s = strings.ReplaceAll(s, "&#34;", "&quot;")
	if !strings.ContainsFunc(s, latin1) {
		return s
	}
	var b strings.Builder
	for _, c := range s {
		if latin1(c) {
			b.WriteString("&#" + strconv.Itoa(int(c)) + ";")
		} else {
			b.WriteRune(c)
		}
	}
	return b.String()
}

func latin1(c rune) bool { return c >= 0xA0 && c <= 0xFF }
