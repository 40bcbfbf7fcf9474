package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"
)

// refusalRow is one thing that keeps a resource of a template from being deployed.
type refusalRow struct {
	resource string // type and name, "" for the template as a whole
	at       string // the member of the resource, or the place in the template
	code     string
	message  string
}

// refusalRows are what an error of a deployment says of its resources; nil if it is about
// one thing.
func refusalRows(e *apiError) []refusalRow {
	var rows []refusalRow
	var add func(d *apiError, resource string)
	add = func(d *apiError, resource string) {
		at := d.Target
		if strings.HasPrefix(d.Target, "/subscriptions/") {
			resource, at = shortID(d.Target), ""
		}
		for i := range d.Details {
			add(&d.Details[i], resource)
		}
		if len(d.Details) == 0 {
			rows = append(rows, refusalRow{resource, at, d.Code, d.Message})
		}
	}
	for i := range e.Details {
		add(&e.Details[i], "")
	}
	return rows
}

// printRefusals prints rows to work through: what each is about, and below it the message.
func printRefusals(w io.Writer, rows []refusalRow) {
	head := refusalRow{resource: "RESOURCE", at: "AT", code: "CODE"}
	var resource, at int
	for _, r := range append(rows, head) {
		resource, at = max(resource, utf8.RuneCountInString(r.resource)), max(at, utf8.RuneCountInString(r.at))
	}
	number := len(fmt.Sprint(len(rows)))
	line := func(n string, r refusalRow) {
		fmt.Fprintf(w, "%*s  %-*s  %-*s  %s\n", number, n, resource, r.resource, at, r.at, r.code)
	}
	line("#", head)
	for i, r := range rows {
		line(fmt.Sprint(i+1), r)
		fmt.Fprintf(w, "%*s  %s\n", number, "", strings.ReplaceAll(r.message, "\n", " "))
	}
}

// tellRefused prints what an error of the deployment says of resources, and gives what is
// left to say.
func (d *deployment) tellRefused(w io.Writer, err error) error {
	var e *apiError
	if !errors.As(err, &e) {
		return err
	}
	rows := refusalRows(e)
	if len(rows) == 0 {
		return err
	}
	printRefusals(w, rows)
	if isRefused(err) {
		return fmt.Errorf("the deployment %s is refused, and nothing was deployed: %s above", d.name, plural(len(rows), "problem"))
	}
	return fmt.Errorf("the deployment %s failed: %s above; what else it deployed stays", d.name, plural(len(rows), "problem"))
}

// printRefused prints an error of the API as JSON, {"error": …}, for programs.
func printRefused(w io.Writer, err error) error {
	var e *apiError
	if !errors.As(err, &e) {
		return err
	}
	encoder := json.NewEncoder(w)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(map[string]any{"error": e}); err != nil {
		return err
	}
	return exitError(exitFailed)
}
