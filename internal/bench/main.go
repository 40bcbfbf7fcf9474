// Command bench measures a server from outside, as BENCHMARKS.md shows it: the built
// binary is started on an empty folder for each section and loaded over HTTPS, with
// durable runs, client and server on one machine. -only names sections, -short is for a
// look.
package main

import (
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"
)

// options are what every section goes by.
type options struct {
	binary string
	span   time.Duration // how long each load lasts
	short  bool          // smaller sizes, to see whether it works
	soak   time.Duration // how long the mixed load lasts
	peers  string        // folder of other systems' results; "": none
}

// size is n, or a tenth of it for a short look.
func (o options) size(n int) int {
	if o.short {
		return n / 10
	}
	return n
}

// section measures one thing on a fresh server and prints a table.
type section struct {
	name    string
	measure func(options) error
}

func sections() []section {
	return []section{
		{"requests", measureRequests},
		{"calls", measureCalls},
		{"foreach", measureForeach},
		{"content", measureContent},
		{"recurrences", measureRecurrences},
		{"tests", measureTests},
		{"deployment", measureDeployment},
		{"waiting", measureWaiting},
		{"soak", measureSoak},
		{"overload", measureOverload},
		{"peers", measurePeers},
	}
}

func main() {
	var o options
	flag.StringVar(&o.binary, "binary", "bin/isle", "the server to measure")
	flag.DurationVar(&o.span, "for", 5*time.Second, "how long each load lasts")
	flag.DurationVar(&o.soak, "soak", time.Minute, "how long the mixed load of the section soak lasts; 10m shows what grows")
	flag.StringVar(&o.peers, "peers", "", "a folder of other systems' results, for the section peers: lines of peer, metric and value")
	flag.BoolVar(&o.short, "short", false, "a tenth of the sizes")
	only := flag.String("only", "", "the sections to measure, with commas: "+names())
	flag.Parse()
	if err := run(o, *only); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func names() string {
	var all []string
	for _, s := range sections() {
		all = append(all, s.name)
	}
	return strings.Join(all, ", ")
}

func run(o options, only string) error {
	wanted := strings.FieldsFunc(only, func(c rune) bool { return c == ',' || c == ' ' })
	for _, name := range wanted {
		if !slices.ContainsFunc(sections(), func(s section) bool { return s.name == name }) {
			return fmt.Errorf("there is no section %q: there are %s", name, names())
		}
	}
	for _, s := range sections() {
		if len(wanted) > 0 && !slices.Contains(wanted, s.name) {
			continue
		}
		if err := s.measure(o); err != nil {
			return fmt.Errorf("%s: %w", s.name, err)
		}
		fmt.Println()
	}
	return nil
}
