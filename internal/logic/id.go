package logic

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math"
	"regexp"
	"time"
)

// Sequence ids count time backwards, so that the newest sorts first: twenty
// digits of the greatest int64 minus the ticks (100 ns since the year 1) of the
// moment (logic-api §1.6).

// epochTicks is the number of ticks from the year 1 to 1970.
const epochTicks = 621355968000000000

// sequenceID is the sequence id of a moment.
func sequenceID(at time.Time) string {
	ticks := epochTicks + at.Unix()*1e7 + int64(at.Nanosecond())/100
	return fmt.Sprintf("%020d", math.MaxInt64-ticks)
}

// sequenceBefore is the greatest sequence id that is smaller than that of the
// moment and than last: versions of one workflow never share an id, even when
// the clock stands still or goes back.
func sequenceBefore(last string, at time.Time) string {
	id := sequenceID(at)
	if last == "" || id < last {
		return id
	}
	var n int64
	if _, err := fmt.Sscanf(last, "%d", &n); err != nil || n < 1 {
		return id
	}
	return fmt.Sprintf("%020d", n-1)
}

// operationID names a long-running operation the way the service does (§1.5).
func operationID(operation, sequence string) string {
	text, err := json.Marshal(struct {
		Operation string `json:"flowOperation"`
		Sequence  string `json:"operationSequenceId"`
	}{operation, sequence})
	if err != nil {
		panic(err) // two strings always encode
	}
	return base64.StdEncoding.EncodeToString(text)
}

var flowIDPattern = regexp.MustCompile(`^[0-9a-f]{32}$`)

// timestamp is the wire form of a moment: UTC, up to seven fraction digits
// without trailing zeros (§1.2).
func timestamp(t time.Time) string {
	return t.UTC().Truncate(100).Format("2006-01-02T15:04:05.9999999Z")
}
