package http

import (
	"strconv"
	"strings"
)

// byteRange is a part of a content: bytes start to end, of total (-1: unknown).
type byteRange struct{ start, end, total int64 }

// parseContentRange reads "bytes 0-1023/10100" or "bytes 0-1023/*" (RFC 9110 §14.4).
func parseContentRange(text string) (r byteRange, ok bool) {
	unit, rest, ok := strings.Cut(strings.TrimSpace(text), " ")
	if !ok || !strings.EqualFold(unit, "bytes") {
		return r, false
	}
	span, total, ok := strings.Cut(strings.TrimSpace(rest), "/")
	if !ok {
		return r, false
	}
	if r, ok = parseSpan(span); !ok {
		return r, false
	}
	if r.total = -1; total != "*" {
		n, ok := parseOffset(total)
		if !ok || n <= r.end {
			return r, false
		}
		r.total = n
	}
	return r, true
}

// parseRange reads "bytes=0-1023", as endpoints of chunked uploads confirm what they
// have (wdl-semantics §12.8).
func parseRange(text string) (r byteRange, ok bool) {
	unit, span, ok := strings.Cut(strings.TrimSpace(text), "=")
	if !ok || !strings.EqualFold(strings.TrimSpace(unit), "bytes") {
		return r, false
	}
	return parseSpan(span)
}

func parseSpan(text string) (r byteRange, ok bool) {
	first, last, ok := strings.Cut(strings.TrimSpace(text), "-")
	if !ok {
		return r, false
	}
	start, ok1 := parseOffset(first)
	end, ok2 := parseOffset(last)
	return byteRange{start: start, end: end, total: -1}, ok1 && ok2 && start <= end
}

func parseOffset(text string) (int64, bool) {
	n, err := strconv.ParseUint(strings.TrimSpace(text), 10, 62)
	return int64(n), err == nil
}
