package expr

import (
	"archive/zip"
	"bytes"
	_ "embed"
	"io"
	"strings"
	"sync"
	"time"
)

// zoneArchive holds the compiled rules of the zones that windowsZones names, so
// that a conversion gives one result on every machine, whatever zone files that
// machine has. The test of this file rebuilds it (-update-zones) from the Go toolchain.
//
//go:embed zoneinfo.zip
var zoneArchive []byte

// timeZone is a Windows time zone. Its rules are read when first asked for.
type timeZone struct {
	id       string // in Windows' spelling
	location func() *time.Location
}

// timeZones returns the time zones by id in lower case.
var timeZones = sync.OnceValue(func() map[string]*timeZone {
	archive, err := zip.NewReader(bytes.NewReader(zoneArchive), int64(len(zoneArchive)))
	if err != nil {
		panic("expr: embedded zone archive: " + err.Error()) // a broken build; tests load every zone
	}
	files := make(map[string]*zip.File, len(archive.File))
	for _, f := range archive.File {
		files[f.Name] = f
	}
	ids := windowsZones()
	zones := make(map[string]*timeZone, len(ids))
	for id, iana := range ids {
		file := files[iana]
		zones[strings.ToLower(id)] = &timeZone{id: id, location: sync.OnceValue(func() *time.Location { return loadZone(id, file) })}
	}
	return zones
})

func loadZone(id string, file *zip.File) *time.Location {
	if id == "UTC" {
		return time.UTC
	}
	r, err := file.Open()
	if err != nil {
		panic("expr: embedded zone " + id + ": " + err.Error())
	}
	defer r.Close()
	data, err := io.ReadAll(r)
	if err != nil {
		panic("expr: embedded zone " + id + ": " + err.Error())
	}
	location, err := time.LoadLocationFromTZData(id, data)
	if err != nil {
		panic("expr: embedded zone " + id + ": " + err.Error())
	}
	return location
}

// findZone finds a zone by its Windows id, ignoring case as .NET does
// (wdl-semantics §6).
func findZone(id string) *timeZone {
	return timeZones()[strings.ToLower(id)]
}

// TimeZone returns the rules of the Windows time zone with that id, compared
// exactly, as recurrences require (wdl-semantics §6). The location's name is the id;
// that of "UTC" is [time.UTC].
func TimeZone(id string) (*time.Location, bool) {
	zone := findZone(id)
	if zone == nil || zone.id != id {
		return nil, false
	}
	return zone.location(), true
}

// offset returns what the wall clock of the zone is ahead of UTC at a moment, in
// ticks. Windows knows no local mean time, whose offsets have seconds: before there
// was a standard time, today's counts.
func (z *timeZone) offset(utc int64) int64 {
	_, seconds := ticksTime(utc).In(z.location()).Zone()
	if seconds%60 != 0 {
		seconds = z.standardOffset()
	}
	return int64(seconds) * ticksPerSecond
}

// standardOffset returns the offset of the zone outside summer time, in seconds.
func (z *timeZone) standardOffset() int {
	_, january := time.Date(2024, time.January, 1, 0, 0, 0, 0, z.location()).Zone()
	_, july := time.Date(2024, time.July, 1, 0, 0, 0, 0, z.location()).Zone()
	return min(january, july)
}

// fromUTC returns the wall clock of the zone at a moment; the calendar's first or last
// moment for one outside, as .NET does.
func (z *timeZone) fromUTC(utc int64) int64 {
	return withinCalendar(utc + z.offset(withinCalendar(utc)))
}

func withinCalendar(ticks int64) int64 { return min(max(ticks, 0), maxTicks) }

// toUTC returns the moment at which the wall clock of the zone shows wall. In the
// hour that a zone repeats in autumn it is the later moment, that of standard time;
// a time that a zone leaves out in spring has none. It may lie outside the calendar.
func (z *timeZone) toUTC(wall int64) (utc int64, ok bool) {
	// Offsets a day before and after enclose any transition that matters.
	before, after := z.offset(wall-ticksPerDay), z.offset(wall+ticksPerDay)
	least, most := min(before, after), max(before, after)
	for _, offset := range [2]int64{least, most} {
		if utc = wall - offset; z.offset(utc) == offset {
			return utc, true
		}
	}
	return 0, false
}
