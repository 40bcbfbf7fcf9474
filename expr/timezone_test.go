package expr

import (
	"archive/zip"
	"bytes"
	"compress/flate"
	"flag"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

var updateZones = flag.Bool("update-zones", false, "rebuild zoneinfo.zip from the Go toolchain")

// TestZoneArchive rebuilds the archive with -update-zones, and checks that it holds
// each zone once and no other.
func TestZoneArchive(t *testing.T) {
	wanted := slices.Sorted(maps.Values(windowsZones()))
	wanted = slices.Compact(wanted)
	if *updateZones {
		root, err := exec.Command("go", "env", "GOROOT").Output()
		if err != nil {
			t.Fatal(err)
		}
		buildZoneArchive(t, filepath.Join(strings.TrimSpace(string(root)), "lib", "time", "zoneinfo.zip"), wanted)
		t.Skip("rebuilt; run again")
	}
	archive, err := zip.NewReader(bytes.NewReader(zoneArchive), int64(len(zoneArchive)))
	if err != nil {
		t.Fatal(err)
	}
	var found []string
	for _, f := range archive.File {
		found = append(found, f.Name)
	}
	if !slices.Equal(found, wanted) {
		t.Errorf("zoneinfo.zip holds %d zones, windowsZones names %d; run go test -run TestZoneArchive -update-zones", len(found), len(wanted))
	}
}

func buildZoneArchive(t *testing.T, source string, names []string) {
	t.Helper()
	all, err := zip.OpenReader(source)
	if err != nil {
		t.Fatal(err)
	}
	defer all.Close()
	var out bytes.Buffer
	w := zip.NewWriter(&out)
	w.RegisterCompressor(zip.Deflate, func(o io.Writer) (io.WriteCloser, error) { return flate.NewWriter(o, flate.BestCompression) })
	for _, name := range names {
		r, err := all.Open(name)
		if err != nil {
			t.Fatal(err)
		}
		entry, err := w.CreateHeader(&zip.FileHeader{Name: name, Method: zip.Deflate})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.Copy(entry, r); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile("zoneinfo.zip", out.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
}

func TestEveryZoneLoads(t *testing.T) {
	if n := len(windowsZones()); n != 141 {
		t.Errorf("%d zones, want 141", n)
	}
	for id := range windowsZones() {
		location, ok := TimeZone(id)
		if !ok || location == nil {
			t.Errorf("%s does not load", id)
		}
		if findZone(strings.ToUpper(id)) == nil {
			t.Errorf("%s is not found in upper case", id)
		}
	}
	if _, ok := TimeZone("pacific standard time"); ok {
		t.Error("TimeZone must compare exactly")
	}
	if _, ok := TimeZone("Europe/Berlin"); ok {
		t.Error("IANA names are not Windows ids")
	}
}

func wall(t *testing.T, s string) int64 {
	t.Helper()
	d, ok := parseISO(s)
	if !ok {
		t.Fatalf("%s does not parse", s)
	}
	return d.ticks
}

func TestGapsAndRepeatedHours(t *testing.T) {
	berlin := findZone("W. Europe Standard Time")
	if _, ok := berlin.toUTC(wall(t, "2024-03-31T02:30:00")); ok {
		t.Error("2024-03-31T02:30 does not exist in Berlin")
	}
	for local, want := range map[string]string{
		"2024-03-31T01:59:59": "2024-03-31T00:59:59",
		"2024-03-31T03:00:00": "2024-03-31T01:00:00",
		"2024-10-27T02:30:00": "2024-10-27T01:30:00", // twice; standard time counts
		"2024-10-27T01:59:59": "2024-10-26T23:59:59",
		"2024-10-27T03:00:00": "2024-10-27T02:00:00",
	} {
		if got, ok := berlin.toUTC(wall(t, local)); !ok || got != wall(t, want) {
			t.Errorf("Berlin %s: %v %v, want %s", local, ticksTime(got), ok, want)
		}
	}
	if utc, ok := berlin.toUTC(0); !ok || utc != -ticksPerHour {
		t.Errorf("the first moment of the calendar in Berlin is %d", utc)
	}
}

// Away from the hours that a zone repeats or leaves out, both directions agree.
func TestZoneConversionsAreInverse(t *testing.T) {
	ids := slices.Sorted(maps.Keys(windowsZones()))
	rapid.Check(t, func(t *rapid.T) {
		zone := findZone(rapid.SampledFrom(ids).Draw(t, "zone"))
		utc := rapid.Int64Range(unixTicks, unixTicks+100*366*ticksPerDay).Draw(t, "utc")
		local := zone.fromUTC(utc)
		back, ok := zone.toUTC(local)
		if !ok {
			t.Fatalf("%s: the wall clock shows %v, which has no moment", zone.id, ticksTime(local))
		}
		if back != utc && (back < utc || back-utc > 26*ticksPerHour || zone.offset(back) >= zone.offset(utc)) {
			t.Fatalf("%s: %v came back as %v", zone.id, ticksTime(utc), ticksTime(back))
		}
	})
}

func TestUTCIsUTC(t *testing.T) {
	if location, _ := TimeZone("UTC"); location != time.UTC {
		t.Error("UTC must be time.UTC")
	}
}

// Before standard time Windows has no other; IANA has local mean time.
func TestEarlyYearsHaveStandardTime(t *testing.T) {
	for id, want := range map[string]string{
		"W. Europe Standard Time": "0001-01-02T01:00:00", "Eastern Standard Time": "0001-01-01T19:00:00", "India Standard Time": "0001-01-02T05:30:00", "Nepal Standard Time": "0001-01-02T05:45:00",
	} {
		zone := findZone(id)
		local := zone.fromUTC(wall(t, "0001-01-02T00:00:00"))
		if local != wall(t, want) {
			t.Errorf("%s: %v, want %s", id, ticksTime(local), want)
		}
		if back, ok := zone.toUTC(local); !ok || back != wall(t, "0001-01-02T00:00:00") {
			t.Errorf("%s: came back as %v", id, ticksTime(back))
		}
	}
	for id := range windowsZones() {
		if findZone(id).offset(0)%ticksPerMinute != 0 {
			t.Errorf("%s has seconds in year 1", id)
		}
	}
}
