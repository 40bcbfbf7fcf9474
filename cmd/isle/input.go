package main

import (
	"bytes"
	"io"
)

// maxInput bounds what a command reads from a pipe: an artifact's 8 MB and room.
const maxInput = 64 << 20

func readAll(r io.Reader) ([]byte, error) {
	return io.ReadAll(io.LimitReader(r, maxInput))
}

// trimBOM drops the byte order mark that Windows editors leave.
func trimBOM(content []byte) []byte {
	return bytes.TrimPrefix(content, []byte("\xef\xbb\xbf"))
}
