package logic

import (
	"strconv"
	"strings"
	"time"

	"isle/internal/runner"
	"isle/internal/store"
)

// Where a page of histories ends is told by the place of its last entry, so that the
// next page goes on there whatever has come or gone meanwhile: "start.row", the start in
// nanoseconds, and an "h" before it for a history that has a row of its own.

func runToken(p store.Place) string {
	return strconv.FormatInt(p.Start.UnixNano(), 10) + "." + strconv.FormatInt(p.ID, 10)
}

// readPlace reads what runToken wrote; "" is before the first run.
func readPlace(token string) (store.Place, error) {
	if token == "" {
		return store.Place{}, nil
	}
	start, id, _ := strings.Cut(token, ".")
	at, err := strconv.ParseInt(start, 10, 64)
	n, err2 := strconv.ParseInt(id, 10, 64)
	if err != nil || err2 != nil || n < 1 {
		return store.Place{}, invalidSkipToken()
	}
	return store.Place{Start: time.Unix(0, at).UTC(), ID: n}, nil
}

func historyToken(p runner.HistoryPlace) string {
	if p.Row {
		return "h" + runToken(p.Place)
	}
	return runToken(p.Place)
}

func readHistoryPlace(token string) (runner.HistoryPlace, error) {
	rest, row := strings.CutPrefix(token, "h")
	p, err := readPlace(rest)
	return runner.HistoryPlace{Place: p, Row: row}, err
}
